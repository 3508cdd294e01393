"""A thread is sent away by whatever cancels the task that waits for it."""

from __future__ import annotations

import anyio
import pytest
from anyio.lowlevel import checkpoint
from anyio.to_thread import run_sync

from flowws import Channel, FlowTimeoutError, coroutine_scope, non_cancellable, with_timeout
from flowws.channels import _threads
from tests.channels.threads import parked


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads knock at once, so that no test has to wait for it."""
    monkeypatch.setattr(_threads, "_KNOCK_EVERY", 0.01)


async def test_the_deadline_of_with_timeout_reaches_the_thread() -> None:
    lost: list[int] = []
    channel = Channel[int](on_undelivered_element=lost.append)
    with pytest.raises(FlowTimeoutError):
        await with_timeout(0.05, run_sync, channel.send_from_thread, 1)
    assert (lost, channel.is_empty) == ([1], True)


async def test_so_does_a_cancel_scope() -> None:
    lost: list[int] = []
    channel = Channel[int](on_undelivered_element=lost.append)
    with anyio.move_on_after(0.05) as scope:
        await run_sync(channel.send_from_thread, 1)
    assert scope.cancelled_caught
    assert (lost, channel.is_empty) == ([1], True)


async def test_what_is_not_cancellable_goes_on_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    channel, looks = Channel[int](), list[None]()
    look = _threads._leave_if_cancelled

    def looking() -> None:
        look()
        looks.append(None)

    monkeypatch.setattr(_threads, "_leave_if_cancelled", looking)

    async def work() -> None:
        with non_cancellable():
            await run_sync(channel.send_from_thread, 1)

    async with coroutine_scope() as scope:
        job = scope.launch(work)
        await parked(channel)
        job.cancel()
        before = len(looks)
        while len(looks) < before + 2:  # the thread has looked since, and has stayed
            await checkpoint()
        assert await channel.receive() == 1

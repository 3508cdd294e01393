"""What serves jobs at the end of a run of trio: timers and the watch of sockets go on until the last job is over."""

from __future__ import annotations

import socket
import sys
from collections.abc import Awaitable, Callable
from functools import partial

import anyio
import pytest
import trio

from flowws import CoroutineScope
from flowws._core import Waiter, call_later, new_waiter, when_readable
from flowws.testing import virtual_time
from tests.core.observing import turns


def run_to_its_end(clean_up: Callable[[], Awaitable[None]], *, virtual: bool = False) -> None:
    """A run whose main task ends while a job is open, which then awaits `clean_up`, shielded."""

    async def job() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True), anyio.fail_after(3600 if virtual else 10):
                await clean_up()

    async def main() -> None:
        CoroutineScope("plain").launch(job)
        await turns()

    backend, options = virtual_time("trio") if virtual else ("trio", {})
    anyio.run(main, backend=backend, backend_options=options)


def test_a_timer_of_before_makes_its_call() -> None:
    called: list[str] = []

    async def main() -> None:
        over: Waiter[None] = new_waiter()
        call_later(20.0, lambda: called.append("too late"))
        call_later(10.0, lambda: over.set_result(None))

        async def job() -> None:
            try:
                await anyio.sleep_forever()
            finally:
                with anyio.CancelScope(shield=True):
                    await over
                called.append("in time")

        CoroutineScope("plain").launch(job)
        await turns()

    backend, options = virtual_time("trio")
    anyio.run(main, backend=backend, backend_options=options)
    assert called == ["in time"]


def test_timers_of_the_end_itself() -> None:
    called: list[float] = []

    async def clean_up() -> None:
        start = trio.current_time()
        for _ in range(2):  # the second one comes when all that the first needed is gone
            over: Waiter[None] = new_waiter()
            cancelled = call_later(5.0, lambda: called.append(-1.0))
            call_later(10.0, partial(over.set_result, None))
            await turns()
            cancelled.cancel()
            await over
            called.append(trio.current_time() - start)

    run_to_its_end(clean_up, virtual=True)
    assert called == pytest.approx([10.0, 20.0])


def test_jobs_of_the_end_itself_are_waited_for() -> None:
    log: list[str] = []

    async def heir() -> None:
        over: Waiter[None] = new_waiter()
        call_later(1.0, lambda: over.set_result(None))
        with anyio.CancelScope(shield=True):
            await over
        log.append("the heir")

    async def clean_up() -> None:
        over: Waiter[None] = new_waiter()
        call_later(1.0, lambda: over.set_result(None))
        await over
        CoroutineScope("its own").launch(heir)
        log.append("the job")

    run_to_its_end(clean_up, virtual=True)
    assert log == ["the job", "the heir"]


def test_with_no_job_left_nobody_waits_for_a_timer() -> None:
    async def main() -> None:
        for _ in range(3):
            call_later(1e6, list)
        await turns()

    anyio.run(main, backend="trio")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each watch has a task, which is over by then")
def test_sockets_are_watched(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    heard: list[bytes] = []

    async def clean_up() -> None:
        for _ in range(2):
            over: Waiter[None] = new_waiter()
            watch = when_readable(ours, partial(over.set_result, None))
            theirs.send(b"bye")
            await over
            heard.append(ours.recv(10))
            watch.cancel()
            await turns()

    run_to_its_end(clean_up)
    assert heard == [b"bye", b"bye"]


@pytest.mark.skipif(sys.platform != "linux", reason="as above")
def test_sockets_that_were_watched_before_are_watched_on(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    heard: list[bytes] = []

    async def main() -> None:
        over: Waiter[None] = new_waiter()
        when_readable(ours, lambda: None if over.done() else over.set_result(None))  # to the very end

        async def job() -> None:
            try:
                await anyio.sleep_forever()
            finally:
                theirs.send(b"bye")
                with anyio.CancelScope(shield=True):
                    await over
                heard.append(ours.recv(10))

        CoroutineScope("plain").launch(job)
        await turns()

    anyio.run(main, backend="trio")
    assert heard == [b"bye"]

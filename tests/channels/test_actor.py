"""`scope.actor`: a job with a mailbox. Facts K70 and K71."""

# ruff: noqa: PT012  # a scope raises at its end, so all of it stands inside `raises`

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest

from flowws import (
    ActorScope,
    CancellationError,
    Channel,
    ClosedSendChannelError,
    CoroutineStart,
    ReceiveChannel,
    SendChannel,
    coroutine_scope,
    select,
    supervisor_scope,
)
from tests.core.observing import reported, turns

LAZY = CoroutineStart.LAZY


class Log:
    """An actor that writes down what it gets."""

    def __init__(self) -> None:
        self.entries: list[object] = []

    async def __call__(self, actor: ActorScope[int]) -> None:
        self.entries.append("begun")
        try:
            async for number in actor:
                self.entries.append(number)
        finally:
            self.entries.append("ended")


async def test_k70_close_lets_the_mailbox_drain() -> None:
    log = Log()
    async with coroutine_scope() as scope:
        mailbox = scope.actor(log, 10)
        for number in (1, 2, 3):
            await mailbox.send(number)
        mailbox.close()
    assert log.entries == ["begun", 1, 2, 3, "ended"]


async def test_k70_close_with_a_cause_raises_it_after_draining() -> None:
    cause = ValueError("cause")
    log = Log()
    with pytest.raises(ValueError, match="cause") as caught:
        async with coroutine_scope() as scope:
            mailbox = scope.actor(log, 10)
            await mailbox.send(1)
            mailbox.close(cause)
    assert caught.value is cause
    assert log.entries == ["begun", 1, "ended"]


async def test_k70_the_channel_closes_when_the_body_returns() -> None:
    async def one(actor: ActorScope[int]) -> None:
        await actor.receive()

    async with coroutine_scope() as scope:
        mailbox = scope.actor(one)
        await mailbox.send(1)
        await turns()
        assert mailbox.is_closed_for_send
        with pytest.raises(CancellationError, match="has ended"):
            await mailbox.send(2)
        assert scope.is_active


USES: dict[str, Callable[[SendChannel[int]], object]] = {
    "try_send": lambda mailbox: mailbox.try_send(1),
    "close": lambda mailbox: mailbox.close(),
}


@pytest.mark.parametrize("use", USES)
async def test_k70_a_lazy_actor_starts_on_the_first_try_send_or_close(use: str) -> None:
    log = Log()
    async with coroutine_scope() as scope:
        mailbox = scope.actor(log, start=LAZY)
        await turns()
        assert log.entries == []
        USES[use](mailbox)
        await turns()
        assert log.entries[0] == "begun"
        mailbox.close()


@pytest.mark.parametrize("capacity", [0, 1, Channel.UNLIMITED])
async def test_k70_a_lazy_actor_starts_on_the_first_send(capacity: int) -> None:
    log = Log()
    async with coroutine_scope() as scope:
        mailbox = scope.actor(log, capacity, start=LAZY)
        await turns()
        assert log.entries == []
        await mailbox.send(1)
        await turns()
        assert log.entries == ["begun", 1]
        mailbox.close()


async def test_k70_a_lazy_actor_starts_when_a_select_wants_to_send() -> None:
    log = Log()
    async with coroutine_scope() as scope:
        mailbox = scope.actor(log, start=LAZY)
        await select(mailbox.on_send(1, lambda _: None))
        mailbox.close()
    assert log.entries == ["begun", 1, "ended"]


async def test_k70_a_lazy_actor_that_is_cancelled_before_its_start_refuses() -> None:
    log = Log()
    async with coroutine_scope() as scope:
        mailbox = scope.actor(log, 1, start=LAZY)
        scope.job.cancel_children()
        with pytest.raises(CancellationError):
            await mailbox.send(1)
        assert not mailbox.close()
    assert log.entries == []


async def test_k71_a_failure_that_no_parent_takes_goes_to_the_handler() -> None:
    told: list[BaseException] = []
    failure = ValueError("of the actor")

    async def bad(actor: ActorScope[int]) -> None:
        await actor.receive()
        raise failure

    async with supervisor_scope(exception_handler=lambda _, error: told.append(error)) as scope:
        mailbox = scope.actor(bad)
        await mailbox.send(1)
    assert told == [failure]
    with pytest.raises(CancellationError, match="failed") as caught:
        await mailbox.send(2)
    assert caught.value.__cause__ is failure


async def test_k71_a_failure_cancels_the_parent_that_takes_it() -> None:
    async def bad(actor: ActorScope[int]) -> None:
        raise ValueError("of the actor")

    with pytest.raises(ValueError, match="of the actor"):
        async with coroutine_scope() as scope:
            scope.actor(bad)


@pytest.mark.parametrize("how", ["scope", "actor"])
async def test_k71_cancelling_drops_what_is_in_the_mailbox_and_later_sends_raise(how: str) -> None:
    lost: list[int] = []
    actors: list[ActorScope[int]] = []

    async def busy(actor: ActorScope[int]) -> None:
        actors.append(actor)
        await anyio.sleep_forever()

    async with coroutine_scope() as scope:
        mailbox = scope.actor(busy, 2, on_undelivered_element=lost.append)
        sender = scope.launch(mailbox.send, 0)
        await turns()
        mailbox.try_send(1)
        waiting = scope.launch(mailbox.send, 2)
        await turns()
        if how == "scope":
            scope.job.cancel_children(CancellationError("enough"))
        else:
            actors[0].cancel(CancellationError("enough"))
        assert mailbox.is_closed_for_send  # at once, while the actor still has to clean up
        await waiting.join()
        await sender.join()
        assert waiting.is_cancelled
        with pytest.raises(CancellationError, match="enough"):
            await mailbox.send(3)
    assert lost == [2, 1, 0, 3]


async def test_k71_a_hook_that_raises_is_reported_and_the_actor_ends() -> None:
    def bad(element: int) -> None:
        raise KeyError(element)

    with reported() as errors:
        async with coroutine_scope() as scope:
            mailbox = scope.actor(Log(), 1, on_undelivered_element=bad)
            mailbox.try_send(1)
            scope.cancel()
    assert [type(error) for error in errors] == [KeyError]


async def test_after_close_a_send_is_refused_as_on_any_channel() -> None:
    async with coroutine_scope() as scope:
        mailbox = scope.actor(Log(), 1)
        mailbox.try_send(1)
        mailbox.close()
        with pytest.raises(ClosedSendChannelError):
            await mailbox.send(2)


async def test_it_is_a_scope_and_a_receiving_end() -> None:
    got: list[object] = []

    async def body(actor: ActorScope[int]) -> None:
        assert isinstance(actor, ReceiveChannel)
        assert not actor.is_empty
        got.append(await actor.receive())
        got.append((await actor.receive_catching()).get_or_raise())
        got.append(actor.try_receive().get_or_raise())
        got.append(await select(actor.on_receive(lambda number: number)))
        got.append((await select(actor.on_receive_catching())).get_or_raise())
        got.append(await actor.channel.receive())
        await actor.launch(actor.receive).join()
        assert actor.is_empty
        assert not actor.is_closed_for_receive
        assert [number async for number in actor] == []
        assert actor.is_closed_for_receive

    async with coroutine_scope() as scope:
        mailbox = scope.actor(body, 10)
        for number in range(7):
            await mailbox.send(number)
        await turns()
        mailbox.close()
    assert got == [0, 1, 2, 3, 4, 5]


async def test_a_start_that_is_none_is_refused() -> None:
    async with coroutine_scope() as scope:
        with pytest.raises(TypeError, match="CoroutineStart"):
            scope.actor(Log(), start="lazy")  # type: ignore[arg-type]  # the mistake under test
        assert list(scope.job.children) == []

"""`select` over channels. Facts of section L by number."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from flowws import (
    Channel,
    ChannelResult,
    ClosedReceiveChannelError,
    ClosedSendChannelError,
    IllegalStateError,
    SelectClause,
    coroutine_scope,
    on_timeout,
    select,
    select_unbiased,
    while_select,
    yield_now,
)
from tests.core.observing import turns


def parked(channel: Channel[Any]) -> tuple[int, int]:
    """How many places are taken in the queues of the senders and the receivers."""
    return len(channel._senders), len(channel._receivers)


async def test_k255_only_the_chosen_clause_touches_its_channel() -> None:
    a, b, c = Channel[int](1), Channel[int](1), Channel[int](1)
    b.try_send(1)
    c.try_send(2)
    assert await select(a.on_receive(), b.on_receive(), c.on_send(3)) == 1
    assert (a.try_receive().is_failure, b.try_receive().is_failure) == (True, True)
    assert c.try_receive() == ChannelResult.success(2)
    assert c.try_receive().is_failure


@pytest.mark.parametrize("losing", ["send", "receive", "receive_catching"])
async def test_k255_a_thousand_losing_clauses_leave_nothing_registered(losing: str) -> None:
    idle, ready = Channel[int](), Channel[int]()

    def loser() -> SelectClause[object]:
        if losing == "send":
            return idle.on_send(1)
        return idle.on_receive() if losing == "receive" else idle.on_receive_catching()

    async with coroutine_scope() as scope:

        async def feed() -> None:
            for n in range(1000):
                await ready.send(n)

        scope.launch(feed)
        won = [await select(loser(), ready.on_receive()) for _ in range(1000)]
    assert won == list(range(1000))
    assert parked(idle) == parked(ready) == (0, 0)


async def test_k256_of_several_ready_clauses_the_first_listed_wins() -> None:
    a, b = Channel[str](Channel.UNLIMITED), Channel[str](Channel.UNLIMITED)
    for _ in range(10_000):
        a.try_send("a")
        b.try_send("b")
    assert Counter([await select(a.on_receive(), b.on_receive()) for _ in range(10_000)]) == {"a": 10_000}


async def test_k256_select_unbiased_gives_each_its_share() -> None:
    a, b = Channel[str](Channel.UNLIMITED), Channel[str](Channel.UNLIMITED)
    for _ in range(1000):
        a.try_send("a")
        b.try_send("b")
    won = Counter([await select_unbiased(a.on_receive(), b.on_receive()) for _ in range(1000)])
    assert min(won["a"], won["b"]) >= 250


async def test_k257_when_nothing_is_ready_the_first_event_wins() -> None:
    a, b = Channel[int](), Channel[str]()
    async with coroutine_scope() as scope:
        job = scope.async_(lambda: select(a.on_receive(), b.on_receive()))
        await turns()
        assert b.try_send("first").is_success
        assert a.try_send(2).is_failure  # the select is no longer there to receive
        a.close()  # of a channel that lost
        assert await job == "first"


async def test_k257_two_events_in_one_turn_are_both_kept() -> None:
    a, b = Channel[int](1), Channel[str](1)
    async with coroutine_scope() as scope:
        job = scope.async_(lambda: select(a.on_receive(), b.on_receive()))
        await turns()
        b.try_send("first")
        a.try_send(2)
        assert await job == "first"
    assert a.try_receive() == ChannelResult.success(2)


async def test_k258_the_handler_runs_afterwards_and_may_wait() -> None:
    a, b, answer = Channel[int](), Channel[int](), Channel[str]()

    async def handler(n: int) -> str:
        assert parked(a) == parked(b) == (0, 0)
        return f"{n}, then {await answer.receive()}"

    async with coroutine_scope() as scope:
        job = scope.async_(lambda: select(a.on_receive(handler), b.on_receive(str)))
        await a.send(1)
        await turns()
        assert not job.is_completed
        await answer.send("two")
        assert await job == "1, then two"


async def test_k258_what_the_handler_raises_is_raised_by_select() -> None:
    channel = Channel[str](1)
    channel.try_send("x")
    with pytest.raises(ValueError, match="invalid literal"):
        await select(channel.on_receive(int))
    assert channel.is_empty


async def test_k258_an_element_that_can_be_awaited_is_left_alone_without_a_handler() -> None:
    channel = Channel[Any](1)
    coroutine = yield_now()
    channel.try_send(coroutine)
    assert await select(channel.on_receive()) is coroutine
    await coroutine


async def test_the_handler_of_on_send_gets_the_channel() -> None:
    channel = Channel[int](2)
    assert await select(channel.on_send(1, lambda it: it is channel)) is True
    assert await select(channel.on_send(2)) is channel
    channel.close()
    assert await channel.to_list() == [1, 2]


async def test_k259_on_receive_of_a_closed_channel_makes_the_select_raise() -> None:
    open_, closed, failed = Channel[int](), Channel[int](), Channel[int]()
    closed.close()
    cause = ValueError("no more")
    failed.close(cause)
    with pytest.raises(ClosedReceiveChannelError):
        await select(closed.on_receive(), open_.on_receive())
    with pytest.raises(ValueError, match="no more") as raised:
        await select(open_.on_receive(), failed.on_receive())
    assert raised.value is cause
    assert parked(open_) == (0, 0)


@pytest.mark.parametrize("cause", [None, ValueError("no more")])
async def test_k259_closing_while_the_select_waits_makes_it_raise(cause: Exception | None) -> None:
    other, closing = Channel[int](), Channel[int]()
    async with coroutine_scope() as scope:

        async def wait() -> None:
            with pytest.raises(ValueError if cause else ClosedReceiveChannelError):
                await select(other.on_receive(), closing.on_receive())

        job = scope.launch(wait)
        await turns()
        closing.close(cause)
        await job.join()
    assert parked(other) == (0, 0)


async def test_k259_on_receive_catching_selects_the_end() -> None:
    channel, other = Channel[int](1), Channel[int]()
    cause = ValueError("no more")
    channel.try_send(1)
    assert await select(channel.on_receive_catching()) == ChannelResult.success(1)
    async with coroutine_scope() as scope:
        job = scope.async_(lambda: select(channel.on_receive_catching(), other.on_receive()))
        await turns()
        channel.close(cause)
        assert await job == ChannelResult.closed(cause)
    assert await select(other.on_receive(), channel.on_receive_catching(lambda end: end.is_closed)) is True


async def test_k260_on_send_to_a_closed_channel_makes_the_select_raise() -> None:
    lost: list[int] = []
    channel, other = Channel[int](on_undelivered_element=lost.append), Channel[int]()
    channel.close()
    with pytest.raises(ClosedSendChannelError):
        await select(channel.on_send(1), other.on_receive())
    assert lost == [1]  # as with `send`


async def test_k260_a_send_that_waited_before_the_close_is_unaffected() -> None:
    channel = Channel[int]()
    async with coroutine_scope() as scope:
        job = scope.async_(lambda: select(channel.on_send(1, lambda _: "sent"), Channel[int]().on_receive()))
        await turns()
        channel.close()
        assert await channel.receive() == 1
        assert await job == "sent"
    assert channel.is_closed_for_receive


async def test_cancelling_a_channel_raises_in_the_select_that_sends_to_it() -> None:
    lost: list[int] = []
    channel = Channel[int](on_undelivered_element=lost.append)
    other = Channel[int](on_undelivered_element=lost.append)
    async with coroutine_scope() as scope:

        async def wait() -> None:
            with pytest.raises(Exception, match="the channel was cancelled"):
                await select(channel.on_send(1), other.on_send(2))

        job = scope.launch(wait)
        await turns()
        channel.cancel()
        await job.join()
    assert lost == [1, 2]
    assert parked(other) == (0, 0)


@pytest.mark.parametrize("order", ["send first", "receive first"])
async def test_k264_one_channel_in_two_clauses_is_refused(order: str) -> None:
    lost: list[int] = []
    channel = Channel[int](1, on_undelivered_element=lost.append)
    clauses: list[SelectClause[object]] = [channel.on_send(1), channel.on_receive()]
    with pytest.raises(IllegalStateError, match="same object"):
        await select(*(clauses if order == "send first" else reversed(clauses)))
    assert (lost, parked(channel)) == ([], (0, 0))
    await channel.send(2)
    assert await channel.receive() == 2


async def test_k265_a_select_that_is_satisfied_at_once_gives_nobody_a_turn() -> None:
    ran: list[str] = []

    async def other() -> None:
        ran.append("other")

    channel = Channel[int](1)
    async with coroutine_scope() as scope:
        scope.launch(other)
        await select(channel.on_send(1))
        await select(channel.on_receive())
        await select_unbiased(channel.on_receive_catching(), on_timeout(0))
        assert ran == []


async def test_two_selects_meet() -> None:
    a, b = Channel[str](), Channel[str]()
    async with coroutine_scope() as scope:
        job = scope.async_(lambda: select(a.on_send("ping", lambda _: "sent"), b.on_receive()))
        await turns()
        assert await select(b.on_send("pong"), a.on_receive()) is b
        assert await job == "pong"
    assert parked(a) == parked(b) == (0, 0)


async def test_a_select_stands_in_line_with_plain_receivers() -> None:
    channel, other = Channel[int](), Channel[int]()
    async with coroutine_scope() as scope:
        first = scope.async_(channel.receive)
        await turns()
        second = scope.async_(lambda: select(other.on_receive(), channel.on_receive()))
        await turns()
        third = scope.async_(channel.receive)
        await turns()
        for n in (1, 2, 3):
            assert channel.try_send(n).is_success
        assert [await first, await second, await third] == [1, 2, 3]


async def test_a_select_that_has_already_won_elsewhere_is_passed_over() -> None:
    a, b = Channel[int](), Channel[int]()
    async with coroutine_scope() as scope:
        selecting = scope.async_(lambda: select(a.on_receive(), b.on_receive()))
        await turns()
        plain = scope.async_(b.receive)
        await turns()
        assert a.try_send(1).is_success
        assert b.try_send(2).is_success  # the select stands before the plain receiver, but is done
        assert [await selecting, await plain] == [1, 2]


async def test_a_clause_may_be_used_again() -> None:
    channel = Channel[int](2)
    send, receive = channel.on_send(1), channel.on_receive()
    await select(send)
    await select(send)
    assert [await select(receive), await select(receive)] == [1, 1]


@pytest.mark.parametrize("kind", ["ready", "default"])
async def test_a_loop_of_ready_selects_does_not_starve_the_others(kind: str) -> None:
    a, b = Channel[int](Channel.CONFLATED), Channel[int](Channel.CONFLATED)
    served = 0
    longest = 0
    async with coroutine_scope() as scope:

        async def other() -> None:
            nonlocal served
            while True:
                served = 0
                await yield_now()

        job = scope.launch(other)
        for n in range(2000):
            if kind == "ready":
                await select(*((a.on_send(n), b.on_receive()) if n % 2 else (b.on_receive(), a.on_send(n))))
            else:
                await select(b.on_receive(), on_timeout(0))
            served += 1
            longest = max(longest, served)
        job.cancel()
    assert longest <= 256  # 128, and on trio, whose order within a round is random, two rounds


async def test_k268_while_select_repeats_until_false_and_asks_for_the_clauses_each_time() -> None:
    numbers, words = Channel[int](3), Channel[str](3)
    got: list[object] = []
    rounds: list[int] = []

    def on_number(n: int) -> bool:
        got.append(n)
        return True

    def next_number() -> SelectClause[bool]:
        rounds.append(len(got))
        return numbers.on_receive(on_number)

    async def stop(word: str) -> bool:
        got.append(word)
        await yield_now()
        return False

    for n in (1, 2, 3):
        numbers.try_send(n)
    words.try_send("stop")
    await while_select(next_number, lambda: words.on_receive(stop))
    assert got == [1, 2, 3, "stop"]
    assert rounds == [0, 1, 2, 3]


async def test_bad_arguments_are_refused_at_the_door() -> None:
    channel = Channel[int](1)
    with pytest.raises(ValueError, match="at least one clause"):
        await select()
    with pytest.raises(TypeError, match=r"such as channel.on_receive\(handler\), not \(<built-in"):
        await select(print)  # type: ignore[call-overload]  # what it refuses
    with pytest.raises(TypeError, match="a handler must be a function, sync or async, not 3"):
        channel.on_receive(3)  # type: ignore[call-overload]  # what it refuses
    with pytest.raises(TypeError, match="functions that make clauses"):
        await while_select(channel.on_receive(bool))  # type: ignore[arg-type]  # what it refuses


def test_a_clause_and_its_repr() -> None:
    assert repr(Channel[int]().on_receive()).startswith("<ReceiveClause of <Channel open")
    assert repr(on_timeout(2)) == "<on_timeout of 2.0 s>"

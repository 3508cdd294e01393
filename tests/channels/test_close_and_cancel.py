"""The two ways in which a channel ends, its flags and its close handler. Facts K15 to K29, K40 to K43."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import pytest

from flowws import (
    CancellationError,
    Channel,
    ChannelResult,
    ClosedReceiveChannelError,
    ClosedSendChannelError,
    CoroutineScope,
    IllegalStateError,
    NoSuchElementError,
    coroutine_scope,
)
from tests.core.observing import turns

Ending = Callable[[Channel[int]], object]


def ends() -> list[Ending]:
    return [Channel.close, lambda channel: channel.close(ValueError()), Channel.cancel]


async def outcome(scope: CoroutineScope, channel: Channel[int], into: list[object]) -> None:
    """Receive one, and write down what came of it."""

    async def receive() -> None:
        try:
            into.append(await channel.receive())
        except Exception as error:  # noqa: BLE001  # whatever comes is the outcome
            into.append(error)

    scope.launch(receive)
    await turns()


# --------------------------------------------------------------------------------------------------------------- close


async def test_k15_close_is_true_once_and_the_first_cause_wins() -> None:
    first = ValueError("first")
    channel = Channel[int]()
    assert channel.close(first)
    assert not channel.close(KeyError("later"))
    assert not channel.close()
    with pytest.raises(ValueError, match="first") as caught:
        await channel.receive()
    assert caught.value is first
    cancelled = Channel[int]()
    cancelled.cancel()
    assert not cancelled.close()


async def test_k16_elements_and_parked_sends_survive_close_and_only_new_sends_fail() -> None:
    channel = Channel[int](1)
    sent: list[int] = []

    async def send(number: int) -> None:
        await channel.send(number)
        sent.append(number)

    async with coroutine_scope() as scope:
        for number in (1, 2, 3):
            scope.launch(send, number)
            await turns()
        channel.close()
        await turns()
        assert sent == [1]
        with pytest.raises(ClosedSendChannelError):
            await channel.send(4)
        assert await channel.to_list() == [1, 2, 3]
    assert sorted(sent) == [1, 2, 3]


async def test_k17_receive_drains_and_then_raises_the_very_cause() -> None:
    cause = ValueError("cause")
    channel = Channel[int](2)
    await channel.send(1)
    async with coroutine_scope() as scope:
        await channel.send(2)
        scope.launch(channel.send, 3)
        await turns()
        channel.close(cause)
        assert [await channel.receive() for _ in range(3)] == [1, 2, 3]
    for _ in range(2):
        with pytest.raises(ValueError, match="cause") as caught:
            await channel.receive()
        assert caught.value is cause


async def test_k17_without_a_cause_receive_raises_closed_receive_channel() -> None:
    channel = Channel[int]()
    channel.close()
    with pytest.raises(ClosedReceiveChannelError) as caught:
        await channel.receive()
    assert isinstance(caught.value, NoSuchElementError)


async def test_k18_send_after_close_raises_the_cause_or_closed_send_channel_a_real_failure() -> None:
    cause = ValueError("cause")
    channel, caused = Channel[int](1), Channel[int](1)
    channel.close()
    caused.close(cause)
    with pytest.raises(ValueError, match="cause") as caught:
        await caused.send(1)
    assert caught.value is cause
    with pytest.raises(ClosedSendChannelError) as closed:
        async with coroutine_scope() as scope:
            scope.launch(channel.send, 1)
    assert isinstance(closed.value, IllegalStateError)
    assert not isinstance(closed.value, CancellationError)


async def test_k19_every_parked_receiver_gets_the_closed_outcome() -> None:
    channel = Channel[int]()
    got: list[object] = []
    async with coroutine_scope() as scope:
        for _ in range(3):
            await outcome(scope, channel, got)
        iteration = scope.async_(channel.to_list)
        catching = scope.async_(channel.receive_catching)
        await turns()
        channel.close()
    assert [type(error) for error in got] == [ClosedReceiveChannelError] * 3
    assert iteration.get_completed() == []
    assert catching.get_completed() == ChannelResult.closed(None)


class FalsyError(Exception):
    """An exception that is false, as a container of errors may be."""

    def __len__(self) -> int:
        return 0


async def test_k17_k18_k24_a_cause_that_is_false_is_still_a_cause() -> None:
    cause = FalsyError("empty")
    channel = Channel[int]()
    channel.close(cause)
    with pytest.raises(FalsyError):
        await channel.receive()
    with pytest.raises(FalsyError):
        await channel.send(1)
    with pytest.raises(FalsyError):
        async for _ in channel:
            pass
    assert channel.try_send(1).exception_or_none() is cause
    assert channel.try_receive().exception_or_none() is cause


async def test_a_cause_that_is_raised_often_does_not_collect_tracebacks() -> None:
    cause = ValueError("shared")
    channel = Channel[int]()
    channel.close(cause)
    lengths: set[int] = set()
    for _ in range(20):
        for operation in (channel.receive, lambda: channel.send(1)):
            with pytest.raises(ValueError, match="shared"):
                await operation()
            lengths.add(len(traceback.extract_tb(cause.__traceback__)))
    assert max(lengths) <= 4


@pytest.mark.parametrize("wrong", ["a text", ValueError, 3])
def test_a_cause_that_is_no_exception_is_refused(wrong: object) -> None:
    channel = Channel[int]()
    with pytest.raises(TypeError, match="must be an exception"):
        channel.close(wrong)  # type: ignore[arg-type]  # the mistake under test
    assert not channel.is_closed_for_send


# -------------------------------------------------------------------------------------------------------------- cancel


async def test_k20_cancel_empties_and_fails_everybody_who_is_parked() -> None:
    cause = CancellationError("enough")
    full, empty = Channel[int](1), Channel[int]()
    got: list[object] = []

    async def send(number: int) -> None:
        try:
            await full.send(number)
        except CancellationError as error:
            got.append(error)

    async with coroutine_scope() as scope:
        full.try_send(0)
        for number in (1, 2):
            scope.launch(send, number)
        await outcome(scope, empty, got)
        for channel in (full, empty):
            channel.cancel(cause)
            assert channel.is_closed_for_send
            assert channel.is_closed_for_receive
    assert got == [cause] * 3


async def test_k21_after_cancel_everything_raises_the_cause() -> None:
    cause = CancellationError("enough")
    channel = Channel[int](3)
    channel.try_send(1)
    channel.cancel(cause)
    with pytest.raises(CancellationError) as caught:
        await channel.receive()
    assert caught.value is cause
    with pytest.raises(CancellationError) as caught:
        await channel.send(2)
    assert caught.value is cause
    assert await channel.receive_catching() == ChannelResult.closed(cause)
    assert channel.try_receive() == ChannelResult.closed(cause)
    assert channel.try_send(1) == ChannelResult.closed(cause)
    default = Channel[int]()
    default.cancel()
    with pytest.raises(CancellationError):
        await default.receive()


async def test_a_second_cancel_changes_nothing() -> None:
    first = CancellationError("first")
    channel = Channel[int]()
    channel.cancel(first)
    channel.cancel(CancellationError("second"))
    assert channel.try_receive().exception_or_none() is first


@pytest.mark.parametrize("cause", [None, ValueError("of the close")])
async def test_k22_cancel_after_close_discards_but_keeps_the_close_cause(cause: ValueError | None) -> None:
    channel = Channel[int](1)
    failed: list[BaseException] = []

    async def send() -> None:
        try:
            await channel.send(2)
        except (ClosedSendChannelError, ValueError) as error:
            failed.append(error)

    async with coroutine_scope() as scope:
        channel.try_send(1)
        scope.launch(send)
        await turns()
        channel.close(cause)
        channel.cancel(CancellationError("not seen"))
    assert channel.is_closed_for_receive
    expected = ClosedReceiveChannelError if cause is None else ValueError
    with pytest.raises(expected):
        await channel.receive()
    assert [type(error) for error in failed] == [ClosedSendChannelError if cause is None else ValueError]


@pytest.mark.parametrize("wrong", [ValueError("x"), "a text"])
def test_k23_cancel_takes_only_a_cancellation_error(wrong: object) -> None:
    channel = Channel[int]()
    with pytest.raises(TypeError, match="CancellationError"):
        channel.cancel(wrong)  # type: ignore[arg-type]  # the mistake under test
    assert not channel.is_closed_for_send


async def test_a_job_that_meets_a_cancelled_channel_is_cancelled_and_does_not_fail_its_scope() -> None:
    channel = Channel[int]()
    async with coroutine_scope() as scope:
        job = scope.launch(channel.receive)
        await turns()
        channel.cancel()
        await job.join()
        assert job.is_cancelled
        assert scope.is_active


# --------------------------------------------------------------------------------------------------------------- flags


@pytest.mark.parametrize("end", ends())
def test_k26_k29_closed_for_send_is_true_at_once_whatever_the_cause(end: Ending) -> None:
    channel = Channel[int]()
    assert not channel.is_closed_for_send
    end(channel)
    assert channel.is_closed_for_send
    assert channel.is_closed_for_receive


@pytest.mark.parametrize("end", ends()[:2])
async def test_k27_k29_closed_for_receive_only_when_nothing_is_left(end: Ending) -> None:
    channel = Channel[int](1)
    channel.try_send(1)
    async with coroutine_scope() as scope:
        scope.launch(channel.send, 2)
        await turns()
        end(channel)
        seen = []
        while not channel.is_closed_for_receive:
            seen.append(channel.try_receive().get_or_raise())
        assert seen == [1, 2]


async def test_k27_a_rendezvous_sender_parked_before_the_close_keeps_it_open_for_receive() -> None:
    channel = Channel[int]()
    async with coroutine_scope() as scope:
        scope.launch(channel.send, 1)
        await turns()
        channel.close()
        assert not channel.is_closed_for_receive
        assert await channel.receive() == 1
        assert channel.is_closed_for_receive


async def test_k28_empty_means_open_and_nothing_to_take() -> None:
    channel = Channel[int]()
    assert channel.is_empty
    async with coroutine_scope() as scope:
        scope.launch(channel.send, 1)
        await turns()
        assert not channel.is_empty
        await channel.receive()
        assert channel.is_empty
    channel.close()
    assert not channel.is_empty


# ------------------------------------------------------------------------------------------------------ invoke_on_close


@pytest.mark.parametrize("end", ends())
def test_k40_the_handler_runs_within_the_call_and_sees_the_closed_state(end: Ending) -> None:
    channel = Channel[int]()
    seen: list[tuple[bool, bool]] = []
    channel.invoke_on_close(lambda _: seen.append((channel.is_closed_for_send, channel.close())))
    end(channel)
    assert seen == [(True, False)]


@pytest.mark.parametrize("end", ends())
def test_k40_what_the_handler_raises_reaches_the_one_who_closes_and_the_channel_stays_closed(end: Ending) -> None:
    def bad(_: BaseException | None) -> None:
        raise KeyError("bad handler")

    channel = Channel[int]()
    channel.invoke_on_close(bad)
    with pytest.raises(KeyError, match="bad handler"):
        end(channel)
    assert channel.is_closed_for_send


def test_k41_the_handler_is_given_the_cause() -> None:
    class MineError(CancellationError):
        pass

    causes: list[BaseException | None] = []
    error, mine = ValueError(), MineError()
    channels = [Channel[int]() for _ in range(4)]
    for channel in channels:
        channel.invoke_on_close(causes.append)
    channels[0].close()
    channels[1].close(error)
    channels[2].cancel(mine)
    channels[3].cancel()
    assert causes[:3] == [None, error, mine]
    assert type(causes[3]) is CancellationError


def test_k42_on_a_closed_channel_the_handler_runs_at_once() -> None:
    causes: list[BaseException | None] = []
    channel = Channel[int]()
    error = ValueError()
    channel.close(error)
    channel.invoke_on_close(causes.append)
    assert causes == [error]


def test_k43_there_is_only_ever_one_handler() -> None:
    channel = Channel[int]()
    channel.invoke_on_close(lambda _: None)
    with pytest.raises(IllegalStateError):
        channel.invoke_on_close(lambda _: None)
    channel.close()
    with pytest.raises(IllegalStateError):
        channel.invoke_on_close(lambda _: None)


def test_the_handler_runs_once_for_close_and_cancel_together() -> None:
    causes: list[BaseException | None] = []
    channel = Channel[int]()
    channel.invoke_on_close(causes.append)
    channel.close()
    channel.cancel()
    assert causes == [None]

"""`ChannelResult`, and the operations that give one. Facts K30 to K36."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from flowws import Channel, ChannelResult, ClosedSendChannelError, IllegalStateError, coroutine_scope
from tests.core.observing import turns


def test_k30_try_send_never_raises_and_never_parks() -> None:
    """Outside of any loop, where parking would raise."""
    for channel in (Channel[int](), Channel[int](1), Channel[int](Channel.CONFLATED)):
        for _ in range(3):
            channel.try_send(1)
        channel.close(ValueError())
        assert channel.try_send(1).is_closed
        channel.cancel()
        assert channel.try_send(1).is_closed


async def test_k31_closed_without_a_cause_is_asymmetric() -> None:
    channel = Channel[int]()
    channel.close()
    sent = channel.try_send(1)
    assert sent.is_closed
    assert isinstance(sent.exception_or_none(), ClosedSendChannelError)
    for received in (channel.try_receive(), await channel.receive_catching()):
        assert received.is_closed
        assert received.exception_or_none() is None


async def test_closed_with_a_cause_carries_it_on_both_sides() -> None:
    cause = ValueError()
    channel = Channel[int](1)
    channel.try_send(1)
    channel.close(cause)
    assert channel.try_receive() == ChannelResult.success(1)
    for result in (channel.try_send(1), channel.try_receive(), await channel.receive_catching()):
        assert result.is_closed
        assert result.exception_or_none() is cause


def test_k32_full_or_empty_is_a_plain_failure() -> None:
    channel = Channel[int](1)
    results: list[ChannelResult[Any]] = [channel.try_receive()]
    channel.try_send(1)
    results.append(channel.try_send(2))
    for result in results:
        assert result.is_failure
        assert not result.is_success
        assert not result.is_closed
        assert result.exception_or_none() is None
        assert result.get_or_none() is None


async def test_k33_receive_catching_does_not_wrap_the_callers_own_cancellation() -> None:
    channel = Channel[int]()
    caught: list[object] = []

    async def body() -> None:
        caught.append(await channel.receive_catching())

    async with coroutine_scope() as scope:
        job = scope.launch(body)
        await turns()
        await job.cancel_and_join()
    assert caught == []
    with anyio.CancelScope() as cancelled:
        cancelled.cancel()
        await channel.receive_catching()
    assert cancelled.cancelled_caught


def test_k34_get_or_raise() -> None:
    cause = ValueError("cause")
    assert ChannelResult.success(3).get_or_raise() == 3
    assert ChannelResult.success(None).get_or_raise() is None
    with pytest.raises(ValueError, match="cause") as caught:
        ChannelResult.closed(cause).get_or_raise()
    assert caught.value is cause
    for result in (ChannelResult.closed(None), ChannelResult.failure()):
        with pytest.raises(IllegalStateError):
            result.get_or_raise()


def test_get_or_else_is_given_the_cause() -> None:
    cause = ValueError()
    assert ChannelResult.success(3).get_or_else(lambda error: error) == 3
    assert ChannelResult.closed(cause).get_or_else(lambda error: error) is cause
    assert ChannelResult.failure().get_or_else(lambda error: error) is None


def test_k35_results_compare_by_content() -> None:
    cause = ValueError()
    assert ChannelResult.success(1) == ChannelResult.success(1)
    assert ChannelResult.success(1) != ChannelResult.success(2)
    assert ChannelResult.closed(cause) == ChannelResult.closed(cause)
    assert ChannelResult.closed(cause) != ChannelResult.closed(ValueError())
    assert ChannelResult.failure() == ChannelResult.failure()
    assert ChannelResult.failure() != ChannelResult.closed(None)
    assert ChannelResult.success(None) != ChannelResult.failure()
    assert ChannelResult.success(1) != 1
    assert len({ChannelResult.success(1), ChannelResult.success(1), ChannelResult.closed(cause)}) == 2


def test_k35_a_success_may_hold_an_exception_or_another_result() -> None:
    cause = ValueError()
    held = ChannelResult.success(cause)
    assert held.is_success
    assert held.exception_or_none() is None
    assert held.get_or_raise() is cause
    nested = ChannelResult.success(ChannelResult.closed(cause))
    assert nested.is_success
    assert not nested.is_closed
    assert nested != ChannelResult.closed(cause)


def test_k36_text_form() -> None:
    assert repr(ChannelResult.success("x")) == "Value('x')"
    assert str(ChannelResult.success(3)) == "Value(3)"
    assert repr(ChannelResult.closed(None)) == "Closed(None)"
    assert repr(ChannelResult.closed(ValueError("x"))) == "Closed(ValueError('x'))"
    assert repr(ChannelResult.failure()) == "Failed"


def test_each_action_is_called_for_its_kind_of_result_and_the_result_is_returned() -> None:
    cause = ValueError()
    told: list[object] = []
    results: list[ChannelResult[int]] = [
        ChannelResult.success(3),
        ChannelResult.failure(),
        ChannelResult.closed(None),
        ChannelResult.closed(cause),
    ]
    for result in results:
        same = (
            result.on_success(lambda value: told.append(("success", value)))
            .on_failure(lambda error: told.append(("failure", error)))
            .on_closed(lambda error: told.append(("closed", error)))
        )
        assert same is result
    assert told == [
        ("success", 3),
        ("failure", None),
        ("failure", None),
        ("closed", None),
        ("failure", cause),
        ("closed", cause),
    ]


def test_results_are_made_by_their_three_names() -> None:
    with pytest.raises(TypeError, match="success"):
        ChannelResult()

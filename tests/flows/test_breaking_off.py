"""How the subscriptions of a shared flow are broken off, which brokers do: behind what is there."""

from __future__ import annotations

import pytest

from flowws import Lag, MutableSharedFlow


class BreakError(Exception):
    """Why."""


async def test_subscribers_get_what_is_there_and_then_the_fault() -> None:
    flow = MutableSharedFlow[int](replay=1, extra_buffer_capacity=3)
    plain, policed = aiter(flow), aiter(flow.subscribe(on_lag=Lag.DROP_OLDEST))
    for number in range(3):
        await flow.emit(number)
    flow._break_off(BreakError)
    assert flow.replay_cache == ()
    later = aiter(flow)
    for number in range(3, 6):
        assert flow.try_emit(number), "who is broken off holds up nobody"
    for values in (plain, policed):
        assert [await anext(values) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(BreakError):
            await anext(values)
    assert [await anext(later) for _ in range(3)] == [3, 4, 5]
    assert flow.subscription_count.value == 1
    await later.aclose()
    assert flow.subscription_count.value == 0


async def test_who_waits_is_woken(test_scope) -> None:
    flow = MutableSharedFlow[int]()
    failed: list[BaseException] = []

    async def collect() -> None:
        try:
            await flow.collect()
        except BreakError as error:
            failed.append(error)

    jobs = [test_scope.launch(collect) for _ in range(2)]
    await flow.subscription_count.first(lambda count: count == 2)
    flow._break_off(BreakError)
    for job in jobs:
        await job.join()
    assert len({id(error) for error in failed}) == 2, "each has one of its own"


async def test_a_broken_off_subscriber_may_go_away_early() -> None:
    flow = MutableSharedFlow[int](extra_buffer_capacity=2)
    values = aiter(flow)
    await flow.emit(1)
    flow._break_off(BreakError)
    other = aiter(flow)
    await flow.emit(2)
    await flow.emit(3)
    assert await anext(values) == 1
    await values.aclose()
    assert not flow.try_emit(4), "the other one still has them all to get"
    assert [await anext(other), await anext(other)] == [2, 3]
    assert flow.try_emit(4)
    await other.aclose()


async def test_numbers_of_values() -> None:
    flow = MutableSharedFlow[str](replay=2)
    for value in "abc":
        await flow.emit(value)
    values, number = flow._open_numbered()
    assert [(await anext(values), number()) for _ in range(2)] == [("b", 1), ("c", 2)]
    await flow.emit("d")
    assert (await anext(values), number()) == ("d", 3)
    await values.aclose()

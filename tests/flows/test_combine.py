"""`combine`, the method and the function."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from flowws import (
    CancellationError,
    Flow,
    MutableSharedFlow,
    MutableStateFlow,
    as_flow,
    combine,
    coroutine_scope,
    current_job,
    empty_flow,
    flow_of,
)
from flowws.testing import TestScope
from tests.flows.timed import at, stamped
from tests.flows.upstream import SPELLINGS, Upstream, settle, spelled


async def test_values_that_are_there_at_the_same_time_share_one_combination() -> None:
    """K233"""
    chain = flow_of("a", "b", "c").combine(flow_of(1, 2, 3))
    assert await chain.to_list() == [("a", 1), ("b", 2), ("c", 3)]


async def test_the_function_takes_any_number_of_flows() -> None:
    """K233"""
    assert await combine(flow_of(1, 2)).to_list() == [(1,), (2,)]
    four = [flow_of(n, -n) for n in range(1, 5)]
    assert await combine(*four).to_list() == [(1, 2, 3, 4), (-1, -2, -3, -4)]


@pytest.mark.parametrize("how", SPELLINGS)
@pytest.mark.parametrize("form", ["method", "function"])
async def test_takes_any_function(how: str, form: str) -> None:
    transform = spelled(how, lambda a, b: f"{a}{b}")
    one, two = flow_of("a"), flow_of(1)
    chain: Flow[Any] = one.combine(two, transform) if form == "method" else combine(one, two, transform=transform)
    assert await chain.to_list() == ["a1"]


async def test_nothing_comes_before_all_have_given_a_value(test_scope: TestScope) -> None:
    """K232; until then only the newest of each counts."""
    chain = at((0, "a"), (1, "b"), (6, "c")).combine(at((5, 1), (7, 2)))
    assert await stamped(test_scope, chain) == [(5, ("b", 1)), (6, ("c", 1)), (7, ("c", 2))]


@pytest.mark.parametrize("place", [0, 1])
async def test_with_one_that_is_empty_it_is_empty(place: int) -> None:
    """K232"""
    pair: list[Flow[int]] = [flow_of(1, 2), flow_of(1, 2)]
    pair[place] = empty_flow()
    assert await combine(*pair).to_list() == []


async def test_the_last_value_of_one_that_has_ended_stays_in_use(test_scope: TestScope) -> None:
    """K232"""
    chain = flow_of(1).combine(at((1, "a"), (2, "b"), (3, "c"), end=9))
    assert await stamped(test_scope, chain) == [(1, (1, "a")), (2, (1, "b")), (3, (1, "c"))]
    assert test_scope.current_time == 9


async def test_no_value_is_skipped_while_the_collector_is_busy(test_scope: TestScope) -> None:
    """K233, and stronger: once all have given a value, each takes part in a combination."""
    chain = at((0, "a")).combine(as_flow(range(5)))
    assert [n for _, (_, n) in await stamped(test_scope, chain, busy=1)] == [0, 1, 2, 3, 4]


async def test_transform_runs_in_the_task_of_the_collector_and_sources_in_jobs() -> None:
    """K234"""
    tasks: dict[str, object] = {}

    def note(name: str) -> None:
        tasks[name] = anyio.get_current_task()

    source = flow_of(1).on_each(lambda _: note("source"))
    await source.combine(flow_of(2), lambda *_: note("transform")).collect()
    assert tasks["transform"] == anyio.get_current_task()
    assert tasks["source"] != anyio.get_current_task()
    assert current_job() is None


@pytest.mark.parametrize("where", ["source", "transform", "below"])
async def test_a_failure_anywhere_is_raised_as_itself_and_ends_the_rest(where: str) -> None:
    """K234"""
    failure = ValueError(where)
    other = Upstream(1, endless=True)
    failing = Upstream(2, failure=failure if where == "source" else None, endless=True)

    def fail_if(place: str) -> None:
        if where == place:
            raise failure

    with pytest.raises(ValueError, match=where) as raised:
        await combine(other.flow(), failing.flow(), transform=lambda *_: fail_if("transform")).collect(
            lambda _: fail_if("below")
        )
    assert raised.value is failure
    assert len(other.ends) == len(failing.ends) == 1


async def test_a_cancellation_error_of_a_source_fails_the_flow() -> None:
    """K234, K240"""
    other = Upstream(1, endless=True)
    with pytest.raises(CancellationError, match="gone"):
        await combine(other.flow(), Upstream(1, failure=CancellationError("gone")).flow()).collect()
    assert other.ends == ["cancelled"]


async def test_every_combination_is_a_tuple_of_its_own() -> None:
    """K235"""
    one, two = await combine(flow_of([1], [2]), flow_of([3])).to_list()
    assert one is not two
    one[0].append(9)
    assert two == ([2], [3])


async def test_of_nothing_ends_at_once() -> None:
    """K236"""
    assert await combine().to_list() == []


async def test_none_is_a_value() -> None:
    assert await combine(flow_of(None), flow_of(1, None)).to_list() == [(None, 1), (None, None)]


async def test_states_show_every_change_that_lasts() -> None:
    name, age = MutableStateFlow("ann"), MutableStateFlow(30)
    got: list[tuple[str, int]] = []
    async with coroutine_scope() as scope:
        job = combine(name, age).on_each(got.append).launch_in(scope)
        await settle()
        age.value = 31
        await settle()
        name.value, age.value = "bea", 32
        await settle()
        job.cancel()
    assert got == [("ann", 30), ("ann", 31), ("bea", 32)]
    assert name.subscription_count.value == age.subscription_count.value == 0


async def test_hot_flows_are_subscribed_to_when_the_collection_begins() -> None:
    one, two = MutableSharedFlow[int](extra_buffer_capacity=1), MutableSharedFlow[int](extra_buffer_capacity=1)
    got: list[tuple[int, int]] = []
    async with coroutine_scope() as scope:
        job = one.combine(two).on_each(got.append).launch_in(scope)
        assert one.try_emit(1)
        assert two.try_emit(2)
        await settle()
        job.cancel()
    assert got == [(1, 2)]


async def test_a_source_job_that_somebody_else_cancels_does_not_leave_the_collector_waiting() -> None:
    raised: list[Exception] = []

    async def collect() -> None:
        try:
            await Upstream(1, endless=True).flow().combine(flow_of(2)).collect(cancel_children)
        except CancellationError as error:
            raised.append(error)

    def cancel_children(_: object) -> None:
        job = current_job()
        assert job is not None
        job.cancel_children()

    async with coroutine_scope() as scope:
        job = scope.launch(collect)
    assert len(raised) == 1
    assert not job.is_cancelled


def test_shows_itself() -> None:
    assert repr(flow_of(1).combine(flow_of(2), max)) == "flow_of(1).combine(flow_of(2), max)"
    assert repr(combine(flow_of(1), flow_of(2))) == "combine(flow_of(1), flow_of(2))"
    assert repr(combine(flow_of(1), flow_of(2), transform=max)) == "combine(flow_of(1), flow_of(2), transform=max)"


async def test_a_failure_of_transform_says_where_it_was() -> None:
    def divide(a: int, b: int) -> float:
        return a / b

    chain = combine(flow_of(1), flow_of(0), transform=divide)
    with pytest.raises(ZeroDivisionError) as raised:
        await chain.collect()
    assert raised.value.__notes__ == [f"in {chain!r}, step 1 of {chain!r}"]


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_what_is_no_flow(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).combine(wrong)
    with pytest.raises(TypeError, match=repr(wrong)):
        combine(flow_of(1), wrong)


def test_refuses_what_is_no_function() -> None:
    wrong: Any = 3
    with pytest.raises(TypeError, match="3"):
        flow_of(1).combine(flow_of(2), wrong)
    with pytest.raises(TypeError, match="3"):
        combine(flow_of(1), transform=wrong)

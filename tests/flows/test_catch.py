"""`catch`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from flowws import CancellationError, Flow, FlowTimeoutError, coroutine_scope, flow, flow_of
from tests.flows.upstream import SPELLINGS, Upstream, settle, spelled


@pytest.mark.parametrize("how", SPELLINGS)
async def test_swallows_the_failure_when_the_action_returns(how: str) -> None:
    """K150, K161"""
    failure, seen = ValueError("above"), list[Exception]()
    chain = Upstream(1, 2, failure=failure).flow().catch(spelled(how, seen.append))
    assert await chain.to_list() == [1, 2]
    assert seen == [failure]


async def test_the_action_may_yield_or_return_another_flow() -> None:
    """K150"""

    async def instead(failure: Exception) -> AsyncIterator[str]:
        yield str(failure)
        await anyio.lowlevel.checkpoint()
        yield "more"

    upstream = Upstream(1, failure=ValueError("above")).flow()
    assert await upstream.catch(instead).to_list() == [1, "above", "more"]
    assert await upstream.catch(lambda _: flow_of(7, 8)).to_list() == [1, 7, 8]


async def test_the_action_may_fail_and_a_later_catch_sees_that() -> None:
    """K150"""

    def again(_: Exception) -> None:
        raise KeyError("again")

    seen: list[Exception] = []
    await Upstream(failure=ValueError("above")).flow().catch(again).catch(seen.append).collect()
    assert [type(each) for each in seen] == [KeyError]


async def test_without_a_failure_the_action_is_not_called() -> None:
    seen: list[Exception] = []
    assert await flow_of(1, 2).catch(seen.append).to_list() == [1, 2]
    assert seen == []


@pytest.mark.parametrize("how", SPELLINGS)
@pytest.mark.parametrize("below", ["map", "filter", "on_each", "collect"])
async def test_a_failure_below_is_not_seen(below: str, how: str) -> None:
    """K149"""
    seen: list[Exception] = []
    upstream = Upstream(1, 2)

    def fail(_: int) -> None:
        raise ValueError("below")

    chain = upstream.flow().catch(seen.append)
    with pytest.raises(ValueError, match="below"):  # noqa: PT012  # one statement of several runs
        if below == "collect":
            await chain.collect(spelled(how, fail))
        else:
            await getattr(chain, below)(spelled(how, fail)).collect()
    assert seen == []
    assert upstream.ends == ["closed"]


async def test_truncation_below_is_not_seen() -> None:
    """K162, for catch"""
    seen: list[Exception] = []
    assert await flow_of(1, 2).catch(seen.append).take(1).to_list() == [1]
    assert await flow_of(1, 2).catch(seen.append).first() == 1
    assert seen == []


async def test_the_cancellation_of_the_collector_is_not_seen() -> None:
    """K151"""
    seen: list[Exception] = []
    upstream = Upstream(1, endless=True)
    async with coroutine_scope() as scope:
        job = upstream.flow().catch(seen.append).launch_in(scope)
        await settle()
        job.cancel()
    assert seen == []
    assert upstream.ends == ["cancelled"]


async def test_an_outer_timeout_is_not_seen() -> None:
    """K151"""
    seen: list[Exception] = []
    with anyio.move_on_after(0) as timeout:
        await Upstream(endless=True).flow().catch(seen.append).collect()
    assert timeout.cancelled_caught
    assert seen == []


@pytest.mark.parametrize("failure", [FlowTimeoutError(1.0), TimeoutError("late"), CancellationError("gone")])
async def test_a_timeout_or_a_cancellation_error_of_the_upstream_is_seen(failure: Exception) -> None:
    """K152: only the backend's own cancellation always passes"""
    seen: list[Exception] = []
    await Upstream(failure=failure).flow().catch(seen.append).collect()
    assert seen == [failure]


async def test_a_timeout_inside_the_upstream_is_seen() -> None:
    """K152"""

    @flow
    async def impatient() -> AsyncIterator[int]:
        yield 1
        with anyio.fail_after(0):
            await anyio.Event().wait()

    seen: list[Exception] = []
    assert await impatient().catch(seen.append).to_list() == [1]
    assert [type(each) for each in seen] == [TimeoutError]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_what_is_no_exception_passes(kind: type[BaseException]) -> None:
    seen: list[Exception] = []

    @flow
    async def stopped() -> AsyncIterator[int]:
        yield 1
        raise kind

    async def main() -> None:
        await stopped().catch(seen.append).collect()

    coroutine = main()
    with pytest.raises(kind):
        coroutine.send(None)
    assert seen == []


async def test_a_failing_cleanup_wins_over_the_failure_below_and_is_not_caught() -> None:
    """K153"""
    seen: list[Exception] = []

    @flow
    async def source() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            raise KeyError("cleanup")

    def fail(_: int) -> None:
        raise ValueError("below")

    with pytest.raises(KeyError, match="cleanup") as raised:
        await source().catch(seen.append).collect(fail)
    assert "below" in str(_chain(raised.value))
    assert seen == []
    with pytest.raises(KeyError, match="cleanup"):
        await source().catch(seen.append).map(fail).collect()
    assert seen == []


@pytest.mark.parametrize("where", ["collect", "map", "to_list"])
async def test_a_cancellation_error_in_the_cleanup_yields_to_the_failure_below(where: str) -> None:
    """K154"""

    @flow
    async def source() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            raise CancellationError("cleanup")

    def fail(_: int) -> None:
        raise ValueError("below")

    with pytest.raises(ValueError, match="below"):  # noqa: PT012  # one statement of several runs
        match where:
            case "collect":
                await source().collect(fail)
            case "map":
                await source().map(fail).collect()
            case _:
                await source().map(fail).to_list()


async def test_an_ordinary_failure_in_the_cleanup_wins_over_a_cancellation_error_below() -> None:
    """K155"""

    @flow
    async def source() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            raise KeyError("cleanup")

    def fail(_: int) -> None:
        raise CancellationError("below")

    with pytest.raises(KeyError, match="cleanup"):
        await source().collect(fail)


async def test_values_before_the_failure_are_not_taken_back() -> None:
    """K161"""
    got: list[int] = []
    chain = Upstream(1, 2, failure=ValueError("above")).flow().catch(lambda _: flow_of(3))
    await chain.collect(got.append)
    assert got == [1, 2, 3]


async def test_what_is_instead_is_closed_when_cut_short() -> None:
    instead = Upstream(7, 8)
    chain = Upstream[int](failure=ValueError("above")).flow().catch(lambda _: instead.flow())
    assert await chain.first() == 7
    assert instead.ends == ["closed"]


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).catch(wrong)


def _chain(error: BaseException | None) -> list[BaseException]:
    found = []
    while error is not None:
        found.append(error)
        error = error.__context__
    return found


async def test_an_async_function_may_return_a_flow() -> None:
    async def fallback(failure: Exception) -> Flow[int]:
        return flow_of(-1)

    assert await flow_of("x").map(int).catch(fallback).to_list() == [-1]  # type: ignore[arg-type]  # untyped callers


async def test_a_plain_generator_function_is_refused() -> None:
    def fallback(failure: Exception) -> Iterator[int]:
        yield -1

    with pytest.raises(TypeError, match="async generator function"):
        await flow_of("x").map(int).catch(fallback).to_list()  # type: ignore[arg-type]  # untyped callers

"""`flat_map_concat`."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import CancellationError, Channel, coroutine_scope, flow_of
from tests.flows.upstream import SPELLINGS, Upstream, settle, spelled


@pytest.mark.parametrize("how", SPELLINGS)
async def test_gives_the_values_of_one_flow_after_the_other(how: str) -> None:
    chain = flow_of(1, 2).flat_map_concat(spelled(how, lambda n: flow_of(n, n * 10)))
    assert await chain.to_list() == [1, 10, 2, 20]


async def test_any_async_iterable_will_do() -> None:
    async with coroutine_scope():
        channel = Channel[str](2)
        channel.try_send("a")
        channel.try_send("b")
        channel.close()
        assert await flow_of(1).flat_map_concat(lambda _: channel).to_list() == ["a", "b"]


async def test_never_runs_two_at_once() -> None:
    """K225"""
    story: list[Any] = []
    upstream = Upstream(1, 2)

    def inner(n: int) -> Any:
        story.append(f"asked for {n}")
        return flow_of(n).on_start(lambda: story.append(f"begins {n}")).on_completion(
            lambda _: story.append(f"ends {n}")
        )  # fmt: skip  # reads as a chain

    await upstream.flow().on_each(lambda n: story.append(f"came {n}")).flat_map_concat(inner).collect()
    assert story == [
        "came 1", "asked for 1", "begins 1", "ends 1", "came 2", "asked for 2", "begins 2", "ends 2",
    ]  # fmt: skip  # one line per value would hide the order


async def test_a_flow_that_waits_holds_the_next_one_back() -> None:
    """K225"""
    first, second = Upstream(1, endless=True), Upstream(2)
    got: list[int] = []
    async with coroutine_scope() as scope:
        job = flow_of(first, second).flat_map_concat(lambda each: each.flow()).on_each(got.append).launch_in(scope)
        await settle()
        assert (got, second.starts) == ([1], 0)
        job.cancel()
    assert first.ends == ["cancelled"]


@pytest.mark.parametrize("failure", [ValueError("inner"), CancellationError("inner")])
async def test_a_failure_of_one_fails_the_whole(failure: Exception) -> None:
    """K228: also when it is a cancellation error"""
    upstream = Upstream(1, 2)
    got: list[int] = []
    with pytest.raises(type(failure), match="inner") as raised:
        await upstream.flow().flat_map_concat(lambda n: Upstream(n, failure=failure).flow()).to_list(got)
    assert raised.value is failure
    assert (got, upstream.story) == ([1], ["start", 1, "closed"])


@pytest.mark.parametrize("how", SPELLINGS)
async def test_a_failing_function_closes_what_is_above(how: str) -> None:
    """K227, without concurrency"""
    upstream = Upstream(1, 2)

    def fail(_: int) -> Any:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await upstream.flow().flat_map_concat(spelled(how, fail)).collect()
    assert upstream.ends == ["closed"]


async def test_being_cut_short_closes_the_inner_flow_and_then_what_is_above() -> None:
    upstream, inner = Upstream(1, 2), Upstream("a", "b")
    assert await upstream.flow().flat_map_concat(lambda _: inner.flow()).take(3).to_list() == ["a", "b", "a"]
    assert (inner.ends, upstream.ends) == (["completed", "closed"], ["closed"])


async def test_a_failure_below_is_what_the_inner_flow_sees() -> None:
    """K163"""
    causes: list[BaseException | None] = []
    with pytest.raises(ZeroDivisionError):
        await (
            flow_of(1).flat_map_concat(lambda n: flow_of(n).on_completion(causes.append)).map(lambda n: n / 0).collect()
        )
    assert [type(cause) for cause in causes] == [ZeroDivisionError]


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).flat_map_concat(wrong)

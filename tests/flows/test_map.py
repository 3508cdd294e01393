"""`map`."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import as_flow, flow_of
from tests.flows.upstream import SPELLINGS, Upstream, spelled


@pytest.mark.parametrize("how", SPELLINGS)
async def test_gives_the_result_for_every_value(how: str) -> None:
    assert await flow_of(1, 2, 3).map(spelled(how, lambda n: n * 10)).to_list() == [10, 20, 30]


async def test_each_result_is_delivered_before_the_next_value_is_asked_for() -> None:
    """K140"""
    story: list[str] = []
    upstream = as_flow([1, 2]).on_each(lambda n: story.append(f"asked {n}"))

    def told(n: int) -> int:
        story.append(f"mapped {n}")
        return n

    await upstream.map(told).collect(lambda n: story.append(f"got {n}"))
    assert story == ["asked 1", "mapped 1", "got 1", "asked 2", "mapped 2", "got 2"]


async def test_none_is_a_result_as_any_other() -> None:
    assert await flow_of(1, 2).map(lambda _: None).to_list() == [None, None]


@pytest.mark.parametrize("how", SPELLINGS)
async def test_a_failure_is_raised_as_itself_and_closes_what_is_above(how: str) -> None:
    failure = ValueError("no")

    def fail(n: int) -> int:
        if n == 2:
            raise failure
        return n

    upstream = Upstream(1, 2, 3)
    got: list[int] = []
    with pytest.raises(ValueError, match=r"^no") as raised:
        await upstream.flow().map(spelled(how, fail)).to_list(got)
    assert raised.value is failure
    assert got == [1]
    assert upstream.story == ["start", 1, 2, "closed"]


async def test_of_nothing_is_nothing() -> None:
    assert await flow_of().map(lambda n: n).to_list() == []


@pytest.mark.parametrize("wrong", [None, 3, "text"])
def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).map(wrong)


async def test_a_truthy_sync_result_is_never_awaited() -> None:
    """Only a coroutine is: a value that happens to be awaitable is a value."""

    class Awaitable:
        def __await__(self) -> Any:
            raise AssertionError("nobody asked for this")

    value = Awaitable()
    (got,) = await flow_of(1).map(lambda _: value).to_list()
    assert got is value

"""`transform_latest`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from flowws import CancellationError, as_flow, delay, flow_of
from flowws.testing import TestScope
from tests.flows.timed import at, stamped
from tests.flows.upstream import Upstream, settle


async def with_successor(n: int) -> AsyncIterator[int]:
    yield n
    yield n + 1


async def test_gives_what_the_generator_yields_for_the_newest_value(test_scope: TestScope) -> None:
    async def slowly(name: str) -> AsyncIterator[str]:
        yield f"{name} begins"
        await delay(10)
        yield f"{name} ends"

    came = await stamped(test_scope, at((0, "a"), (5, "b"), (20, "c")).transform_latest(slowly))
    assert came == [(0, "a begins"), (5, "b begins"), (15, "b ends"), (20, "c begins"), (30, "c ends")]


async def test_a_generator_that_never_waits_is_never_interrupted() -> None:
    """K220"""
    assert await flow_of(1, 2, 3).transform_latest(with_successor).to_list() == [1, 2, 2, 3, 3, 4]


async def test_a_new_value_waits_for_the_cleanup_and_then_starts_at_once(test_scope: TestScope) -> None:
    """K219: no turn of the loop lies between the end of the old block and the beginning of the new one."""
    story: list[str] = []

    async def block(n: int) -> AsyncIterator[int]:
        story.append(f"begin {n}")
        try:
            yield n
            await delay(10)
        finally:
            with anyio.CancelScope(shield=True):
                await delay(3)
            story.append(f"end {n}")

    came = await stamped(test_scope, at((0, 1), (1, 2)).transform_latest(block))
    assert story == ["begin 1", "end 1", "begin 2", "end 2"]
    assert came == [(0, 1), (4, 2)]


async def test_what_was_yielded_is_delivered_and_only_the_last_block_goes_on() -> None:
    """K221"""

    async def block(n: int) -> AsyncIterator[int]:
        yield n
        await settle()
        yield n * 10

    assert await as_flow(range(1, 6)).transform_latest(block).to_list() == [1, 2, 3, 4, 5, 50]


async def test_without_a_buffer_a_block_that_waits_to_hand_over_is_interrupted(test_scope: TestScope) -> None:
    """K222"""
    handed_over: list[int] = []

    async def block(n: int) -> AsyncIterator[int]:
        yield n
        handed_over.append(n)

    chain = at((0, 1), (1, 2), (2, 3), (3, 4)).transform_latest(block).buffer(0)
    assert await stamped(test_scope, chain, busy=10) == [(0, 1), (10, 4)]
    assert handed_over == [1, 4]


@pytest.mark.parametrize("where", ["block", "upstream", "below"])
async def test_a_failure_anywhere_is_raised_as_itself_and_ends_the_rest(test_scope: TestScope, where: str) -> None:
    """K224"""
    failure = ValueError(where)
    inner = Upstream("a", "b", "c", failure=failure if where == "block" else None, endless=True)
    outer = Upstream(1, failure=failure if where == "upstream" else None, endless=True)

    def below(value: str) -> None:
        if where == "below" and value == "b":
            raise failure

    with pytest.raises(ValueError, match=where) as raised:
        await outer.flow().transform_latest(lambda _: inner.flow()).collect(below)
    assert raised.value is failure
    assert outer.starts == len(outer.ends) == 1
    assert inner.starts == len(inner.ends)


async def test_a_block_that_ends_with_a_cancellation_error_just_ends() -> None:
    chain = flow_of(1, 2).transform_latest(
        lambda n: Upstream(n, failure=CancellationError("gone") if n == 1 else None).flow()
    )
    assert await chain.to_list() == [1, 2]


def test_shows_itself() -> None:
    assert repr(flow_of(1).transform_latest(with_successor)) == "flow_of(1).transform_latest(with_successor)"


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).transform_latest(wrong)

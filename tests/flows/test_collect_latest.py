"""`collect_latest`."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from flowws import MutableStateFlow, as_flow, coroutine_scope, delay, flow_of
from flowws.testing import TestScope
from tests.flows.timed import at
from tests.flows.upstream import SPELLINGS, Upstream, settle, spelled


@pytest.mark.parametrize("how", SPELLINGS)
async def test_takes_any_function(test_scope: TestScope, how: str) -> None:
    seen: list[int] = []
    await at((0, 1), (1, 2)).collect_latest(spelled(how, seen.append))
    assert seen == [1, 2]


async def test_actions_that_never_wait_run_for_every_value() -> None:
    """K223"""
    seen: list[int] = []
    await as_flow(range(200)).collect_latest(seen.append)
    assert seen == list(range(200))


async def test_of_actions_that_wait_only_the_last_runs_to_its_end(test_scope: TestScope) -> None:
    """K223"""
    story: list[str] = []

    async def action(n: int) -> None:
        story.append(f"begin {n}")
        await delay(5)
        story.append(f"end {n}")

    await flow_of(1, 2, 3).collect_latest(action)
    assert story == ["begin 1", "begin 2", "begin 3", "end 3"]
    assert test_scope.current_time == 5


async def test_the_old_action_is_cleaned_up_first(test_scope: TestScope) -> None:
    """K219"""
    story: list[str] = []

    async def action(n: int) -> None:
        story.append(f"begin {n}")
        try:
            await delay(10)
        finally:
            with anyio.CancelScope(shield=True):
                await delay(1)
            story.append(f"end {n}")

    await at((0, 1), (5, 2)).collect_latest(action)
    assert story == ["begin 1", "end 1", "begin 2", "end 2"]


@pytest.mark.parametrize("where", ["action", "upstream"])
async def test_a_failure_is_raised_as_itself_and_ends_the_rest(test_scope: TestScope, where: str) -> None:
    """K224"""
    failure = ValueError(where)
    upstream = Upstream(1, failure=failure if where == "upstream" else None, endless=True)
    ends: list[str] = []

    async def action(_: int) -> None:
        try:
            await delay(1)
        finally:
            ends.append("action")
        if where == "action":
            raise failure

    with pytest.raises(ValueError, match=where) as raised:
        await upstream.flow().collect_latest(action)
    assert raised.value is failure
    assert ends == ["action"]
    assert len(upstream.ends) == 1


async def test_cancelling_the_collector_ends_the_action_and_the_collection() -> None:
    state = MutableStateFlow(1)
    ends: list[int] = []

    async def action(n: int) -> None:
        try:
            await anyio.Event().wait()
        finally:
            ends.append(n)

    async with coroutine_scope() as scope:
        job = scope.launch(state.collect_latest, action)
        await settle()
        job.cancel()
    assert ends == [1]
    assert state.subscription_count.value == 0


@pytest.mark.parametrize("wrong", [None, 3])
async def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        await flow_of(1).collect_latest(wrong)

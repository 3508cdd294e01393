"""However a collection of many flows ends, nothing of it goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from flowws import Flow, coroutine_scope, flow_of, merge, race
from flowws.testing import TestScope
from tests.flows.upstream import Upstream, settle

OPERATORS: dict[str, Callable[[Flow[Any], Flow[Any]], Flow[Any]]] = {
    "flat_map_merge": lambda a, b: a.flat_map_merge(lambda _: b),
    "flatten_merge": lambda a, b: flow_of(a, b).flatten_merge(),
    "flat_map_latest": lambda a, b: a.flat_map_latest(lambda _: b),
    "transform_latest": lambda a, b: a.transform_latest(lambda _: b),
    "map_latest": lambda a, b: a.map_latest(lambda n: n),
    "map_concurrent": lambda a, b: a.map_concurrent(lambda n: n, 4),
    "map_concurrent unordered": lambda a, b: a.map_concurrent(lambda n: n, 4, ordered=False),
    "group_by_key": lambda a, b: a.group_by_key(lambda _: 1).flat_map_merge(lambda group: group),
    "merge": merge,
    "race": race,
    "zip": lambda a, b: a.zip(b),
    "combine": lambda a, b: a.combine(b),
    "combine_transform": lambda a, b: a.combine_transform(b, flow_of),
    "with_latest_from": lambda a, b: a.with_latest_from(b),
    "take_until": lambda a, b: a.take_until(b.filter(lambda _: False)),
}


@pytest.mark.parametrize(
    "end", ["take", "first", "break", "failure", "failure above", "timeout", "cancel", "unstarted"]
)
@pytest.mark.parametrize("operator", OPERATORS)
async def test_all_sources_have_ended(test_scope: TestScope, operator: str, end: str) -> None:
    failure = ValueError("above") if end == "failure above" else None
    one, two = Upstream(1, 2, failure=failure, endless=True), Upstream("a", "b", endless=True)
    chain = OPERATORS[operator](one.flow(), two.flow())
    match end:
        case "take":
            assert len(await chain.take(1).to_list()) == 1
        case "first":
            await chain.first()
        case "break":
            values: Any = aiter(chain)
            await anext(values)
            await values.aclose()
        case "failure":
            with pytest.raises(ZeroDivisionError):
                await chain.collect(lambda _: 1 // 0)
        case "failure above":
            with pytest.raises(ValueError, match="above"):
                await chain.collect()
        case "timeout":
            with anyio.move_on_after(5) as scope:
                await chain.collect()
            assert scope.cancelled_caught
        case "cancel":
            async with coroutine_scope() as jobs:
                job = chain.launch_in(jobs)
                await settle()
                job.cancel()
        case _:
            aiter(chain)
    assert one.starts == len(one.ends)
    assert two.starts == len(two.ends)
    assert one.starts + two.starts > 0 or end == "unstarted"


@pytest.mark.parametrize("operator", OPERATORS)
async def test_collected_twice_at_the_same_time(operator: str) -> None:
    chain = OPERATORS[operator](flow_of(1, 2), flow_of("a", "b"))
    alone = await chain.to_list()
    async with coroutine_scope() as scope:
        both = [scope.async_(chain.to_list) for _ in range(2)]
    for each in both:
        assert sorted(map(str, each.get_completed())) == sorted(map(str, alone))


@pytest.mark.parametrize("operator", OPERATORS)
async def test_outside_of_any_job_and_within_another_of_its_kind(operator: str) -> None:
    apply = OPERATORS[operator]
    assert await apply(apply(flow_of(1), flow_of(2)), flow_of(3)).count() >= 1

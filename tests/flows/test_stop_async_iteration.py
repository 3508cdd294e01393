"""A `StopAsyncIteration` of a user's function is a failure, not the end: nothing may end as if all were well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flowws import Flow, coroutine_scope, flow_of


def stop(value: object) -> Any:
    raise StopAsyncIteration(value)


CHAINS: dict[str, Callable[[Flow[int]], Flow[Any]]] = {
    "map and buffer": lambda source: source.map(stop).buffer(2),
    "map_latest": lambda source: source.map_latest(stop),
    "map_concurrent": lambda source: source.map_concurrent(stop, 2),
    "map_concurrent, unordered": lambda source: source.map_concurrent(stop, 2, ordered=False),
    "flat_map_merge": lambda source: source.flat_map_merge(stop),
    "flat_map_latest": lambda source: source.flat_map_latest(stop),
    "transform_latest": lambda source: source.transform_latest(stop),
    "group_by_key": lambda source: source.group_by_key(stop),
    "conflate_by": lambda source: source.conflate_by(stop),
    "debounce": lambda source: source.debounce(stop),
}


@pytest.mark.parametrize("chain", CHAINS)
async def test_it_fails_the_flow(chain: str) -> None:
    with pytest.raises(RuntimeError, match="StopAsyncIteration"):
        await CHAINS[chain](flow_of(1, 2)).to_list()


async def test_it_fails_a_stream() -> None:
    with pytest.raises((RuntimeError, StopAsyncIteration)):  # noqa: PT012  # the scope fails with its own job, too
        async with coroutine_scope() as scope:
            stream = flow_of(1).map_latest(stop).to_stream(scope)
            with pytest.raises(RuntimeError, match="StopAsyncIteration"):
                _ = [value async for value in stream]

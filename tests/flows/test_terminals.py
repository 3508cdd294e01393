"""What holds for every terminal: however it ends, everything above has ended before it returns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from flowws import Flow, coroutine_scope, flow
from tests.flows.upstream import Upstream, settle

Terminal = Callable[[Flow[int]], Awaitable[Any]]


def nothing(*_: object) -> None:
    """An action, or a test that never holds."""


TO_THE_END: dict[str, Terminal] = {
    "collect": lambda source: source.collect(),
    "collect with an action": lambda source: source.collect(nothing),
    "collect_indexed": lambda source: source.collect_indexed(nothing),
    "last": lambda source: source.last(),
    "last_or_none": lambda source: source.last_or_none(),
    "fold": lambda source: source.fold(0, max),
    "reduce": lambda source: source.reduce(max),
    "count": lambda source: source.count(),
    "count of some": lambda source: source.count(bool),
    "to_list": lambda source: source.to_list(),
    "to_set": lambda source: source.to_set(),
    "to_collection": lambda source: source.to_collection(list[int]()),
    "associate": lambda source: source.associate(lambda n: (n, n)),
    "associate_by": lambda source: source.associate_by(str),
    "associate_with": lambda source: source.associate_with(str),
    "group_by": lambda source: source.group_by(bool),
    "any": lambda source: source.any(nothing),
    "none": lambda source: source.none(nothing),
    "all": lambda source: source.all(bool),
    "first of some": lambda source: source.first_or_none(nothing),
}
EARLY: dict[str, Terminal] = {
    "first": lambda source: source.first(),
    "first_or_none": lambda source: source.first_or_none(),
    "first of some": lambda source: source.first(bool),
    "single_or_none": lambda source: source.single_or_none(),
    "any": lambda source: source.any(bool),
    "none": lambda source: source.none(bool),
    "all": lambda source: source.all(nothing),
}
EVERY = {**EARLY, **TO_THE_END, "single": lambda source: source.single()}


@pytest.mark.parametrize("name", TO_THE_END)
async def test_the_whole_flow_is_run(name: str) -> None:
    upstream = Upstream(1, 2, 3)
    await TO_THE_END[name](upstream.flow())
    assert upstream.story == ["start", 1, 2, 3, "completed"]


@pytest.mark.parametrize("name", EARLY)
async def test_leaving_early_awaits_the_cleanup_above(name: str) -> None:
    """K174, for terminals"""
    story: list[str] = []

    @flow
    async def source() -> AsyncIterator[int]:
        try:
            for n in range(1, 100):
                yield n
        finally:
            await settle()
            story.append("cleaned up")

    await EARLY[name](source().map(lambda n: n))
    assert story == ["cleaned up"]


@pytest.mark.parametrize("name", EVERY)
async def test_cancelling_it_cancels_the_flow_and_awaits_the_cleanup(name: str) -> None:
    upstream = Upstream[int](endless=True)
    async with coroutine_scope() as scope:
        job = scope.launch(EVERY[name], upstream.flow())
        await settle()
        await job.cancel_and_join()
        assert upstream.ends == ["cancelled"]


@pytest.mark.parametrize("name", EVERY)
async def test_a_failure_above_is_raised_as_itself(name: str) -> None:
    failure = ValueError("above")
    with pytest.raises(ValueError, match="above") as raised:
        await EVERY[name](Upstream[int](failure=failure).flow().map(lambda n: n))
    assert raised.value is failure


@pytest.mark.parametrize("name", EARLY)
async def test_cancelled_during_the_cleanup_it_gives_no_result(name: str) -> None:
    """K179"""
    results: list[Any] = []
    with anyio.CancelScope() as scope:

        @flow
        async def source() -> AsyncIterator[int]:
            try:
                yield 1
                yield 2
            finally:
                scope.cancel()
                await anyio.lowlevel.checkpoint()

        results.append(await EARLY[name](source()))
    assert scope.cancelled_caught
    assert results == []


@pytest.mark.parametrize("name", EARLY)
async def test_a_cleanup_that_fails_is_raised_instead_of_the_result(name: str) -> None:
    @flow
    async def source() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            raise ValueError("cleanup")

    with pytest.raises(ValueError, match="cleanup"):
        await EARLY[name](source())


@pytest.mark.parametrize("name", EARLY)
async def test_on_completion_hears_that_it_was_cut_short(name: str) -> None:
    """K163"""
    causes: list[BaseException | None] = []
    await EARLY[name](Upstream(1, 2, 3).flow().on_completion(causes.append))
    assert [type(cause).__name__ for cause in causes] == ["CancellationError"]


def divide(*_: object) -> Any:
    """Fails."""
    raise ZeroDivisionError


CALLING: dict[str, Terminal] = {
    "collect(divide)": lambda source: source.collect(divide),
    "collect_indexed(divide)": lambda source: source.collect_indexed(divide),
    "filter(divide)": lambda source: source.first(divide),
    "fold(0, divide)": lambda source: source.fold(0, divide),
    "reduce(divide)": lambda source: source.reduce(divide),
    "any(divide)": lambda source: source.any(divide),
    "all(divide)": lambda source: source.all(divide),
    "none(divide)": lambda source: source.none(divide),
    "associate(divide)": lambda source: source.associate(divide),
    "associate_by(divide)": lambda source: source.associate_by(divide),
    "associate_by(str, divide)": lambda source: source.associate_by(str, value=divide),
    "associate_with(divide)": lambda source: source.associate_with(divide),
    "group_by(divide)": lambda source: source.group_by(divide),
    "group_by(str, divide)": lambda source: source.group_by(str, value=divide),
}


@pytest.mark.parametrize("shown", CALLING)
async def test_a_failure_in_its_function_says_where_it_happened(shown: str) -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        await CALLING[shown](Upstream(1, 2).flow().map(abs))
    (note,) = raised.value.__notes__
    assert note.startswith(f"in {shown}, step 3 of upstream().map(abs).{shown}")

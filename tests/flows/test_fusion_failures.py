"""What a failure in a chain tells: the operator it happened in, its place in the pipeline, and the generated line."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import pytest

from flowws import CancellationError, Flow, as_flow, flow, flow_of
from tests.flows.upstream import SPELLINGS, Upstream, settle, spelled


def divide(n: int) -> float:
    return 1 / n


@flow
async def numbers(*values: int) -> AsyncIterator[int]:
    for value in values:
        yield value


SOURCES: dict[str, Flow[int]] = {"flow_of(1, 0)": flow_of(1, 0), "numbers(1, 0)": numbers(1, 0)}


async def notes_of(chain: Flow[Any]) -> list[str]:
    with pytest.raises((ZeroDivisionError, TypeError)) as raised:
        await chain.to_list()
    return getattr(raised.value, "__notes__", [])


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("how", SPELLINGS)
async def test_a_failure_in_a_function_names_the_operator_and_its_step(source: str, how: str) -> None:
    chain = SOURCES[source].filter(lambda _: True).map(spelled(how, divide)).take(5)
    (note,) = await notes_of(chain)
    assert note.startswith("in map(")
    assert f"step 3 of {source}.filter(<lambda>).map(" in note


async def test_the_note_shows_the_pipeline() -> None:
    (note,) = await notes_of(flow_of(1, 0).map(divide))
    assert note == "in map(divide), step 2 of flow_of(1, 0).map(divide).to_list()"


async def test_steps_count_through_operators_that_are_not_fused() -> None:
    chain = flow_of(1, 0).map(lambda n: n).catch(lambda _: None).drop(0).map(divide)
    (note,) = await notes_of(chain)
    assert note.startswith("in map(divide), step 5 of flow_of(1, 0).map(<lambda>).catch(<lambda>)")


async def test_the_function_of_a_terminal_is_a_step_too() -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        await flow_of(0).map(lambda n: n).collect(divide)
    assert raised.value.__notes__ == ["in collect(divide), step 3 of flow_of(0).map(<lambda>).collect(divide)"]


async def test_inside_a_transform_each_pipeline_says_its_own() -> None:
    def inner(n: int) -> Flow[float]:
        return flow_of(n).map(divide)

    assert await notes_of(flow_of(0).transform(inner)) == [
        "in map(divide), step 2 of flow_of(0).map(divide)",
        "in transform(inner), step 2 of flow_of(0).transform(inner).to_list()",
    ]


async def test_a_failure_of_the_source_or_of_the_collector_has_no_note() -> None:
    failure = ValueError("no")
    with pytest.raises(ValueError, match="no"):
        await Upstream(1, failure=failure).flow().map(lambda n: n).to_list()
    assert not hasattr(failure, "__notes__")
    with pytest.raises(ValueError, match="no"):  # noqa: PT012  # the loop is part of it
        async for _ in flow_of(1).map(lambda n: n):
            raise failure
    await settle()
    assert not hasattr(failure, "__notes__")


async def test_what_is_thrown_in_from_below_has_no_note() -> None:
    failure = ValueError("no")
    values: Any = aiter(flow_of(1).map(lambda n: n))
    await anext(values)
    with pytest.raises(ValueError, match="no"):
        await values.athrow(failure)
    assert not hasattr(failure, "__notes__")


async def test_one_exception_raised_again_and_again_has_one_note() -> None:
    failure = ValueError("no")

    def fail(_: int) -> int:
        raise failure

    chain = flow_of(1).map(fail)
    for _ in range(3):
        with pytest.raises(ValueError, match="no"):
            await chain.to_list()
    assert len(failure.__notes__) == 1


async def test_cancellations_are_no_faults() -> None:
    cancelled = CancellationError("enough")

    def stop(_: int) -> int:
        raise cancelled

    with pytest.raises(CancellationError):
        await flow_of(1).map(stop).to_list()
    assert not hasattr(cancelled, "__notes__")

    async def wait(_: int) -> None:
        await anyio.sleep_forever()

    with anyio.move_on_after(0) as scope:
        await flow_of(1).on_each(wait).to_list()
    assert scope.cancelled_caught


async def test_an_argument_that_cannot_be_shown_does_not_hide_the_failure() -> None:
    class Shy:
        def __call__(self, n: int) -> float:
            return 1 / n

        def __repr__(self) -> str:
            raise RuntimeError("not shown")

    assert await notes_of(flow_of(0).map(Shy())) == []


@pytest.mark.parametrize("source", SOURCES)
async def test_the_traceback_shows_the_generated_line(source: str) -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        await SOURCES[source].filter(lambda _: True).map(divide).to_list()
    frames = traceback.extract_tb(raised.value.__traceback__)
    (ours,) = [frame for frame in frames if frame.filename.startswith("<flowws ")]
    assert ours.filename.startswith("<flowws filter.map.")
    assert ours.line == "value = transform_1(value)"
    assert frames[-1].line == "return 1 / n"


async def test_a_failure_keeps_no_frame_alive_through_a_cycle() -> None:
    """The generator's own variables let go of it: what the traceback holds is all."""
    failure = ValueError("no")
    with pytest.raises(ValueError, match="no"):
        await numbers(1).map(lambda _: 1).collect(lambda _: (_ for _ in ()).throw(failure))
    where = failure.__traceback__
    while where is not None:
        if where.tb_frame.f_code.co_filename.startswith("<flowws "):
            assert failure not in where.tb_frame.f_locals.values()
        where = where.tb_next


# Operators that are no part of a fused loop


async def fail_on_two(n: int) -> int:
    if n == 2:
        raise ZeroDivisionError
    return n


@flow
async def failing() -> AsyncIterator[int]:
    yield 1
    raise ZeroDivisionError


STAGES: dict[str, Callable[[Flow[int]], Flow[Any]]] = {
    "flat_map_latest(flows)": lambda above: above.flat_map_latest(flows),
    "map_latest(fail_on_two)": lambda above: above.map_latest(fail_on_two),
    "map_concurrent(fail_on_two, 2)": lambda above: above.map_concurrent(fail_on_two, 2),
    "catch(again)": lambda above: above.map(divide).catch(again),
    "on_completion(again)": lambda above: above.on_completion(again),
    "conflate_by(divide)": lambda above: above.conflate_by(divide),
}


def flows(n: int) -> Flow[int]:
    if n == 2:
        raise ZeroDivisionError
    return flow_of(n)


def again(_: object) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("below", ["a fused operator", "a fused terminal", "another terminal", "another stage"])
async def test_a_failure_in_the_function_of_a_stage_names_it_too(stage: str, below: str) -> None:
    chain = STAGES[stage](as_flow([1, 2, 0]))
    if below == "a fused operator":
        chain = chain.map(lambda n: n)
    if below == "another stage":
        chain = chain.on_completion(lambda _: None)
    with pytest.raises(ZeroDivisionError) as raised:
        await (chain.last() if below == "another terminal" else chain.collect())
    assert any(note.startswith(f"in {stage}, step ") for note in raised.value.__notes__), raised.value.__notes__


def raise_(failure: BaseException) -> None:
    raise failure


async def test_a_failure_above_a_stage_is_not_put_down_to_it() -> None:
    chain = failing().catch(raise_).map_latest(fail_on_two).conflate_by(divide)
    with pytest.raises(ZeroDivisionError) as raised:
        await chain.collect()
    assert not [note for note in getattr(raised.value, "__notes__", []) if "in map_latest" in note[:14]]

"""`marbles`: a run of some flows as a picture."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import replace
from math import floor, log10
from typing import Any, Final, Literal, overload

import anyio

from flowws._core import Call, Duration, coroutine_scope, look_at, to_seconds, with_timeout_or_none
from flowws.flows import Flow, SharedFlow, as_flow

from ._arguments import require_count
from ._brief import brief_text
from ._marble_drawing import INLINE, STANDALONE, Line, Mark, drawn

_MOST_STEPS: Final = 5
_PATIENCE: Final = 10  # seconds of real time for a run in virtual time


class Marbles:
    """What some flows did, and when: shown as a marble diagram in a notebook, and as text elsewhere.

    A circle is a value, ``|`` the end, a cross a failure. A line without an end went on when the time was up, or had
    more values than are shown.
    """

    def __init__(self, lines: list[Line]) -> None:
        self._lines = lines
        last = max((mark.time for line in lines for mark in line.marks), default=0.0)
        self._step = _nice_step(last)

    @property
    def svg(self) -> str:
        """The picture as a file of its own, light or dark as the reader's system is."""
        return drawn(self._lines, style=STANDALONE, step=self._step)

    def _repr_html_(self) -> str:
        picture = drawn(self._lines, style=INLINE, step=self._step)
        return f'<div class="flowws-marbles"><style>{INLINE}</style>{picture}</div>'

    def __repr__(self) -> str:
        width = max(len(line.name) for line in self._lines)
        return "\n".join(f"{line.name:{width}}  {'  '.join(map(_mark_text, line.marks))}" for line in self._lines)


@overload
def marbles(
    flows: Mapping[str, AsyncIterable[Any]],
    duration: Duration = 10.0,
    *,
    time: Literal["virtual"] = "virtual",
    most: int = 40,
) -> Marbles: ...
@overload
def marbles(
    flows: Mapping[str, AsyncIterable[Any]], duration: Duration = 10.0, *, time: Literal["real"], most: int = 40
) -> Awaitable[Marbles]: ...
def marbles(
    flows: Mapping[str, AsyncIterable[Any]],
    duration: Duration = 10.0,
    *,
    time: Literal["virtual", "real"] = "virtual",
    most: int = 40,
) -> Marbles | Awaitable[Marbles]:
    """What these flows do, as a marble diagram of a real run: ``marbles({"ticks": ticks, "odd": odd})``.

    They all begin at once, in virtual time, on a loop in a thread of its own: an hour takes no time, and a plain call
    will do. That is for flows that begin anew for each collector and talk to nobody outside. Others are drawn in real
    time, which is to be awaited, on the loop that runs: ``await marbles({"news": news}, 3, time="real")``.

    Args:
        flows: the flows, by the names that the diagram gives them.
        duration: when the run ends at the latest, in seconds.
        time: ``"virtual"`` or ``"real"``.
        most: how many values of a flow are drawn; a flow that has more is left there.

    A flow that fails is drawn with its failure; nothing is raised. Raises `ValueError` for hot flows in virtual time,
    which live on the loop that runs, for other words and for numbers that make no sense; `TypeError` for what is no
    flow, and `TimeoutError` where a run in virtual time takes longer than 10 seconds.

    >>> from flowws import interval
    >>> ticks = interval(1)
    >>> marbles({"ticks": ticks, "odd": ticks.filter(lambda n: n % 2)}, duration=3.5)
    ticks  0 at 0  1 at 1  2 at 2  3 at 3
    odd    1 at 1  3 at 3
    """
    if not flows or not isinstance(flows, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise TypeError(f"marbles takes flows by their names, {{'ticks': ticks}}, not {flows!r}")
    for flow in flows.values():
        if not isinstance(flow, AsyncIterable):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
            raise TypeError(f"marbles draws flows, not {flow!r}")
    if time not in ("virtual", "real"):
        raise ValueError(f"time is 'virtual' or 'real', not {time!r}")
    seconds = to_seconds(duration, "duration")
    if seconds <= 0:
        raise ValueError(f"duration must be greater than zero, not {duration!r}")
    require_count(most, "most")
    if time == "real":
        return _real_run(flows, seconds, most)
    hot = [name for name, flow in flows.items() if _is_hot(flow)]
    if hot:
        raise ValueError(
            f"{hot[0]} is hot: it lives on the loop that runs; draw it with `await marbles(..., time='real')`"
        )
    return _virtual_run(flows, seconds, most)


def _virtual_run(flows: Mapping[str, AsyncIterable[Any]], seconds: float, most: int) -> Marbles:
    from flowws.testing import run_test

    with ThreadPoolExecutor(1, "flowws marbles") as thread:  # here a loop may be running
        run = thread.submit(run_test, lambda _: _recorded(flows, seconds, most), timeout=_PATIENCE)
        return Marbles(run.result())


async def _real_run(flows: Mapping[str, AsyncIterable[Any]], seconds: float, most: int) -> Marbles:
    lines = await _recorded(flows, seconds, most)
    # What happens within a twentieth of a step is drawn as one moment: no eye could tell, and the picture stays narrow.
    moment = _nice_step(max((mark.time for line in lines for mark in line.marks), default=0.0)) / 20
    for line in lines:
        line.marks = [replace(mark, time=round(round(mark.time / moment) * moment, 9)) for mark in line.marks]
    return Marbles(lines)


async def _recorded(flows: Mapping[str, AsyncIterable[Any]], seconds: float, most: int) -> list[Line]:
    begun = anyio.current_time()
    lines = {name: Line(str(name)) for name in flows}

    async def run() -> None:
        async with coroutine_scope() as scope:
            for name, flow in flows.items():
                scope.launch(_record, lines[name], as_flow(flow), begun, most, name=f"marbles of {name}")

    await with_timeout_or_none(seconds, run)
    return list(lines.values())


async def _record(line: Line, flow: Flow[Any], begun: float, most: int) -> None:
    def mark(kind: Literal["value", "end", "failure"], value: object = None) -> None:
        line.marks.append(Mark(round(anyio.current_time() - begun, 9), kind, value))

    try:
        async with aclosing(aiter(flow)) as values:
            async for value in values:
                if len(line.marks) == most:
                    mark("value", "…")
                    return
                mark("value", value)
    except Exception as failure:  # noqa: BLE001  # part of the picture
        mark("failure", failure)
    else:
        mark("end")


def _is_hot(value: object) -> bool:
    """Whether a flow, or one that it is made of, is there without a collector."""
    look = look_at(value)
    if look is None:
        return False
    if isinstance(value, SharedFlow) or look.state == "hot":
        return True
    calls = [step for step in look.pipeline if isinstance(step, Call)]
    return any(_is_hot(argument) for call in calls for argument in call.arguments)


def _nice_step(last: float) -> float:
    """1, 2 or 5 of some power of ten, of which there are at most five in the time; 1 if that will do."""
    if last <= 0:
        return 1.0
    power = 10.0 ** floor(log10(last / _MOST_STEPS))
    return next(step for n in (1, 2, 5, 10, 20) if last / (step := round(n * power, 9)) <= _MOST_STEPS)


def _mark_text(mark: Mark) -> str:
    what = brief_text(mark.value, 40)
    match mark.kind:
        case "end":
            what = "|"
        case "failure":
            what = f"× {what}"  # noqa: RUF001 - the cross of the picture
        case _:
            pass
    return f"{what} at {mark.time:g}"

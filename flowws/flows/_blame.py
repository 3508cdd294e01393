"""In which operator a failure happened: a note on it, written when it happens and not before."""

from __future__ import annotations

import linecache
import re
from collections.abc import Callable, Iterator
from functools import partial
from traceback import walk_tb
from types import CodeType
from typing import TYPE_CHECKING, Any

from flowws._core import CancellationError

if TYPE_CHECKING:
    from ._flow import Flow, FusedFlow


def blame(failure: BaseException, flow: FusedFlow[Any]) -> None:
    """Note on `failure`, which has just come out of a line of the fused loop of `flow`, whose line that is.

    What a step has put into the loop can be told by the number that its names carry (see `_fusion`). Lines without one
    belong to the source, or to whoever collects. What ends a collection without being a fault gets no note.
    """
    where = failure.__traceback__
    if where is None or not _is_fault(failure):
        return
    line = linecache.getline(where.tb_frame.f_code.co_filename, where.tb_lineno)
    step = re.search(r"_(\d+)\b", line)
    if step is not None:
        number = int(step[1])
        _add_note(failure, lambda: flow._place(number))
    else:
        blame_stages(failure, flow._source)


def blame_stages(failure: BaseException, flow: Flow[Any]) -> None:
    """The same for the operators at the end of `flow` that are no part of a fused loop.

    They have no lines of their own. But if a function that one of them was given is in the traceback, below every fused
    loop further up, then it was called by that operator.
    """
    if not _is_fault(failure):
        return
    codes = set(_codes_of(failure))
    while (source := getattr(flow, "_source", None)) is not None and not hasattr(flow, "_steps"):
        if any(_code_of(argument) in codes for argument in getattr(flow, "_arguments", ())):
            _add_note(failure, partial(_place, flow, source))
            return
        flow = source


def _is_fault(failure: BaseException) -> bool:
    return isinstance(failure, Exception) and not isinstance(failure, CancellationError)


def _codes_of(failure: BaseException) -> Iterator[CodeType]:
    """What ran when it happened, from the outermost call to the first fused loop that is not the outermost itself."""
    for depth, (frame, _) in enumerate(walk_tb(failure.__traceback__)):
        if depth and frame.f_code.co_filename.startswith("<flowws "):
            return
        yield frame.f_code


def _code_of(argument: object) -> CodeType | None:
    while isinstance(argument, partial):
        argument = argument.func
    return getattr(argument, "__code__", None) or getattr(getattr(argument, "__func__", None), "__code__", None)


def _place(flow: Flow[Any], source: Flow[Any]) -> str:
    return f"in {repr(flow).removeprefix(f'{source!r}.')}, step {flow._length} of {flow!r}"


def _add_note(failure: BaseException, write: Callable[[], str]) -> None:
    try:
        note = write()
    except Exception:  # noqa: BLE001  # an argument that cannot be shown must not hide the failure
        return
    if note not in getattr(failure, "__notes__", ()):  # one exception may be raised many times
        failure.add_note(note)

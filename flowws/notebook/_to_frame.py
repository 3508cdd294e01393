"""`to_frame`: what a flow gives, as a table of pandas or polars."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import AsyncIterable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, Literal

from flowws.flows import as_flow

from ._arguments import require_count
from ._fields import columns_of

_LIBRARIES: Final = ("pandas", "polars")


async def to_frame(
    flow: AsyncIterable[Any], *, last: int | None = None, library: Literal["pandas", "polars"] | None = None
) -> Any:
    """The values of a flow as a ``DataFrame``: a row per value, a column per field.

    The fields are those of a mapping, a dataclass, a named tuple, a msgspec or pydantic model; anything else stands in
    one column, ``value``. Runs the flow to its end: of one that has none, `take` as many as you want.

    Args:
        flow: what is collected.
        last: how many rows are kept, the newest; all of them without it.
        library: which one makes the table. None: the one that is loaded already, or else installed, pandas first.

    Raises `ModuleNotFoundError` where neither is installed, `ValueError` for a `last` below 1 or another library.

    >>> from flowws import flow_of
    >>> async def main():
    ...     frame = await to_frame(flow_of({"n": 1}, {"n": 2}, {"n": 3}), last=2, library="pandas")
    ...     return frame["n"].to_list()
    >>> run(main)
    [2, 3]
    """
    if last is not None:
        require_count(last, "last")
    module = import_module(_chosen(library))
    rows: deque[Any] = deque(maxlen=last)
    await as_flow(flow).collect(rows.append)
    return module.DataFrame([columns_of(value) for value in rows])


def _chosen(library: str | None) -> str:
    if library is not None and library not in _LIBRARIES:
        raise ValueError(f"library is 'pandas', 'polars' or None, not {library!r}")
    wanted = _LIBRARIES if library is None else (library,)
    for name in wanted:
        if name in sys.modules:
            return name
    for name in wanted:
        if find_spec(name) is not None:
            return name
    raise ModuleNotFoundError(f"to_frame makes a table with {' or '.join(wanted)}: pip install {wanted[0]}")

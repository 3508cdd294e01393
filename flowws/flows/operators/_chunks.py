"""Several values at a time: `chunked`, `windowed`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from .._arguments import require_count
from .._fusion import Template

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")


def chunked(self: Flow[T], size: int | None = None, timeout: float | timedelta | None = None) -> Flow[list[T]]:
    """The values in lists. A list is given when it has `size` values, or `timeout` after its first one.

    Every list is new and none is empty; the last may be short. With a size alone everything happens in the collector's
    task; a timeout needs a job for what is above.

    A failure above is raised at once: the list that had been begun is lost.

    Raises `TypeError` without either, `ValueError` when `size` or `timeout` is not positive.

    >>> run(flow_of(1, 2, 3).chunked(2).to_list)
    [[1, 2], [3]]
    """
    if size is None and timeout is None:
        raise TypeError("chunked takes a size, a timeout, or both")
    if size is not None:
        require_count(size, "size", least=1)
    if timeout is not None:
        from ._time_chunks import chunks_in_time

        return chunks_in_time(self, size, timeout)
    return self._then(_CHUNKED, size=size)


_CHUNKED = Template("chunked", """
    chunk.append(value)
    if len(chunk) == size:
        value = chunk
        chunk = []
        ...
""", before="chunk = []", last="""
    if chunk:
        value = chunk
        ...
""")  # fmt: skip  # a template reads best as a block


def windowed(self: Flow[T], size: int, step: int = 1) -> Flow[tuple[T, ...]]:
    """Every `size` values in a row, as a tuple; the next window begins `step` values further on.

    They overlap while `step` is smaller than `size`, and leave values out when it is larger. A window that the end of
    the flow leaves unfinished is dropped: `chunked` keeps it.

    Raises `ValueError` when `size` or `step` is not positive.

    >>> run(flow_of(1, 2, 3, 4).windowed(2).to_list)
    [(1, 2), (2, 3), (3, 4)]
    >>> run(flow_of(1, 2, 3, 4).windowed(1, step=2).to_list)
    [(1,), (3,)]
    """
    require_count(size, "size", least=1)
    require_count(step, "step", least=1)
    return self._then(_WINDOWED, size=size, step=step)


_WINDOWED = Template("windowed", """
    if skip:
        skip -= 1
    else:
        window.append(value)
        if len(window) == size:
            value = tuple(window)
            del window[:step]
            skip = gap
            ...
""", before="""
    window = []
    skip = 0
    gap = max(step - size, 0)
""")  # fmt: skip  # a template reads best as a block

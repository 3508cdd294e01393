"""The value at the end: `last`, `last_or_none`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from flowws._core import NoSuchElementError

from .._fusion import Template

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")

_NOTHING: Final[Any] = object()


async def last(self: Flow[T]) -> T:
    """The last value, once the flow has ended.

    Raises `NoSuchElementError` when there is none.

    >>> run(flow_of(1, 2, 3).last)
    3
    """
    value: T = await self._finish(_LAST, _otherwise=_NOTHING)
    if value is _NOTHING:
        raise NoSuchElementError(f"no value came out of {self!r}")
    return value


async def last_or_none(self: Flow[T]) -> T | None:
    """The last value, once the flow has ended; None when there is none.

    >>> print(run(empty_flow().last_or_none))
    None

    Kotlin: `lastOrNull`.
    """
    value: T | None = await self._finish(_LAST, _otherwise=None)
    return value


_LAST = Template("last", "newest = value", before="newest = _otherwise", last="return newest")

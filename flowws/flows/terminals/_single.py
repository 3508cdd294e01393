"""The only value: `single`, `single_or_none`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from flowws._core import NoSuchElementError

from .._fusion import Template

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")

_NOTHING: Final[Any] = object()
_SEVERAL: Final[Any] = object()


async def single(self: Flow[T]) -> T:
    """The one value of the flow, once that has ended.

    Raises `NoSuchElementError` when there is none, and `ValueError`, closing what is above, as soon as there is a
    second one.

    >>> run(flow_of(7).single)
    7
    """
    only: T = await self._finish(_SINGLE, _nothing=_NOTHING, _several=_SEVERAL)
    if only is _NOTHING:
        raise NoSuchElementError(f"no value came out of {self!r}")
    if only is _SEVERAL:
        raise ValueError(f"more than one value came out of {self!r}")
    return only


async def single_or_none(self: Flow[T]) -> T | None:
    """The one value of the flow, once that has ended; None when there is none, or as soon as there is a second one.

    A failure after the only value is raised.

    >>> print(run(flow_of(1, 2).single_or_none))
    None

    Kotlin: `singleOrNull`.
    """
    only: T = await self._finish(_SINGLE, _nothing=_NOTHING, _several=_NOTHING)
    return None if only is _NOTHING else only


_SINGLE = Template("single", """
    if only is not _nothing:
        return _several
    only = value
""", before="only = _nothing", last="return only")  # fmt: skip  # a template reads best as a block

"""One value: `first`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from flowws._core import NoSuchElementError

from .._closing import close

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")


async def first(self: Flow[T], test: Callable[[T], Awaitable[object]] | Callable[[T], object] | None = None) -> T:
    """The first value, or the first for which ``test(value)`` holds; what is above is closed then.

    Raises `NoSuchElementError` when there is none.

    >>> run(flow_of(1, 2, 3).first, lambda n: n > 1)
    2
    """
    values = aiter(self if test is None else self.filter(test))
    try:
        async for value in values:  # noqa: B007  # it is used below
            break
        else:
            what = f"no value came out of {self!r}" if test is None else f"no value of {self!r} passes the test"
            raise NoSuchElementError(what)
    except BaseException as failure:
        await close(values, failure)
        raise
    await close(values)
    return value

"""All the values: `to_list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from .._closing import close

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")


async def to_list(self: Flow[T], into: list[T] | None = None) -> list[T]:
    """Every value, in a new list or appended to `into`, which then holds what came before a failure.

    >>> run(flow_of(1, 2).to_list)
    [1, 2]

    Kotlin: `toList`.
    """
    values = aiter(self)
    collected = [] if into is None else into
    try:
        async for value in values:
            collected.append(value)
    except BaseException as failure:
        await close(values, failure)
        raise
    return collected

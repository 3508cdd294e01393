"""Sending what an iterator gives."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from ._closing import close

T = TypeVar("T")


async def send_all(values: AsyncIterator[T], send: Callable[[T], Awaitable[object]]) -> None:
    """Send every value; however that ends, the iterator is closed."""
    try:
        async for value in values:
            await send(value)
    except BaseException as failure:
        await close(values, failure)
        raise

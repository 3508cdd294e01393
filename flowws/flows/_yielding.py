"""What an action of `on_start`, `on_completion` or `catch` yields: nothing, unless it is an async generator."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from inspect import isawaitable
from typing import Any, cast

from ._closing import close_source


async def yielded_by(outcome: Any) -> AsyncIterator[Any]:
    """Run what calling the action gave to its end, passing on what it yields (a flow is all of its values)."""
    if isinstance(outcome, AsyncIterable):
        values = aiter(cast("AsyncIterable[Any]", outcome))
        try:
            async for value in values:
                yield value
        finally:
            await close_source(values)
    elif isawaitable(outcome):
        await outcome

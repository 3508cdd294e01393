"""What an action of `on_start`, `on_completion` or `catch` yields: nothing, unless it is an async generator."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Generator
from inspect import isawaitable
from typing import Any, cast

from ._closing import close_source


async def yielded_by(outcome: Any) -> AsyncIterator[Any]:
    """Run what calling the action gave to its end, passing on what it yields (a flow is all of its values)."""
    if isawaitable(outcome):
        outcome = await outcome  # which may be a flow, from an async function
    if isinstance(outcome, Generator):
        raise TypeError(f"an action that yields is an async generator function (async def), not {outcome!r}")
    if isinstance(outcome, AsyncIterable):
        values = aiter(cast("AsyncIterable[Any]", outcome))
        try:
            async for value in values:
                yield value
        finally:
            await close_source(values)

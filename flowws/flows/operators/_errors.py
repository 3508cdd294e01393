"""When something above fails: `catch`."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from .._arguments import require_callable
from .._closing import close_source
from .._yielding import yielded_by

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")
R = TypeVar("R")


def catch(
    self: Flow[T],
    action: Callable[[Exception], AsyncIterable[R]]
    | Callable[[Exception], Awaitable[None]]
    | Callable[[Exception], None],
) -> Flow[T | R]:
    """Replace a failure above by what ``action(failure)`` makes of it.

    Returning ends the flow normally, yielding (an async generator function, or a flow returned) adds values, raising
    fails it anew. A failure below this operator is not seen, nor is the cancellation of the collector.

    >>> run(flow_of("1", "x").map(int).catch(lambda failure: flow_of(-1)).to_list)
    [1, -1]

    Kotlin: `catch`.
    """
    require_callable(action, "action")
    return self._through(_catch, action)


async def _catch(source: AsyncIterator[T], action: Callable[[Exception], Any]) -> AsyncIterator[Any]:
    try:
        async for value in source:
            yield value
        return
    except Exception as failure:  # noqa: BLE001  # to catch is what this operator is for
        caught = failure
    finally:
        await close_source(source)
    instead = yielded_by(action(caught))
    try:
        async for value in instead:
            yield value
    finally:
        await close_source(instead)

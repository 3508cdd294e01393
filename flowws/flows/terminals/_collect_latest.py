"""Running a flow for its newest value: `collect_latest`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from .._arguments import require_callable, settled
from ..operators._latest import switch

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")


async def collect_latest(self: Flow[T], action: Callable[[T], Awaitable[object]] | Callable[[T], object]) -> None:
    """Run the flow to its end, with ``action(value)`` for the newest value; a new value cancels the action for the one
    before.

    The old action is cancelled, and its cleanup awaited, before the new one starts. An action that never waits runs for
    every value. A failure, above or in the action, ends the rest and is raised.

    >>> async def show(n):
    ...     await delay(0.001)
    ...     print(n)
    >>> run(flow_of(1, 2).collect_latest, show)
    2

    Kotlin: `collectLatest`.
    """
    require_callable(action, "action")

    async def block(value: T) -> Any:
        return await settled(action(value))

    await switch(aiter(self), block, "collect_latest")

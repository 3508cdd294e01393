"""Running a flow for its effects: `collect`, `launch_in`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from inspect import iscoroutinefunction
from types import CoroutineType
from typing import TYPE_CHECKING, Any, TypeVar

from flowws._core import CoroutineScope, Job

from .._arguments import require_callable
from .._closing import close

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")


async def collect(
    self: Flow[T], action: Callable[[T], Awaitable[object]] | Callable[[T], object] | None = None
) -> None:
    """Run the flow to its end and call ``action(value)``, sync or async, with every value.

    The next value is asked for when the action has finished with the last. A failure, above or in the action, is raised
    after everything above has been cleaned up.

    >>> run(flow_of("a", "b").collect, print)
    a
    b
    """
    if action is not None:
        require_callable(action, "action")
    await _drain(aiter(self), action)


def launch_in(self: Flow[T], scope: CoroutineScope) -> Job:
    """Collect the flow in a job of `scope`; a failure fails the scope.

    A hot flow is subscribed to before this returns: a value emitted right after is not lost.

    >>> async def main():
    ...     async with coroutine_scope() as scope:
    ...         flow_of("a").on_each(print).launch_in(scope)
    >>> run(main)
    a

    Kotlin: `launchIn`.
    """
    return scope.launch(_drain, aiter(self), None, name=f"launch_in {self!r}")


async def _drain(values: AsyncIterator[T], action: Callable[[T], Any] | None) -> None:
    try:
        if action is None:
            async for _ in values:
                pass
        elif iscoroutinefunction(action):
            async for value in values:
                await action(value)
        else:
            async for value in values:
                done = action(value)
                if type(done) is CoroutineType:
                    await done
    except BaseException as failure:
        await close(values, failure)
        raise

"""What `as_flow` makes of things that are no iterables: functions, awaitables, queues."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from inspect import (
    CORO_CREATED,
    getcoroutinestate,
    isawaitable,
    iscoroutine,
    iscoroutinefunction,
)
from typing import Any, Protocol, TypeGuard, TypeVar, cast

from flowws._core import IllegalStateError

from ._closing import close_source

T_co = TypeVar("T_co", covariant=True)


class AsyncQueue(Protocol[T_co]):
    """What is known of an `asyncio.Queue`, and of those that are made like it."""

    async def get(self) -> T_co:
        """Take the next item; wait for it."""
        ...

    def task_done(self) -> None:
        """Say that an item that was taken has been dealt with."""


def is_async_queue(source: Any) -> TypeGuard[AsyncQueue[Any]]:
    """Whether `source` is a queue for tasks; one for threads has a `get` that blocks."""
    return iscoroutinefunction(getattr(source, "get", None)) and callable(getattr(source, "task_done", None))


async def called(function: Callable[[], Any]) -> AsyncIterator[Any]:
    """What calling the function gives: the value, awaited if need be, or all that an iterator gives."""
    outcome = function()
    if isinstance(outcome, Iterator):
        for value in cast("Iterator[Any]", outcome):
            yield value
    elif isinstance(outcome, AsyncIterator):
        values = cast("AsyncIterator[Any]", outcome)
        try:
            async for value in values:
                yield value
        finally:
            await close_source(values)
    else:
        yield await outcome if isawaitable(outcome) else outcome


async def awaited(source: Awaitable[Any]) -> AsyncIterator[Any]:
    """The one value of something that can be awaited."""
    if iscoroutine(source) and getcoroutinestate(source) != CORO_CREATED:
        raise IllegalStateError(f"{source!r} can be collected only once; the function that made it, again and again")
    yield await source


async def taken_from(queue: AsyncQueue[Any]) -> AsyncIterator[Any]:
    """The items of a queue, until that is shut down. Each is done when the next one is asked for, or nobody asks."""
    while True:
        try:
            item = await queue.get()
        except Exception as end:
            if type(end).__name__ == "QueueShutDown":  # asyncio's own, which only Python 3.13 has
                return
            raise
        try:
            yield item
        finally:
            queue.task_done()


for _each in (called, awaited, taken_from):
    _each.__name__ = "as_flow"  # as the flow shows itself

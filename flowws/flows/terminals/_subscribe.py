"""For those who observe: `subscribe_async`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from aioreactive import AsyncObserver
    from expression.system import AsyncDisposable

    from .._flow import Flow

T = TypeVar("T")


async def subscribe_async(
    self: Flow[T],
    send: AsyncObserver[T] | Callable[[T], Awaitable[object]] | Callable[[T], object] | None = None,
    throw: Callable[[Exception], Awaitable[object]] | Callable[[Exception], object] | None = None,
    close: Callable[[], Awaitable[object]] | Callable[[], object] | None = None,
) -> AsyncDisposable:
    """Run the flow as an observable of aioreactive: give an observer, or functions, sync or async, every value.

    It runs as a job of the current one, or on its own where there is none, until it has ended or what this returns is
    disposed (``await it.dispose_async()``, or ``async with``). A hot flow is subscribed to before this returns. The
    next value is asked for when the observer has finished with the last.

    A failure, above or in the observer, is given to the observer; without `throw` it fails the job. After a disposal
    the observer hears nothing more.

    Raises `IllegalStateError` on trio, which aioreactive does not know.

    >>> async def main():
    ...     async with coroutine_scope():
    ...         await flow_of(1, 2).subscribe_async(print, close=lambda: print("done"))
    >>> run(main)
    1
    2
    done
    """
    from .._aioreactive import subscribe

    return await subscribe(self, send, throw, close)

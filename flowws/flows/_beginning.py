"""A job that has begun: as far as its first wait."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from types import coroutine
from typing import TYPE_CHECKING, Any

from flowws._core import CoroutineScope, Job, Waiter, checkpoint, new_waiter

if TYPE_CHECKING:
    from collections.abc import Generator


async def begun(
    scope: CoroutineScope, work: Callable[..., Coroutine[Any, Any, object]], *arguments: Any, name: str
) -> Job:
    """Launch ``work(*arguments)`` in `scope`, and come back when it waits for the first time or is over.

    That gives jobs an order on both loops: trio begins tasks in an order drawn by lot, and asyncio only after the
    launcher has waited for something.
    """
    await heed_cancellation(scope)
    waits: Waiter[None] = new_waiter()

    def announce(_: object = None) -> None:
        if not waits.done():
            waits.set_result(None)

    job = scope.launch(_announced, work, arguments, announce, name=name)
    job.invoke_on_completion(announce)  # it may be cancelled before its first step
    await waits
    return job


async def heed_cancellation(scope: CoroutineScope) -> None:
    """End a task of `scope` that is cancelled but has not waited since: nothing can be launched there any more."""
    if not scope.is_active:
        await checkpoint()


async def _announced(
    work: Callable[..., Coroutine[Any, Any, object]], arguments: tuple[Any, ...], announce: Callable[[], None]
) -> None:
    await _until_it_waits(work(*arguments), announce)


@coroutine
def _until_it_waits(work: Coroutine[Any, Any, object], announce: Callable[[], None]) -> Generator[Any, Any, None]:
    """Run `work`, calling `announce` when it suspends for the first time."""
    try:
        suspended = work.send(None)
        announce()
        while True:
            try:
                resumed = yield suspended
            except BaseException as thrown:  # noqa: BLE001  # passed on to the work, like everything else
                suspended = work.throw(thrown)
            else:
                suspended = work.send(resumed)
    except StopIteration:
        return

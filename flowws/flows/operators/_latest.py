"""Only the newest counts: `flat_map_latest`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from types import coroutine
from typing import TYPE_CHECKING, Any, TypeVar, overload

from flowws._core import CancellationError, Job, Waiter, checkpoint, coroutine_scope, new_waiter
from flowws.channels import Channel

from .._arguments import require_callable, settled
from .._closing import close, close_source
from .._collection_scope import CollectionScope

if TYPE_CHECKING:
    from collections.abc import Generator

    from .._flow import Flow

T = TypeVar("T")
R = TypeVar("R")


@overload
def flat_map_latest(self: Flow[T], transform: Callable[[T], Coroutine[Any, Any, Flow[R]]]) -> Flow[R]: ...
@overload
def flat_map_latest(self: Flow[T], transform: Callable[[T], Flow[R]]) -> Flow[R]: ...
def flat_map_latest(self: Flow[T], transform: Callable[[T], Any]) -> Flow[Any]:
    """The values of ``transform(value)`` for the newest value above; a new one cancels the flow of the one before.

    The old flow is cancelled, and its cleanup awaited, before the new one starts. What it had handed over before that
    is still delivered (a buffer of 64). A flow that never waits is never interrupted.

    >>> run(flow_of(1, 2).flat_map_latest(lambda n: flow_of(n, n * 10)).to_list)
    [1, 10, 2, 20]

    Kotlin: `flatMapLatest`.
    """
    require_callable(transform, "transform")
    return self._through(_flat_map_latest, transform)


async def _flat_map_latest(source: AsyncIterator[T], transform: Callable[[T], Any]) -> AsyncIterator[Any]:
    output: Channel[Any] = Channel(Channel.BUFFERED)
    scope = CollectionScope("flat_map_latest")
    try:
        # Closes the channel too when somebody else cancels the job: `current_job().cancel_children()`, say.
        scope.launch(_switch, source, transform, output).invoke_on_completion(output.close)
        async for value in output:
            yield value
    except CancellationError:
        await checkpoint()  # if it is the collector who is cancelled, then by this, which no `catch` sees
        raise
    finally:
        await scope.aclose()
        await close_source(source)


async def _switch(source: AsyncIterator[T], transform: Callable[[T], Any], output: Channel[Any]) -> None:
    try:
        async with coroutine_scope() as inner:
            running: Job | None = None
            async for value in source:
                if running is not None:
                    await running.cancel_and_join()
                flow = await settled(transform(value))
                # A new flow runs up to its first wait before the next value may interrupt it.
                waits: Waiter[None] = new_waiter()
                running = inner.launch(_announced, waits, _forward, aiter(flow), output, name="flat_map_latest")
                await waits
    except Exception as failure:  # noqa: BLE001  # it goes down the channel to the collector
        output.close(failure)
    else:
        if not inner.job.is_cancelled:
            output.close()


async def _announced(waits: Waiter[None], work: Callable[..., Coroutine[Any, Any, None]], *arguments: Any) -> None:
    await _until_it_waits(work(*arguments), waits)


@coroutine
def _until_it_waits(work: Coroutine[Any, Any, None], waits: Waiter[None]) -> Generator[Any, Any, None]:
    """Run `work`, resolving `waits` when it suspends for the first time or is over."""
    try:
        try:
            suspended = work.send(None)
        finally:
            if not waits.done():
                waits.set_result(None)
        while True:
            try:
                resumed = yield suspended
            except BaseException as thrown:  # noqa: BLE001  # passed on to the work, like everything else
                suspended = work.throw(thrown)
            else:
                suspended = work.send(resumed)
    except StopIteration:
        return


async def _forward(values: AsyncIterator[R], output: Channel[R]) -> None:
    try:
        async for value in values:
            await output.send(value)
    except BaseException as failure:
        await close(values, failure)
        raise

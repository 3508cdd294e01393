"""The beginning and the end of a collection: `on_start`, `on_empty`, `on_completion`; and `cancellable` in between."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flowws._core import CancellationError

from .._arguments import require_callable
from .._closing import close_source, on_its_own, why_closed
from .._fusion import Template
from .._yielding import yielded_by
from ._distinct import ends_with
from ._transform import ALL_OF_INNER

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")
R = TypeVar("R")


def on_start(
    self: Flow[T], action: Callable[[], AsyncIterable[R]] | Callable[[], Awaitable[None]] | Callable[[], None]
) -> Flow[T | R]:
    """Run ``action()`` before the collection of this flow begins; what an async generator function yields there comes
    first.

    Of several, the one lowest in the chain runs first. A hot flow is subscribed to only after the action.

    >>> run(flow_of(1).on_start(lambda: print("start")).to_list)
    start
    [1]

    Kotlin: `onStart`.
    """
    require_callable(action, "action")
    return self._around(_on_start, action)


async def _on_start(flow: Flow[Any], action: Callable[[], Any]) -> AsyncIterator[Any]:
    source: AsyncIterator[Any] = yielded_by(action())
    try:
        async for value in source:
            yield value
        source = aiter(flow)
        async for value in source:
            yield value
    finally:
        await close_source(source)


def on_empty(
    self: Flow[T], action: Callable[[], AsyncIterable[R]] | Callable[[], Awaitable[None]] | Callable[[], None]
) -> Flow[T | R]:
    """The same values; when the flow ends without any, run ``action()`` and give what that yields, if it does.

    A flow that failed, or was cut short or cancelled, is not empty.

    >>> run(flow_of(1, 2).filter(lambda n: n > 2).on_empty(lambda: flow_of(0)).to_list)
    [0]

    Kotlin: `onEmpty`.
    """
    require_callable(action, "action")
    return self._then(_ON_EMPTY, action=action)


_ON_EMPTY = Template("on_empty", """
    empty = False
    ...
""", before="""
    empty = True
    budget = BUDGET
""", last=f"""
    inner = yielded_by(action() if empty else None)
    {ALL_OF_INNER}
""", blocks=3, names={"yielded_by": yielded_by})  # fmt: skip  # a template reads best as a block


def on_completion(
    self: Flow[T],
    action: Callable[[BaseException | None], AsyncIterable[R]]
    | Callable[[BaseException | None], Awaitable[None]]
    | Callable[[BaseException | None], None],
) -> Flow[T | R]:
    """Run ``action(cause)`` once, however the collection ends; it swallows nothing.

    ``cause`` is None when the flow ran to its end and everything below accepted it, the failure when something above or
    below failed, and a `CancellationError` when the collection was cut short (by a `take` below, a `first`, a
    ``break``) or cancelled. With cause None an async generator function may yield more values; otherwise its first
    ``yield`` raises the cause, and a flow that it returns is not collected.

    >>> run(flow_of(1).on_completion(print).to_list)
    None
    [1]

    Kotlin: `onCompletion`.
    """
    require_callable(action, "action")
    return self._through(_on_completion, action)


async def _on_completion(source: AsyncIterator[T], action: Callable[[BaseException | None], Any]) -> AsyncIterator[Any]:
    try:
        async for value in source:
            yield value
    except GeneratorExit:
        cause = why_closed()
        try:
            await close_source(source)
        finally:
            await _complete(action, _as_cause(cause))
        raise
    except BaseException as failure:
        await _complete(action, _as_cause(failure))
        raise
    last = yielded_by(action(None))
    try:
        async for value in last:
            yield value
    finally:
        await close_source(last)


async def _complete(action: Callable[[BaseException | None], Any], cause: BaseException) -> None:
    """Run the action of a collection that did not end well: it has nobody to yield to."""
    try:
        with on_its_own():
            outcome = action(cause)
            if isinstance(outcome, AsyncGenerator):
                await _refuse_values(cast("AsyncGenerator[Any, Any]", outcome), cause)
            elif isawaitable(outcome):
                await outcome
    except Exception as failure:
        if failure is not cause:  # the cause goes on by itself
            raise


async def _refuse_values(values: AsyncGenerator[Any, Any], cause: BaseException) -> None:
    try:
        async for _ in values:
            await values.athrow(cause)
    except StopAsyncIteration:
        pass
    finally:
        await values.aclose()


def _as_cause(failure: BaseException) -> BaseException:
    import anyio

    if isinstance(failure, anyio.get_cancelled_exc_class()):
        return CancellationError("the collection was cancelled")
    return failure


def cancellable(self: Flow[T]) -> Flow[T]:
    """The same values, each after a look at whether the collector has been cancelled.

    Without it a flow that never waits lets other tasks run, and notices a cancellation, once in 256 values. What is
    `cancellable` already stays the same flow.

    >>> async def main():
    ...     async with coroutine_scope() as scope:
    ...         await as_flow(range(9)).on_each(lambda _: scope.cancel()).cancellable().collect(print)
    >>> run(main)
    """
    return self if ends_with(self, _CANCELLABLE) else self._then(_CANCELLABLE)


_CANCELLABLE = Template("cancellable", """
    await checkpoint_if_cancelled()
    ...
""", before="from anyio.lowlevel import checkpoint_if_cancelled")  # fmt: skip  # a template reads best as a block

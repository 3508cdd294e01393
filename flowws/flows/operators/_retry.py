"""Once more, after a failure above: `retry`, `retry_when`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from flowws._core import Duration, checkpoint, delay

from .._arguments import answered, require_callable, require_count, settled
from .._closing import close_source
from .._showing import shown

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")

Decision = Callable[[Exception, int], Awaitable[Any]]


def retry(
    self: Flow[T],
    retries: int | None = None,
    predicate: Callable[[Exception], Awaitable[object]] | Callable[[Exception], object] | None = None,
    *,
    backoff: Callable[[int], Awaitable[Duration]] | Callable[[int], Duration] | None = None,
    reset_on_value: bool = False,
) -> Flow[T]:
    """The same values; when something above fails, the flow is collected anew, at most `retries` times (None: always).

    The law: ``retry_when`` with a function that counts, asks ``predicate(failure)`` if there is one, and waits.
    What came before a failure has been given already, and is not taken back. A failure below this operator is not seen,
    nor is the cancellation of the collector. The predicate is not asked once the attempts are used up.

    Before attempt n, counted from 0, it waits for ``backoff(n)``: a `Backoff`, or a function of yours. Without one the
    other tasks get their turn, no more. With `reset_on_value` every value begins the count anew, as it should for a
    connection that lives for long.

    Raises `ValueError` when `retries` is not positive.

    >>> attempts = iter([ConnectionError("busy"), 7])
    >>> def connect():
    ...     outcome = next(attempts)
    ...     if isinstance(outcome, Exception):
    ...         raise outcome
    ...     return outcome
    >>> run(as_flow(connect).retry(3, backoff=Backoff(0.01)).to_list)
    [7]
    """
    if retries is not None:
        require_count(retries, "retries", least=1)
    if predicate is not None:
        require_callable(predicate, "predicate")
    if backoff is not None:
        require_callable(backoff, "backoff")
    return self._around(_retry, _Policy(retries, predicate, backoff, bool(reset_on_value)))


class _Policy(NamedTuple):
    """The arguments of `retry`."""

    retries: int | None
    predicate: Callable[[Exception], Any] | None
    backoff: Callable[[int], Any] | None
    reset_on_value: bool

    async def once_more(self, failure: Exception, attempt: int) -> bool:
        """Whether to collect the flow anew, after waiting for it."""
        if attempt == self.retries or (self.predicate is not None and not await answered(self.predicate(failure))):
            return False
        if self.backoff is not None:
            await delay(await settled(self.backoff(attempt)))
        return True

    def __repr__(self) -> str:
        """As they are written; what was left out is left out."""
        given = {name: value for name, value in self._asdict().items() if value is not None and value is not False}
        return ", ".join(f"{name}={shown(value)}" for name, value in given.items()).removeprefix("retries=")


def _retry(flow: Flow[T], policy: _Policy) -> AsyncIterator[T]:
    return _attempts(aiter(flow), flow, policy.once_more, policy.reset_on_value)


def retry_when(
    self: Flow[T],
    decide: Callable[[Exception, int], Awaitable[object]] | Callable[[Exception, int], object],
) -> Flow[T]:
    """The same values; when something above fails, the flow is collected anew if ``decide(failure, attempt)`` holds.

    ``attempt`` counts from 0 over the whole collection. The function may be async, and wait before it decides. What
    came before a failure has been given already, and is not taken back. A failure below this operator is not seen, nor
    is the cancellation of the collector; a failure of the function goes down.

    >>> async def patient(failure, attempt):
    ...     print(f"{failure} in attempt {attempt}")
    ...     await delay(0.01)
    ...     return attempt < 2
    >>> run(flow_of("x").map(int).retry_when(patient).catch(lambda failure: flow_of(-1)).to_list)
    invalid literal for int() with base 10: 'x' in attempt 0
    invalid literal for int() with base 10: 'x' in attempt 1
    invalid literal for int() with base 10: 'x' in attempt 2
    [-1]

    Kotlin: `retryWhen`.
    """
    require_callable(decide, "decide")
    return self._around(_retry_when, decide)


def _retry_when(flow: Flow[T], decide: Callable[[Exception, int], Any]) -> AsyncIterator[T]:
    async def once_more(failure: Exception, attempt: int) -> Any:
        return await answered(decide(failure, attempt))

    return _attempts(aiter(flow), flow, once_more, reset_on_value=False)


async def _attempts(
    first: AsyncIterator[T], flow: Flow[T], once_more: Decision, reset_on_value: bool
) -> AsyncIterator[T]:
    source: AsyncIterator[T] | None = first
    attempt = 0
    try:
        while True:
            try:
                if source is None:
                    source = aiter(flow)
                async for value in source:
                    if reset_on_value:
                        attempt = 0
                    yield value
                return
            except Exception as failure:
                if not await once_more(failure, attempt):
                    raise
            attempt += 1
            source = None
            await checkpoint()  # a source that fails without a wait must not keep the loop to itself
    finally:
        if source is not None:
            await close_source(source)

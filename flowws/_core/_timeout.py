"""`with_timeout` and `with_timeout_or_none`: work that has to be done within a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, TypeVarTuple, overload

from ._coroutine_start import CoroutineStart
from ._current_job import current_job
from ._errors import FlowTimeoutError
from ._job import Job
from ._job_state import COMPLETING
from ._launching import begin
from ._lexical_scope import LexicalScope, raise_as_it_is
from ._scope import CoroutineScope
from ._time import Duration, to_seconds

if TYPE_CHECKING:
    import anyio

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


@overload
def with_timeout(timeout: Duration, /) -> AbstractAsyncContextManager[CoroutineScope]: ...
@overload
def with_timeout(timeout: Duration, main: Callable[[*Ts], Awaitable[T]], /, *args: *Ts) -> Coroutine[Any, Any, T]: ...
def with_timeout(
    timeout: Duration, main: Callable[[*Ts], Awaitable[T]] | None = None, /, *args: *Ts
) -> AbstractAsyncContextManager[CoroutineScope] | Coroutine[Any, Any, T]:
    """A time for a block, ``async with with_timeout(2) as scope``, or a call, ``await with_timeout(2, fetch, url)``.

    It is a `coroutine_scope` with a deadline: at its end it waits for what was launched in it. When the time is up,
    block and children are cancelled, and once they have cleaned up `FlowTimeoutError` is raised, even if the block
    caught the cancellation and went on. A failure of block or children goes before it; a cancellation from outside is
    none of its business. Without time (zero or less) the block does not run at all.

    What the block returns too late is thrown away: to take an element from a channel in time, use `select` with
    `on_timeout`, which loses none.

    >>> async def main():
    ...     try:
    ...         async with with_timeout(0.01):
    ...             await await_cancellation()
    ...     except TimeoutError as error:
    ...         return str(error)
    >>> run(main)
    'not done within 0.01 s'

    Kotlin: `withTimeout`.
    """
    scope = _TimeoutScope(to_seconds(timeout, "timeout"))
    return scope if main is None else scope.run(main, *args)


async def with_timeout_or_none(timeout: Duration, main: Callable[[*Ts], Awaitable[T]], /, *args: *Ts) -> T | None:
    """The result of ``main(*args)``, or None if it takes longer than `timeout`.

    Only its own time: the `FlowTimeoutError` of a `with_timeout` inside passes through.

    Kotlin: `withTimeoutOrNull`.
    """
    scope = _TimeoutScope(to_seconds(timeout, "timeout"))
    try:
        return await scope.run(main, *args)
    except FlowTimeoutError as error:
        if error is not scope.timed_out:
            raise
        return None


class _TimedJob(Job):
    """Tells its scope of the first child."""

    __slots__ = ("_on_first_child",)
    _on_first_child: Callable[[], None] | None

    def _attach(self, child: Job) -> None:
        super()._attach(child)
        tell, self._on_first_child = self._on_first_child, None
        if tell is not None:
            tell()


class _TimeoutScope(LexicalScope):
    """The deadline is that of the cancel scope around the block, so no timer task is needed.

    Children run outside of that cancel scope. They too must hear of the deadline when it passes, not when the block
    gets round to leave: a block may wait for a child in a non-cancellable clean-up. So with the first child comes a
    watcher, a background job which ends with the block.
    """

    _new_job = _TimedJob
    _deadline: float

    def __init__(self, seconds: float) -> None:
        super().__init__("with_timeout")
        self._seconds = seconds
        self.timed_out: FlowTimeoutError | None = None
        """What is raised because of this deadline; None as long as it has not passed."""

    async def __aenter__(self) -> Self:
        if self._seconds <= 0:
            raise self._time_is_up(current_job())
        await super().__aenter__()
        assert isinstance(self._job, _TimedJob)  # made by _new_job
        self._job._on_first_child = self._watch
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        self._look_at_the_clock()
        was_ours = await super().__aexit__(kind, error, traceback)
        if self.timed_out is not None and (error is None or was_ours):
            raise_as_it_is(self.timed_out)
        return was_ours

    def _new_block(self) -> anyio.CancelScope:
        import anyio

        self._deadline = anyio.current_time() + self._seconds
        return anyio.CancelScope(deadline=self._deadline)

    def _interrupted(self) -> None:
        self._look_at_the_clock()
        super()._interrupted()

    def _look_at_the_clock(self) -> None:
        """The block was cancelled, yet its job was not: that was the deadline."""
        if self._block.cancel_called:
            self._expire()

    def _expire(self) -> None:
        if self._job._state <= COMPLETING:
            self._job.cancel(self._time_is_up(self._outer))

    def _time_is_up(self, job: Job | None) -> FlowTimeoutError:
        self.timed_out = FlowTimeoutError(self._seconds, None if job is None else job.name)
        return self.timed_out

    def _watch(self) -> None:
        watcher = Job("deadline of with_timeout", self._job, background=True)
        begin(watcher, self._sleep_and_expire, (), CoroutineStart.DEFAULT)

    async def _sleep_and_expire(self) -> None:
        import anyio

        await anyio.sleep_until(self._deadline)
        self._expire()

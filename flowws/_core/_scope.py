"""`CoroutineScope`: whoever owns jobs. `launch` puts a task into one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import iscoroutine
from typing import TYPE_CHECKING, Any, Literal, TypeVar, TypeVarTuple

from ._completable_job import ScopeJob, heeds_failures
from ._coroutine_context import CoroutineContext, context_of
from ._coroutine_start import CoroutineStart
from ._current_job import current_job
from ._deferred import Deferred
from ._errors import ScopeClosedError
from ._job import CoroutineExceptionHandler, Job
from ._launching import begin
from ._showing import look_of_scope, repr_html, repr_pretty

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from flowws.channels import ActorScope, ProducerScope, ReceiveChannel, SendChannel

E = TypeVar("E")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class CoroutineScope:
    """An owner of jobs that lives until it is cancelled: a service, a session, a notebook.

    It may be created in one task (or in none), launched into from a second and cancelled from a third. The failure of a
    child cancels the scope and all its jobs, and is given to `exception_handler`, else to the loop's own handler; in a
    supervisor scope the failure of one child leaves the others alone. ``async with CoroutineScope() as scope`` cancels
    and joins at the end of the block; for a scope that waits for its children see `coroutine_scope`.

    Kotlin: `CoroutineScope`.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        supervisor: bool = False,
        exception_handler: CoroutineExceptionHandler | None = None,
        parent: Job | None = None,
    ) -> None:
        self._job: Job = ScopeJob(
            type(self).__name__ if name is None else name,
            parent,
            supervisor=supervisor,
            takes_failures=heeds_failures(parent),
            exception_handler=exception_handler,
        )

    @staticmethod
    def in_thread(
        name: str | None = None,
        *,
        backend: Literal["asyncio", "trio"] = "asyncio",
        supervisor: bool = False,
        exception_handler: CoroutineExceptionHandler | None = None,
    ) -> CoroutineScope:
        """A scope with a loop of its own in a daemon thread, which ends when the scope is closed and its jobs are over.

        `launch`, `cancel`, `join` and `aclose` may be called from every thread and loop. The jobs run in that thread
        and go on while this one computes. Raises `ValueError` for another backend, `LookupError` without trio.

        >>> from threading import current_thread
        >>> async def where():
        ...     return current_thread().name
        >>> async with CoroutineScope.in_thread("feeds") as scope:
        ...     await scope.async_(where)
        'feeds'
        """
        from ._loop_scope import LoopScope

        if backend not in ("asyncio", "trio"):
            raise ValueError(f"backend must be 'asyncio' or 'trio', not {backend!r}")
        return LoopScope(name, supervisor=supervisor, exception_handler=exception_handler, thread=backend)

    @property
    def job(self) -> Job:
        """The job at the root of this scope."""
        return self._job

    @property
    def context(self) -> CoroutineContext:
        """The job of this scope, its name, and the handler of failures. Kotlin: `CoroutineScope.coroutineContext`."""
        return context_of(self._job)

    def __add__(self, context: CoroutineContext) -> CoroutineScope:
        """This scope with other settings for what is launched: the lifetime is the same, unless `context` has a job.

        Kotlin: `CoroutineScope.plus`.
        """
        if not isinstance(context, CoroutineContext):  # pyright: ignore[reportUnnecessaryIsInstance]  # operator's duty
            return NotImplemented
        return _ScopeWithContext(self, context)

    @property
    def is_active(self) -> bool:
        """Whether something can still be launched here. Kotlin: `CoroutineScope.isActive`."""
        return self._job.is_active

    def launch(
        self,
        main: Callable[[*Ts], Awaitable[object]],
        *args: *Ts,
        name: str | None = None,
        start: CoroutineStart = CoroutineStart.DEFAULT,
    ) -> Job:
        """Start ``main(*args)`` as a child job and return at once; the body starts at the caller's next suspension.

        A plain call, from any task or callback of the loop; the job sees the context variables of the caller. Its
        failure cancels this scope. Also a decorator: ``@scope.launch``. `start` says when the body begins.

        Raises `ScopeClosedError` when the scope is cancelled or finished.

        Kotlin: `launch`.
        """
        job = Job(self._name_of(main, name), self._open_job(main))
        self._begin(job, main, args, start)
        return job

    def async_(
        self,
        main: Callable[[*Ts], Awaitable[T]],
        *args: *Ts,
        name: str | None = None,
        start: CoroutineStart = CoroutineStart.DEFAULT,
    ) -> Deferred[T]:
        """Start ``main(*args)`` as a child job with a result: ``await scope.async_(fetch, url)``.

        Its failure is raised by the await, and cancels this scope unless that is a supervisor.

        Kotlin: `async`.
        """
        deferred: Deferred[T] = Deferred(self._name_of(main, name), self._open_job(main))
        self._begin(deferred, main, args, start)
        return deferred

    # A knot between two floors: producers and actors are jobs of a scope, and `scope.produce(...)` is what people type.
    # The imports wait for the call, when both floors stand.

    def produce(
        self,
        main: Callable[[ProducerScope[E]], Awaitable[object]],
        capacity: int = 0,
        *,
        on_undelivered_element: Callable[[E], object] | None = None,
        name: str | None = None,
    ) -> ReceiveChannel[E]:
        """Start ``main(producer)`` as a child job and return the channel that it fills: ``await producer.send(x)``.

        The channel is closed when the function and all jobs launched in `producer` have ended. Cancelling the channel
        cancels them. A failure is raised by the channel, once what was sent is received, and cancels this scope too.

        `capacity` and `on_undelivered_element` are those of `Channel`. Raises `ScopeClosedError` as `launch` does.

        >>> async def squares(producer):
        ...     for n in range(4):
        ...         await producer.send(n * n)
        >>> async def main():
        ...     async with coroutine_scope() as scope:
        ...         return [n async for n in scope.produce(squares)]
        >>> run(main)
        [0, 1, 4, 9]

        Kotlin: `produce`.
        """
        from flowws.channels import produce

        return produce(self, main, capacity, on_undelivered_element=on_undelivered_element, name=name)

    def actor(
        self,
        main: Callable[[ActorScope[E]], Awaitable[object]],
        capacity: int = 0,
        *,
        on_undelivered_element: Callable[[E], object] | None = None,
        name: str | None = None,
        start: CoroutineStart = CoroutineStart.DEFAULT,
    ) -> SendChannel[E]:
        """Start ``main(actor)`` as a child job with a mailbox and return the way into that: ``async for x in actor``.

        Closing the mailbox lets the actor finish what is inside. When the actor ends, fails or is cancelled, what is
        left in the mailbox reaches nobody, and later sends raise `CancellationError`. With `CoroutineStart.LAZY` it
        starts when the mailbox is first used, or closed.

        `capacity` and `on_undelivered_element` are those of `Channel`. Raises `ScopeClosedError` as `launch` does.

        >>> async def adder(actor):
        ...     total = 0
        ...     async for n in actor:
        ...         total += n
        ...     print(total)
        >>> async def main():
        ...     async with coroutine_scope() as scope:
        ...         numbers = scope.actor(adder)
        ...         for n in range(5):
        ...             await numbers.send(n)
        ...         numbers.close()
        >>> run(main)
        10

        Kotlin: `actor`.
        """
        from flowws.channels import actor

        return actor(self, main, capacity, on_undelivered_element=on_undelivered_element, name=name, start=start)

    def cancel(self, cause: BaseException | str | None = None) -> None:
        """Cancel the scope and every job in it. Idempotent; from any thread. Kotlin: `CoroutineScope.cancel`."""
        self._job.cancel(cause)

    def ensure_active(self) -> None:
        """Raise `CancellationError` if the scope is cancelled or finished. Kotlin: `CoroutineScope.ensureActive`."""
        self._job.ensure_active()

    async def join(self) -> None:
        """Wait until the scope is cancelled, or closed, and its jobs have ended."""
        await self._job.join()

    async def aclose(self) -> None:
        """Cancel, then wait until every job has ended.

        A job of this scope that calls it does not wait for itself: it meets its own cancellation here, or, in a
        `non_cancellable` block, goes on.
        """
        import anyio

        here = current_job()
        ours = self._is_around(here)
        self._job.cancel()
        if ours and _is_in_non_cancellable(here, self._job):
            return
        with anyio.CancelScope(shield=not ours):
            await self._job.join()

    def _is_around(self, job: Job | None) -> bool:
        return job is not None and job._is_inside(self._job)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        await self.aclose()
        return None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._job!r}>"

    _look = look_of_scope
    _repr_html_ = repr_html
    _repr_pretty_ = repr_pretty

    def _open_job(self, main: object) -> Job | None:
        """The parent of a new job; None where `_begin` will see to that. Raises what `launch` does."""
        if iscoroutine(main):
            main.close()
            raise TypeError(f"launch takes the function and its arguments, not a coroutine: got {main!r}")
        if not callable(main):
            raise TypeError(f"launch takes an async function, not {main!r}")
        job = self._job
        if not job.is_active:
            raise ScopeClosedError(job.name, job._failure)
        return job

    def _name_of(self, main: Callable[..., object], name: str | None) -> str:
        return name if name is not None else getattr(main, "__qualname__", None) or repr(main)

    def _begin(
        self, job: Job, main: Callable[..., Awaitable[Any]], args: tuple[Any, ...], start: CoroutineStart
    ) -> None:
        begin(job, main, args, start)


def _is_in_non_cancellable(job: Job | None, scope: Job) -> bool:
    """Whether the way up from `job` to `scope` leads through a `non_cancellable` block."""
    while job is not None and job is not scope:
        around = job._around()
        if around is not job._parent:
            return True
        job = around
    return False


class _ScopeWithContext(CoroutineScope):
    """Another way to launch into a scope."""

    def __init__(self, scope: CoroutineScope, context: CoroutineContext) -> None:
        self._job = scope.job if context.job is None else context.job
        self._own = context
        self._scope = scope

    @property
    def context(self) -> CoroutineContext:
        return super().context + self._own

    def _open_job(self, main: object) -> Job | None:
        """The scope underneath may refuse for reasons of its own."""
        return self._scope._open_job(main) if self._own.job is None else super()._open_job(main)

    def _name_of(self, main: Callable[..., object], name: str | None) -> str:
        return super()._name_of(main, self._own.name if name is None else name)

    def _begin(
        self, job: Job, main: Callable[..., Awaitable[Any]], args: tuple[Any, ...], start: CoroutineStart
    ) -> None:
        job._exception_handler = self._own.exception_handler
        if self._own.job is None:
            self._scope._begin(job, main, args, start)
        else:
            super()._begin(job, main, args, start)

"""`LoopScope`: a scope on one loop that takes jobs from every thread, also on a loop of its own in a thread."""

from __future__ import annotations

from _thread import get_ident
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from sys import modules
from typing import TYPE_CHECKING, Any, Literal

from ._backend import current_loop, current_loop_or_none
from ._coroutine_start import CoroutineStart
from ._errors import CancellationError, ScopeClosedError
from ._job import CoroutineExceptionHandler, Job
from ._launching import begin
from ._scope import CoroutineScope

if TYPE_CHECKING:
    from concurrent.futures import Future
    from threading import Thread

    from ._backend import Loop


class LoopScope(CoroutineScope):
    """A scope whose jobs all run on one loop, whichever thread or loop they are launched from.

    Without `thread` that is the loop that runs here. With it, a daemon thread runs a loop of that kind until the scope
    is cancelled and its jobs have ended. `launch`, `cancel`, `join` and `aclose` may be called anywhere; what jobs
    share with the code outside is theirs to protect, as always between threads: channels and hot flows belong to one
    loop (`send_from_thread` crosses over).

    Raises `RuntimeError` where no loop runs, without `thread`; `LookupError` when trio is not installed.
    """

    _loop: Loop
    _thread_id: int

    def __init__(
        self,
        name: str | None = None,
        *,
        supervisor: bool = False,
        exception_handler: CoroutineExceptionHandler | None = None,
        thread: Literal["asyncio", "trio"] | None = None,
    ) -> None:
        if thread not in (None, "asyncio", "trio"):
            raise ValueError(f"thread must be 'asyncio', 'trio' or None, not {thread!r}")

        def make() -> None:  # on the loop itself, which the job of the scope then belongs to
            self._loop = current_loop()
            self._thread_id = get_ident()
            super(LoopScope, self).__init__(name, supervisor=supervisor, exception_handler=exception_handler)

        self._thread: Thread | None = None
        if thread is None:
            make()
        else:
            self._start_thread(make, thread, name or type(self).__name__)

    @property
    def has_a_loop(self) -> bool:
        """Whether the loop of this scope has not ended yet."""
        try:
            self._loop.post(int)  # there is no better way to ask
        except RuntimeError:
            return False
        return True

    def finish(self, seconds: float) -> None:
        """Cancel, and wait in a plain call for the jobs to end, at most so long: for the end of the program, when the
        loop has been stopped. Does nothing on a loop that still runs in this thread.
        """
        if self._thread is None:
            self._loop.run_on(self._job.cancel_and_join, seconds)
        else:
            self.cancel()
            self._thread.join(seconds)

    def _start_thread(self, make: Callable[[], None], backend: str, name: str) -> None:
        from concurrent.futures import Future
        from threading import Thread

        started: Future[None] = Future()
        self._thread = Thread(target=_run_thread, args=(self, make, backend, started), name=name, daemon=True)
        self._thread.start()
        started.result()

    # Launching. In another thread, or on another loop, a job is made without a parent; its scope adopts it on the loop.

    def _is_here(self) -> bool:
        if self._thread_id != get_ident():
            return False
        loop = current_loop_or_none()  # a run of trio may be nested in an asyncio loop
        return loop is not None and loop.name == self._loop.name

    def _open_job(self, main: object) -> Job | None:
        parent = super()._open_job(main)
        return parent if self._is_here() else None

    def _begin(
        self, job: Job, main: Callable[..., Awaitable[Any]], args: tuple[Any, ...], start: CoroutineStart
    ) -> None:
        if job.parent is not None:
            super()._begin(job, main, args, start)
            return
        job._loop, job._thread = self._loop, self._thread_id
        context = _context_for_another_loop()
        lazy = start is CoroutineStart.LAZY
        if lazy:  # at once: whoever joins it next must see that it is still to be started
            context.run(begin, job, main, args, start)
        try:
            self._loop.post(context.run, self._adopt, job, () if lazy else (main, args, start))
        except RuntimeError as ended:  # that loop has ended
            job._end_body(CancellationError(f"{job.name} could not be started"))
            raise ScopeClosedError(self._job.name, ended) from None

    def _adopt(self, job: Job, beginning: tuple[Any, ...]) -> None:
        job._parent = self._job
        self._job._attach(job)
        if beginning:
            begin(job, *beginning)


def _run_thread(scope: LoopScope, make: Callable[[], None], backend: str, started: Future[None]) -> None:
    import anyio

    async def main() -> None:
        make()
        started.set_result(None)
        try:
            await scope.job.join()
        finally:  # also when the loop was stopped by a job
            scope.job.cancel()

    try:
        anyio.run(main, backend=backend)
    except BaseException as error:
        if started.done():
            raise
        started.set_exception(error)


def _context_for_another_loop() -> Context:
    """The context variables of the caller, without the mark by which anyio and others would take that loop for ours."""
    context = copy_context()
    sniffio = modules.get("sniffio")
    if sniffio is not None:
        context.run(sniffio.current_async_library_cvar.set, None)
    return context

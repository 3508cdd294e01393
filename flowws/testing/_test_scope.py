"""`TestScope`: the scope of one test on virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, ClassVar, Self, TypeVar

from flowws._core import (
    CancellationError,
    CoroutineScope,
    Deferred,
    Duration,
    FlowTimeoutError,
    IllegalStateError,
    Job,
    to_seconds,
)

from ._background_scope import BackgroundScope
from ._errors import LeakError, TestTimeoutError
from ._loops import room_of_running_loop, running_clock
from ._still_active import lines_of_idle_jobs, lines_of_tasks
from ._test_jobs import RootJob
from ._test_scheduler import TestScheduler

T = TypeVar("T")

_QUIET = 0.01  # real seconds without I/O after which `real_io=True` takes it that none is under way
_PATIENCE = 5.0  # real seconds that a test which ran out of time has for its cleanup


class TestScope(CoroutineScope):
    """The scope of one test. The test's body and all that it launches here are children of the scope.

    ::

        (parent) -- frame, a supervisor that hears of failures which are nobody's
                      +-- this scope          body, children     fails with the first failure, ends with the last child
                      +-- background_scope    services           cancelled once this scope has ended

    The test fails with the first failure, raised as itself; what failed besides, in the background, under a supervisor
    or in a scope of its own, is reported when all has ended: alone, or as notes on the first. A test that leaves a task
    behind fails with `LeakError`; one that does not end within `timeout` seconds of real time is cancelled and fails
    with `TestTimeoutError`.

    Made by `run_test` and by the ``test_scope`` fixture; by hand on any loop on virtual time.

    Kotlin: `TestScope`.
    """

    __test__: ClassVar[bool] = False  # not for pytest to collect

    def __init__(
        self,
        name: str = "test",
        *,
        timeout: Duration = 60.0,
        real_io: bool | float = False,
        parent: Job | None = None,
    ) -> None:
        self._timeout = to_seconds(timeout, "timeout")
        if self._timeout <= 0:
            raise ValueError(f"timeout must be greater than zero, not {timeout!r}")
        self._quiet = _QUIET if real_io is True else to_seconds(float(real_io), "real_io")
        if self._quiet < 0:
            raise ValueError(f"real_io must be True, False or a number of seconds, not {real_io!r}")
        self._clock = running_clock()
        self._room = room_of_running_loop()
        self._uncaught: list[BaseException] = []
        self._timed_out: TestTimeoutError | None = None
        self._tasks_before: set[object] = set()
        self._has_run = False
        super().__init__(f"{name} (frame)", supervisor=True, parent=parent, exception_handler=self._take_from)
        self._frame = self._job
        self._job = self._root = RootJob(self._frame, name)
        self._background = BackgroundScope(self._frame, self._take)
        self.background_scope: CoroutineScope = self._background
        """For services that the test needs around it: they do not keep it from ending, and are cancelled then.

        Kotlin: `TestScope.backgroundScope`.
        """
        self.scheduler: TestScheduler = TestScheduler(self._clock)
        """Virtual time. Kotlin: `TestScope.testScheduler`."""

    @property
    def current_time(self) -> float:
        """Seconds of virtual time since the test began. Kotlin: `TestScope.currentTime`."""
        return self.scheduler.current_time

    @property
    def time_source(self) -> Callable[[], float]:
        """A clock to hand to code that takes one, as it would take `time.monotonic`. Kotlin: `testTimeSource`."""
        return self.scheduler.time_source

    async def advance_time_by(self, duration: Duration) -> None:
        """Run everything due before the moment `duration` from now, then move the clock there. Kotlin: `advanceTimeBy`.

        What is due exactly then has not run yet: `run_current` runs it.
        """
        await self.scheduler.advance_time_by(duration)

    async def run_current(self) -> None:
        """Run everything that is due now; time does not move. Kotlin: `TestScope.runCurrent`."""
        await self.scheduler.run_current()

    async def advance_until_idle(self) -> None:
        """Run everything, moving time as needed, until only background work is left. Kotlin: `advanceUntilIdle`."""
        await self.scheduler.advance_until_idle()

    async def run_test(self, main: Callable[[Self], Awaitable[T]], *, name: str | None = None) -> T:
        """Run ``main(scope)`` as the body of the test, once, and return what that returns.

        Kotlin: `TestScope.runTest`.
        """
        __tracebackhide__ = True  # pytest shows what the test did, not who ran it
        if self._has_run:
            raise IllegalStateError(f"{self._root.name} has run already: a TestScope is for one test")
        self._has_run = True
        self._tasks_before = set(self._room.tasks())
        self._set_the_clock()
        try:
            with self._room.unhandled(self._take):
                body = self._body(main, name)
                await self._ended()
                left = lines_of_tasks(self._tasks_of_the_test())
        finally:
            self._clock.forget_the_test()
        self._raise_failures(body, left)
        assert body is not None  # only a failure before it keeps a body from running
        return body.get_completed()

    async def aclose(self) -> None:
        """Cancel all that belongs to the test, and wait until it has ended: for a test that will not run after all."""
        import anyio

        self._frame.cancel()
        with anyio.CancelScope(shield=True):
            await self._frame.join()

    def _set_the_clock(self) -> None:
        import anyio.to_thread

        clock = self._clock
        clock.is_background = self._background.owns
        clock.set_alarm(self._timeout, partial(self._room.post, self._time_is_up))
        if self._quiet:
            calls, limiter = self._room.calls_in_threads(), anyio.to_thread.current_default_thread_limiter()
            clock.quiet = self._quiet
            clock.threads_at_work = lambda: bool(limiter.borrowed_tokens or calls())

    def _body(self, main: Callable[[Self], Awaitable[T]], name: str | None) -> Deferred[T] | None:
        """The body, started; None if the test has failed before: a job that a fixture launched can do that."""
        if not self._root.is_active:
            return None
        body = self.async_(main, self, name=name)
        body.invoke_on_completion(lambda _: self._root.complete(None))
        return body

    async def _ended(self) -> None:
        """The test, then the cleanup of the background, has ended. Raises nothing but the caller's cancellation."""
        import anyio

        with anyio.CancelScope() as self._patience:
            try:
                await self._root.join()
            finally:
                self._frame.cancel()
                self._patience.shield = True
                await self._frame.join()
            if self._timed_out is None and self._tasks_of_the_test():
                await self.run_current()  # what is just ending is no leak

    def _time_is_up(self) -> None:
        """Cancel the test; when called again, give up waiting for it. On the loop, outside of any task."""
        if self._timed_out is None:
            self._timed_out = TestTimeoutError(self._timeout, self.current_time, self._active())
            self._clock.set_alarm(_PATIENCE, partial(self._room.post, self._time_is_up))
            self._frame.cancel(self._timed_out)
        else:
            self._patience.cancel()

    # The end

    def _active(self) -> list[str]:
        tasks = self._tasks_of_the_test()
        running = {name for name, _ in tasks}
        idle = [line for scope in (self, self.background_scope) for line in lines_of_idle_jobs(scope.job, running)]
        return lines_of_tasks(tasks) + idle

    def _tasks_of_the_test(self) -> list[tuple[str, object]]:
        return [named for task, named in self._room.tasks().items() if task not in self._tasks_before]

    def _raise_failures(self, body: Deferred[Any] | None, left: list[str]) -> None:
        """Raise the first failure, with the others as notes."""
        __tracebackhide__ = True
        late = self._timed_out
        ended = [job for job in (self._root, body) if job is not None and job.is_completed]
        own = next((error for job in ended if (error := job.get_completion_exception_or_none()) is not None), None)
        failures: list[BaseException] = [] if late is None else [late]
        if own is not None and not (late is not None and isinstance(own, CancellationError)):
            failures.append(own)
        failures += [error for error in self._uncaught if error is not own]
        if left and late is None:
            failures.append(LeakError(left))
        if not failures:
            return
        first, *others = failures
        for other in others:
            first.add_note(f"The test failed in another way, too: {other!r}")
        if isinstance(first, FlowTimeoutError):
            first.add_note(f"This time-out was one of virtual time; the clock says {self.current_time:g} s.")
        raise first

    def _take(self, error: BaseException) -> None:
        if not any(error is each for each in self._uncaught):
            self._uncaught.append(error)

    def _take_from(self, _: Job, error: BaseException) -> None:
        self._take(error)

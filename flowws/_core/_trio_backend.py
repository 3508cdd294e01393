"""trio: a waiter parks its task with `wait_task_rescheduled`, a job is a system task."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator
from contextvars import Context, copy_context
from socket import socket
from typing import Any, Final, TypeVar

import trio
from trio import CancelScope
from trio.lowlevel import (
    Abort,
    RaiseCancelT,
    Task,
    current_task,
    current_trio_token,
    reschedule,
    spawn_system_task,
    wait_readable,
    wait_task_rescheduled,
    wait_writable,
)
from trio.lowlevel import (
    checkpoint as checkpoint,
)

from ._backend import Waiter, Watch
from ._readiness import WatchingTask
from ._self_closing import SelfClosing
from ._trio_ending import Ending

if sys.platform == "linux":
    from ._trio_watches import SocketWatches

_T = TypeVar("_T")

_NOTHING: Final[Any] = object()


class TrioWaiter:
    """A parked trio task. Once it was handed a value it cannot be cancelled any more before it has taken it.

    It stands in for the `outcome.Outcome` that trio wakes a task with: all that trio does with one is `unwrap` it, and
    to make one costs as much as the rest of this waiter (benchmarks/bench_select.py).
    """

    __slots__ = ("_cancelled", "_error", "_result", "_task")

    def __init__(self) -> None:
        self._task: Task | None = None
        self._result: Any = _NOTHING
        self._error: BaseException | None = None
        self._cancelled = False

    def __await__(self) -> Generator[Any, Any, Any]:
        if self._result is _NOTHING:
            self._task = current_task()
            return wait_task_rescheduled(self._abort).__await__()  # noqa: ASYNC105  # awaited by who awaits this
        return self._at_once().__await__()

    async def _at_once(self) -> Any:
        return self.unwrap()

    def _abort(self, _: RaiseCancelT) -> Abort:
        self._cancelled = True
        return Abort.SUCCEEDED

    def set_result(self, result: Any) -> None:
        self._result = result
        if self._task is not None:
            reschedule(self._task, self)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # as above

    def set_exception(self, exception: BaseException) -> None:
        self._error = exception
        self.set_result(None)

    def unwrap(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._result

    def result(self) -> Any:
        if self._result is _NOTHING:
            raise RuntimeError("the waiter has no result")
        return self.unwrap()

    def done(self) -> bool:
        return self._cancelled or self._result is not _NOTHING

    def cancelled(self) -> bool:
        return self._cancelled


class TrioTimer:
    """A task that sleeps, then makes a call."""

    __slots__ = ("_scope",)

    def __init__(self, loop: TrioLoop, delay: float, call: Callable[[], object]) -> None:
        self._scope = CancelScope()
        loop.spawn(self._wait, loop, trio.current_time() + delay, call, name=f"timer for {call!r}")

    async def _wait(self, loop: TrioLoop, when: float, call: Callable[[], object]) -> None:
        with self._scope:
            await loop.ending.outlive(self._scope, trio.sleep_until, when)
        if not self._scope.cancel_called:
            try:
                call()
            except Exception as error:  # noqa: BLE001  # a callback of asyncio's fails alone, too
                loop.report("a call that was due failed", error)

    def cancel(self) -> None:
        self._scope.cancel()


class TrioLoop:
    """One run of trio."""

    __slots__ = ("_left", "_soon", "_token", "_watches", "ending")

    name = "trio"

    def __init__(self) -> None:
        self._token = current_trio_token()
        self.ending = Ending()
        self._left: list[object] = []
        self._soon: list[tuple[Context, Callable[[], object]]] = []
        self._watches: SocketWatches | None = None

    def new_waiter(self) -> Waiter[Any]:
        return TrioWaiter()

    def spawn(self, main: Callable[..., Coroutine[Any, Any, None]], *args: Any, name: str) -> Task:
        return spawn_system_task(main, *args, name=name, context=copy_context())

    # A trio task cannot be begun while another one runs.
    spawn_inline = spawn

    def cancel_scope(self) -> CancelScope:
        return CancelScope()  # not anyio's, which wraps two of these: a third of a launch (benchmarks/bench_job.py)

    def interrupt(self, error: BaseException) -> bool:
        """A system task must not end with anything but cancellation: trio takes that for a fault of its own.

        Ctrl-C has a way, the one by which it came: trio raises it in its main task.
        """
        from _thread import interrupt_main
        from signal import SIGINT, getsignal
        from threading import current_thread, main_thread

        if not isinstance(error, KeyboardInterrupt) or current_thread() is not main_thread():
            return False
        heard = callable(getsignal(SIGINT))
        if heard:
            interrupt_main()
        return heard

    def post(self, call: Callable[..., object], *args: Any) -> None:
        self._token.run_sync_soon(call, *args)

    def call_soon(self, call: Callable[[], object]) -> None:
        # All calls of one turn by one of trio's: that wakes the loop through a socket of its own.
        self._soon.append((copy_context(), call))
        if len(self._soon) == 1:
            self._token.run_sync_soon(self._make_calls)

    def _make_calls(self) -> None:
        calls, self._soon = self._soon, []
        for context, call in calls:
            try:
                context.run(call)
            except Exception as error:  # noqa: BLE001  # a callback of asyncio's fails alone, too
                self.report("a call failed", error)

    def call_later(self, delay: float, call: Callable[[], object]) -> TrioTimer:
        return TrioTimer(self, delay, call)

    if sys.platform == "linux":

        def when_readable(self, watched: socket, call: Callable[[], object]) -> Watch:
            return self._these_watches().when_readable(watched, call)

        def when_writable(self, watched: socket, call: Callable[[], object]) -> Watch:
            return self._these_watches().when_writable(watched, call)

        def _these_watches(self) -> SocketWatches:
            if self._watches is None:
                self._watches = SocketWatches(self.ending, self.report)
            return self._watches

    else:  # pragma: no cover - not where the tests are measured

        def when_readable(self, watched: socket, call: Callable[[], object]) -> Watch:
            return WatchingTask(self, wait_readable, watched, call)

        def when_writable(self, watched: socket, call: Callable[[], object]) -> Watch:
            return WatchingTask(self, wait_writable, watched, call)

    def run_on(self, main: Callable[[], Coroutine[Any, Any, None]], seconds: float) -> None:
        """Nothing to do: a run of trio is over when it stops."""

    def leave(self, values: object) -> None:
        """Keep a generator until trio closes, at the end of its run, all those that are still there."""
        self._left.append(values)

    def report(self, message: str, error: BaseException) -> None:
        # trio has no handler of its own, and a system task that raised would bring the whole run down.
        from logging import getLogger

        getLogger("flowws").error(message, exc_info=error)


_loop_of_run: trio.lowlevel.RunVar[TrioLoop] = trio.lowlevel.RunVar("flowws")


def current_loop() -> TrioLoop | None:
    try:
        return _loop_of_run.get()
    except RuntimeError:  # no trio runs in this thread
        return None
    except LookupError:
        loop = TrioLoop()
        _loop_of_run.set(loop)
        return loop


def _this_loop() -> TrioLoop:
    loop = current_loop()
    assert loop is not None  # this room is asked in a trio task only
    return loop


def new_waiter() -> Waiter[Any]:
    return TrioWaiter()


def waiter_maker() -> Callable[[], Waiter[Any]]:
    return TrioWaiter


lasting_waiter_maker = waiter_maker


def loop_clock() -> Callable[[], float]:
    return trio.current_time


def closing_itself(values: AsyncIterator[_T]) -> AsyncGenerator[_T, None]:
    return SelfClosing(values, _this_loop())  # trio's own finalizer would warn

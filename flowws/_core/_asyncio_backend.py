"""asyncio (uvloop included): a waiter is the loop's own future, written in C."""

from __future__ import annotations

from asyncio import AbstractEventLoop, Future, Handle, Task, TimerHandle, get_running_loop, wait_for
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator
from contextlib import suppress
from functools import partial
from socket import socket
from sys import version_info
from types import coroutine
from typing import Any, Final, TypeVar, cast
from weakref import ref

from anyio import CancelScope, wait_readable, wait_writable

from ._backend import Waiter, Watch
from ._readiness import WatchingTask

_T = TypeVar("_T")

# To ask anyio which loop runs, per job, costs a tenth of a launch (benchmarks/bench_job.py).
_scope_of_asyncio: type[CancelScope] | None = None


class AsyncioLoop:
    """One running asyncio loop. `current_loop` gives the same one as long as somebody has it."""

    __slots__ = ("__weakref__", "_loop", "_new_waiter")

    name = "asyncio"

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._new_waiter: Callable[[], Waiter[Any]] = partial(Future, loop=loop)

    @property
    def new_waiter(self) -> Callable[[], Waiter[Any]]:
        return self._new_waiter

    def spawn(self, main: Callable[..., Coroutine[Any, Any, None]], *args: Any, name: str) -> Task[None]:
        return self._loop.create_task(main(*args), name=name)

    def spawn_inline(self, main: Callable[..., Coroutine[Any, Any, None]], *args: Any, name: str) -> Task[None]:
        from ._inline_step import create_task_inline

        return create_task_inline(self._loop, main(*args), name)

    def cancel_scope(self) -> CancelScope:
        global _scope_of_asyncio  # noqa: PLW0603  # what anyio.CancelScope gives on asyncio, asked for once
        if _scope_of_asyncio is None:
            _scope_of_asyncio = type(CancelScope())
        return _scope_of_asyncio()

    def interrupt(self, error: BaseException) -> bool:
        return False  # a task that ends with it stops the loop, which raises it

    def post(self, call: Callable[..., object], *args: Any) -> None:
        self._loop.call_soon_threadsafe(call, *args)

    def call_soon(self, call: Callable[[], object]) -> Handle:
        return self._loop.call_soon(call)

    def call_later(self, delay: float, call: Callable[[], object]) -> TimerHandle:
        return self._loop.call_later(delay, call)

    def when_readable(self, watched: socket, call: Callable[[], object]) -> Watch:
        try:
            return _Registered(self._loop.add_reader, self._loop.remove_reader, watched.fileno(), call)
        except NotImplementedError:  # Windows, unless its older loop is chosen
            return WatchingTask(self, wait_readable, watched, call)

    def when_writable(self, watched: socket, call: Callable[[], object]) -> Watch:
        try:
            return _Registered(self._loop.add_writer, self._loop.remove_writer, watched.fileno(), call)
        except NotImplementedError:  # as above
            return WatchingTask(self, wait_writable, watched, call)

    def run_on(self, main: Callable[[], Coroutine[Any, Any, None]], seconds: float) -> None:
        if not self._loop.is_closed() and not self._loop.is_running():
            with suppress(TimeoutError):
                self._loop.run_until_complete(wait_for(main(), seconds))

    def leave(self, values: object) -> None:
        """Nothing to do: the loop's own finalizer closes what is dropped."""

    def report(self, message: str, error: BaseException) -> None:
        self._loop.call_exception_handler({"message": message, "exception": error})


class _Registered:
    """A socket that the loop watches by itself. After `cancel`, its number may already be that of another."""

    __slots__ = ("_number", "_remove")

    def __init__(
        self,
        add: Callable[[int, Callable[[], object]], object],
        remove: Callable[[int], object],
        number: int,
        call: Callable[[], object],
    ) -> None:
        self._remove: Callable[[int], object] | None = remove
        self._number = number
        add(number, call)

    def cancel(self) -> None:
        remove, self._remove = self._remove, None
        if remove is not None:
            remove(self._number)


_last: ref[AsyncioLoop] | None = None  # to keep the loop itself would keep a closed one


def current_loop() -> AsyncioLoop | None:
    global _last  # noqa: PLW0603  # of several threads each makes its own in turn, which is no more than it was
    try:
        loop = get_running_loop()
    except RuntimeError:
        return None
    last = None if _last is None else _last()
    if last is None or last._loop is not loop:
        last = AsyncioLoop(loop)
        _last = ref(last)
    return last


new_waiter: Callable[[], Waiter[Any]] = Future  # of the running loop: `loop.create_future()` with two calls less


# Up to 3.11, a future that has to find its loop asks for the process id, which is a system call: with it, waking
# subscribers one by one takes a fifth longer (benchmarks/bench_shared_flow.py), a select a tenth (bench_select.py).
_FINDING_IS_CHEAP: Final = version_info >= (3, 12)


def waiter_maker() -> Callable[[], Waiter[Any]]:
    return Future if _FINDING_IS_CHEAP else get_running_loop().create_future


def lasting_waiter_maker() -> Callable[[], Waiter[Any]]:
    if _FINDING_IS_CHEAP:
        return Future
    loop = get_running_loop()
    create, runs = loop.create_future, loop.is_running
    return lambda: create() if runs() else Future()


@coroutine
def checkpoint() -> Generator[None]:
    """One turn of the loop: all that `asyncio.sleep` and anyio's checkpoint do, without the two frames around it."""
    yield


def loop_clock() -> Callable[[], float]:
    return get_running_loop().time


def closing_itself(values: AsyncIterator[_T]) -> AsyncGenerator[_T, None]:
    return cast("AsyncGenerator[_T, None]", values)  # the loop\'s own finalizer does that

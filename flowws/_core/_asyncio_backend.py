"""asyncio (uvloop included): a waiter is the loop's own future, written in C."""

from __future__ import annotations

from asyncio import AbstractEventLoop, Future, Task, get_running_loop
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator
from types import coroutine
from typing import Any, TypeVar, cast

from anyio import CancelScope

from ._backend import Waiter

_T = TypeVar("_T")

# To ask anyio which loop runs, per job, costs a tenth of a launch (benchmarks/bench_job.py).
_scope_of_asyncio: type[CancelScope] | None = None


class AsyncioLoop:
    """One running asyncio loop. Made anew when asked for: a cache would keep closed loops alive."""

    __slots__ = ("_loop",)

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop

    def new_waiter(self) -> Waiter[Any]:
        return self._loop.create_future()

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

    def leave(self, values: object) -> None:
        """Nothing to do: the loop's own finalizer closes what is dropped."""

    def report(self, message: str, error: BaseException) -> None:
        self._loop.call_exception_handler({"message": message, "exception": error})


def current_loop() -> AsyncioLoop | None:
    try:
        return AsyncioLoop(get_running_loop())
    except RuntimeError:
        return None


new_waiter: Callable[[], Waiter[Any]] = Future  # of the running loop: `loop.create_future()` with two calls less


@coroutine
def checkpoint() -> Generator[None]:
    """One turn of the loop: all that `asyncio.sleep` and anyio's checkpoint do, without the two frames around it."""
    yield


def closing_itself(values: AsyncIterator[_T]) -> AsyncGenerator[_T, None]:
    return cast("AsyncGenerator[_T, None]", values)  # the loop\'s own finalizer does that

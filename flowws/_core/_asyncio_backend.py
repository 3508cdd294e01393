"""asyncio (uvloop included): a waiter is the loop's own future, written in C."""

from __future__ import annotations

from asyncio import AbstractEventLoop, Task, get_running_loop
from collections.abc import Callable, Coroutine
from typing import Any

from anyio.lowlevel import checkpoint as checkpoint

from ._backend import Waiter


class AsyncioLoop:
    """One running asyncio loop. Made anew when asked for: a cache would keep closed loops alive."""

    __slots__ = ("_loop",)

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop

    def new_waiter(self) -> Waiter[Any]:
        return self._loop.create_future()

    def spawn(self, main: Callable[..., Coroutine[Any, Any, None]], *args: Any, name: str) -> Task[None]:
        return self._loop.create_task(main(*args), name=name)

    def post(self, call: Callable[..., object], *args: Any) -> None:
        self._loop.call_soon_threadsafe(call, *args)

    def report(self, message: str, error: BaseException) -> None:
        self._loop.call_exception_handler({"message": message, "exception": error})


def current_loop() -> AsyncioLoop | None:
    try:
        return AsyncioLoop(get_running_loop())
    except RuntimeError:
        return None


def new_waiter() -> Waiter[Any]:
    return get_running_loop().create_future()

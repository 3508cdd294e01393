"""Calls that are made whenever a socket is ready."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from socket import socket
from typing import TYPE_CHECKING

from ._backend import Watch, current_loop

if TYPE_CHECKING:
    from ._backend import Loop


def when_readable(watched: socket, call: Callable[[], object]) -> Watch:
    """Make a call whenever the socket has something to read: again and again, as long as that stays there.

    The socket stays registered between the calls, and takes no task of its own: that is why this exists beside
    `anyio.wait_readable` (benchmarks/bench_echo.py).
    """
    return current_loop().when_readable(watched, call)


def when_writable(watched: socket, call: Callable[[], object]) -> Watch:
    """Make a call whenever the socket takes something to write."""
    return current_loop().when_writable(watched, call)


class WatchingTask:
    """A task that waits for the socket: on loops of asyncio that cannot watch one by themselves, and on trio where
    there is no epoll.
    """

    __slots__ = ("_call", "_cancelled", "_loop", "_scope")

    def __init__(
        self, loop: Loop, wait: Callable[[socket], Awaitable[None]], watched: socket, call: Callable[[], object]
    ) -> None:
        self._loop = loop
        self._call = call
        self._scope = loop.cancel_scope()
        self._cancelled = False
        loop.spawn(self._watch, wait, watched, name=f"watch of {watched!r}")

    async def _watch(self, wait: Callable[[socket], Awaitable[None]], watched: socket) -> None:
        with self._scope:
            while not self._cancelled:
                await wait(watched)
                if not self._cancelled:
                    self._make_call()

    def _make_call(self) -> None:
        try:
            self._call()
        except Exception as error:  # noqa: BLE001  # as the loops themselves do with a callback
            self._loop.report("a call for a socket that was ready failed", error)

    def cancel(self) -> None:
        self._cancelled = True
        self._scope.cancel()

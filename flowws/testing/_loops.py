"""Which of the two rooms that know an event loop is meant."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from sys import modules
from typing import Any, Protocol

from flowws._core import IllegalStateError

from ._virtual_clock import VirtualClock


class LoopRoom(Protocol):
    """What this floor asks of an event loop; `_asyncio_time` and `_trio_time` answer."""

    def backend_options(self) -> dict[str, Any]: ...
    def clock_of_running_loop(self) -> VirtualClock | None: ...
    def calls_in_threads(self) -> Callable[[], int]: ...
    def post(self, call: Callable[[], object]) -> None: ...
    def tasks(self) -> dict[object, tuple[str, object]]: ...
    def unhandled(self, take: Callable[[BaseException], object]) -> AbstractContextManager[None]: ...


def room_of(backend: str) -> LoopRoom:
    """The room of ``"asyncio"`` or ``"trio"``."""
    if backend == "asyncio":
        from . import _asyncio_time

        return _asyncio_time
    if backend == "trio":
        from . import _trio_time

        return _trio_time
    raise ValueError(f"backend must be 'asyncio' or 'trio', not {backend!r}")


def room_of_running_loop() -> LoopRoom:
    lowlevel = modules.get("trio.lowlevel")
    return room_of("trio" if lowlevel is not None and lowlevel.in_trio_task() else "asyncio")


def running_clock() -> VirtualClock:
    """The clock of the loop that runs here. `IllegalStateError` where time is real."""
    clock = room_of_running_loop().clock_of_running_loop()
    if clock is None:
        raise IllegalStateError("time is real on this loop: use run_test, the test_scope fixture, or virtual_time()")
    return clock


def virtual_time(backend: str, **options: Any) -> tuple[str, dict[str, Any]]:
    """An ``anyio_backend`` on virtual time, for a fixture of that name that has no parameters of its own.

    The `test_scope` fixture does this by itself for an ``anyio_backend`` with parameters, as anyio's own is.

    >>> name, options = virtual_time("asyncio", debug=True)
    >>> name, sorted(options)
    ('asyncio', ['debug', 'loop_factory'])
    """
    return backend, {**options, **room_of(backend).backend_options()}

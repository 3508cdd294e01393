"""Which event loop runs here, and the few things that this library asks of it.

Two rooms hold the answers, `_asyncio_backend` and `_trio_backend`; each is loaded when its loop is first met, so that
``import flowws`` loads neither asyncio nor trio (``import asyncio`` alone costs more than all of anyio's front door).
For the same reason anyio itself is imported by the functions that use it.

trio is asked first: a trio run may be nested in a thread whose asyncio loop counts as running (Jupyter's ``%autoawait
trio`` does it), never the other way round.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Generator
from sys import modules
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, TypeVar

_T = TypeVar("_T")

BUDGET: Final = 128
"""After so many operations or values in a row that did not have to wait, one real `checkpoint`: a tight loop over
channels, locks or flows cannot starve its neighbours.
"""


class Waiter(Protocol[_T]):
    """One parked task: a small future that is awaited once and resolved once, on the loop that made it.

    `set_result` hands a value straight to the parked task. If the task was cancelled meanwhile, `cancelled()` is True
    and the value must go elsewhere; on asyncio a task may also be cancelled after it was handed a value (`done()` and
    not `cancelled()` in the ``except`` of the await): then whoever awaits takes the value from `result()` and passes it
    on.
    """

    def __await__(self) -> Generator[Any, Any, _T]: ...
    def set_result(self, result: _T, /) -> None: ...
    def set_exception(self, exception: BaseException, /) -> None: ...
    def result(self) -> _T: ...
    def done(self) -> bool: ...
    def cancelled(self) -> bool: ...


class Timer(Protocol):
    """A call that is due later."""

    def cancel(self) -> object:
        """Do not make the call. Harmless when repeated, or when it was made."""


class Watch(Protocol):
    """What is called whenever a socket is ready, until it is cancelled: before the socket is closed."""

    def cancel(self) -> object:
        """Make no more calls. Harmless when repeated."""


if TYPE_CHECKING:
    from socket import socket

    class CancelScope(Protocol):
        """What cancels the code inside of it, level by level: anyio's or trio's."""

        def __enter__(self) -> Self: ...
        def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /
        ) -> bool | None: ...
        def cancel(self) -> None: ...

    class Loop(Protocol):
        """A running event loop, as a job sees it."""

        name: str
        """``"asyncio"`` or ``"trio"``."""

        @property
        def new_waiter(self) -> Callable[[], Waiter[Any]]:
            """Makes a waiter of this loop."""
            ...

        def cancel_scope(self) -> CancelScope: ...

        def spawn(self, main: Callable[..., Coroutine[Any, Any, None]], *args: Any, name: str) -> object:
            """Start a task that belongs to nobody but the loop; it copies the caller's context."""

        def spawn_inline(self, main: Callable[..., Coroutine[Any, Any, None]], *args: Any, name: str) -> object:
            """The same, and take its first step in here, where the loop can do that."""

        def interrupt(self, error: BaseException) -> bool:
            """Raise `error`, which is no Exception, in whoever runs the loop. False: the task has to end with it."""
            ...

        def post(self, call: Callable[..., object], *args: Any) -> None:
            """Run ``call(*args)`` on the loop soon. May be called from any thread."""

        def call_soon(self, call: Callable[[], object]) -> object:
            """See `flowws._core.call_soon`. Only on the loop itself, where it costs less than `post`."""

        def call_later(self, delay: float, call: Callable[[], object]) -> Timer:
            """See `flowws._core.call_later`."""
            ...

        def when_readable(self, watched: socket, call: Callable[[], object]) -> Watch:
            """See `flowws._core.when_readable`."""
            ...

        def when_writable(self, watched: socket, call: Callable[[], object]) -> Watch:
            """See `flowws._core.when_writable`."""
            ...

        def run_on(self, main: Callable[[], Coroutine[Any, Any, None]], seconds: float) -> None:
            """Run the loop, which has been stopped and not closed, through ``main()`` for at most so long."""

        def leave(self, values: object) -> None:
            """Keep a generator until the loop itself closes it, at its end."""

        def report(self, message: str, error: BaseException) -> None:
            """Tell the loop's own handler of a failure that nobody can be given."""

    class _Backend(Protocol):
        def current_loop(self) -> Loop | None: ...
        def new_waiter(self) -> Waiter[Any]: ...
        def waiter_maker(self) -> Callable[[], Waiter[Any]]: ...
        def lasting_waiter_maker(self) -> Callable[[], Waiter[Any]]: ...
        def checkpoint(self) -> Awaitable[None]: ...
        def loop_clock(self) -> Callable[[], float]: ...
        def closing_itself(self, values: AsyncIterator[_T]) -> AsyncGenerator[_T, None]: ...


_asyncio: _Backend | None = None
_trio: _Backend | None = None


def _asyncio_backend() -> _Backend:
    global _asyncio  # noqa: PLW0603  # loaded once, when first met
    if _asyncio is None:
        from . import _asyncio_backend as backend

        _asyncio = backend
    return _asyncio


def _trio_backend() -> _Backend:
    global _trio  # noqa: PLW0603  # loaded once, when first met
    if _trio is None:
        from . import _trio_backend as backend

        _trio = backend
    return _trio


def _backend() -> _Backend:
    lowlevel = modules.get("trio.lowlevel")
    if lowlevel is not None and lowlevel.in_trio_task():
        return _trio or _trio_backend()
    return _asyncio or _asyncio_backend()


def current_loop() -> Loop:
    """The loop that runs in this thread. `RuntimeError` where none does."""
    loop = current_loop_or_none()
    if loop is None:
        raise RuntimeError(
            "no event loop is running in this thread: flowws needs asyncio or trio, for example `anyio.run(main)`"
        )
    return loop


def report(message: str, error: BaseException) -> None:
    """Tell the running loop's own handler of an error that cannot be raised where it happened."""
    current_loop().report(message, error)


def current_loop_or_none() -> Loop | None:
    """The loop that runs in this thread, None where none does."""
    return _backend().current_loop()


def new_waiter() -> Waiter[Any]:
    """A waiter for the task that runs now: awaiting it parks the task until somebody resolves the waiter."""
    return _backend().new_waiter()


def waiter_maker() -> Callable[[], Waiter[Any]]:
    """`new_waiter` of the loop that runs here, for a task that parks again and again."""
    return _backend().waiter_maker()


def lasting_waiter_maker() -> Callable[[], Waiter[Any]]:
    """The same for what may outlive this loop, and go on on another of its kind, asyncio or trio."""
    return _backend().lasting_waiter_maker()


def checkpoint() -> Awaitable[None]:
    """Let other tasks run once, and notice cancellation."""
    return _backend().checkpoint()


def loop_clock() -> Callable[[], float]:
    """The clock of the loop that runs here, for whoever reads it again and again: seconds since some moment."""
    return _backend().loop_clock()


def closing_itself(values: AsyncIterator[_T]) -> AsyncGenerator[_T, None]:
    """`values`, an async generator, which is closed promptly and silently when it is dropped half-way."""
    return _backend().closing_itself(values)

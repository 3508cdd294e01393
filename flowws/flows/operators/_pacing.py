"""How the operators of time work: an upstream, a clock, and a `Pacer` between them and the collector."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar

from flowws._core import CancellationError, CoroutineStart, checkpoint, new_waiter

from .._closing import close_source
from .._collection_scope import CollectionScope

if TYPE_CHECKING:
    from flowws._core import Waiter

T = TypeVar("T")
R = TypeVar("R")

NOTHING: Final[Any] = object()
"""No value: None is an ordinary one."""

NEVER: Final = inf


class Pacer(ABC, Generic[T, R]):
    """What one operator makes of values, of time that passes, and of the end.

    ::

        upstream ── take ──> Pacer ── gift ──> collector
                               ^
        clock ───── ring ──────┘  when it is `alarm`, while the collector waits

    A state machine that never waits: it is told what happens, puts what comes out into `gift`, and sets its `alarm`.
    To move the alarm costs an assignment, so a burst of values is cheap.
    """

    holds_upstream: ClassVar[bool] = True
    """Whether the upstream waits, with its next value, while the collector is busy."""

    def __init__(self) -> None:
        from anyio import current_time

        self.now = current_time
        self.gift: R = NOTHING
        self.alarm: float = NEVER

    def begin(self) -> None:  # most operators have nothing to do then
        """The collection begins."""

    def ask(self) -> None:  # as above
        """The collector has begun to wait for the next gift."""

    @abstractmethod
    def take(self, value: T) -> None:
        """The upstream gave `value`."""

    @abstractmethod
    def ring(self) -> None:
        """It is `alarm`, or later; the alarm is at `NEVER` again."""

    def end(self) -> None:  # as above
        """The upstream has ended by itself: a gift is the last one."""


async def paced(source: AsyncIterator[T], pacer: Pacer[T, R], name: str) -> AsyncIterator[R]:
    """Everything that `pacer` gives over one run of `source`, which runs in a job of its own."""
    scope = CollectionScope(name)
    meeting = _Meeting(pacer)
    try:
        meeting.begin(source, scope, name)
        while (gift := await meeting.next_gift()) is not NOTHING:
            yield gift
    except CancellationError:
        await checkpoint()  # if it is the collector who is cancelled, then by this, which no `catch` sees
        raise
    finally:
        was_over = meeting.is_over
        await scope.aclose()
        await close_source(source)
        if not was_over:
            meeting.raise_failed_cleanup()


class _Clock:
    """A job that says when it is the pacer's alarm: sets `rang` and calls `wake`.

    Its timer is set anew when it goes off too soon, or when the alarm was moved to an earlier time; mostly an alarm is
    moved to a later one, and that is free (benchmarks/bench_time.py).
    """

    def __init__(self, pacer: Pacer[Any, Any], wake: Callable[[], None]) -> None:
        self._pacer = pacer
        self._wake = wake
        self._waiter: Waiter[None] | None = None
        self.goes_off = NEVER
        self.rang = False

    def look(self) -> None:
        """The alarm is earlier than `goes_off`."""
        self.goes_off = self._pacer.alarm
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def run(self) -> None:
        """Go on until cancelled."""
        from anyio import CancelScope

        while True:
            self.goes_off = self._pacer.alarm
            if self.goes_off <= self._pacer.now():
                self.goes_off = NEVER  # until somebody looks again
                self.rang = True
                self._wake()
            self._waiter = new_waiter()
            with CancelScope(deadline=self.goes_off):
                await self._waiter


class _Meeting(Generic[T, R]):
    """Where the upstream's job, the clock's job and the collector's task meet over a pacer.

    - `_is_asked`: the collector waits and has been given nothing yet. Only then does the alarm ring, and only then is a
      value taken from an upstream that is held.
    - An upstream that is held while the collector is busy parks with its value in `_held`; the collector takes it.
    """

    def __init__(self, pacer: Pacer[T, R]) -> None:
        self._pacer = pacer
        self._clock = _Clock(pacer, self._wake_collector)
        self._is_asked = False
        self._held: T = NOTHING
        self._upstream: Waiter[None] | None = None
        self._collector: Waiter[None] | None = None
        self._cause: BaseException | None = None
        self.is_over = False
        """Whether the upstream has ended, for whatever reason."""

    def begin(self, source: AsyncIterator[T], scope: CollectionScope, name: str) -> None:
        """Start the upstream and the clock."""
        self._pacer.begin()
        # It begins even if it is cancelled before its first step: what is above has to hear of its end.
        upstream = scope.launch(self._drain, source, name=name, start=CoroutineStart.ATOMIC)
        upstream.invoke_on_completion(self._upstream_ended)
        scope.launch(self._clock.run, name=f"clock of {name}")

    # The upstream's side

    async def _drain(self, source: AsyncIterator[T]) -> None:
        holds = self._pacer.holds_upstream
        async for value in source:
            if holds and not self._is_asked:
                await self._hold(value)
            else:
                self._take(value)

    async def _hold(self, value: T) -> None:
        self._held = value
        self._upstream = new_waiter()
        await self._upstream

    def _take(self, value: T) -> None:
        pacer = self._pacer
        pacer.take(value)
        if pacer.gift is not NOTHING:
            self._is_asked = False
            self._wake_collector()
        elif pacer.alarm < self._clock.goes_off:
            self._clock.look()

    def _upstream_ended(self, cause: BaseException | None) -> None:
        self.is_over = True
        self._cause = cause
        self._wake_collector()

    def _wake_collector(self) -> None:
        waiter = self._collector
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # The collector's side

    async def next_gift(self) -> R:
        """What the pacer gives next; `NOTHING` at the end. Raises what the upstream raised."""
        pacer = self._pacer
        self._is_asked = True
        pacer.ask()
        self._release_upstream()
        while pacer.gift is NOTHING:
            if self.is_over:
                self._end()
                break
            if self._clock.rang:
                self._clock.rang = False
                if pacer.alarm <= pacer.now():  # it may have been moved since
                    pacer.alarm = NEVER
                    pacer.ring()
            else:
                await self._sleep()
        self._is_asked = False
        gift, pacer.gift = pacer.gift, NOTHING
        return gift

    def _release_upstream(self) -> None:
        held, self._held = self._held, NOTHING
        if held is NOTHING or self._upstream is None or self._upstream.done():  # done: cancelled with its value
            return
        self._take(held)
        self._upstream.set_result(None)

    async def _sleep(self) -> None:
        if self._pacer.alarm < self._clock.goes_off:
            self._clock.look()
        self._collector = new_waiter()
        try:
            await self._collector
        finally:
            self._collector = None

    def _end(self) -> None:
        cause, self._cause = self._cause, None
        if cause is None:
            self._pacer.end()
            return
        try:
            raise cause
        finally:
            del cause  # its traceback holds this frame

    def raise_failed_cleanup(self) -> None:
        """A failure of the upstream while it was cancelled outranks the reason for that."""
        if self._cause is not None and not isinstance(self._cause, CancellationError):
            self._end()

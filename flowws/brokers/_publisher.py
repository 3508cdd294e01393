"""`Publisher`: the values of one flow on their way into the log."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import islice
from secrets import token_hex
from typing import TYPE_CHECKING, Final

from flowws._core import Waiter, new_waiter, waiter_maker

from ._errors import BrokerClosedError, BrokerError, BrokerUnavailableError
from ._patience import Patience
from ._topic import Topic

if TYPE_CHECKING:
    from ._ground import Ground

_log: Final = logging.getLogger("flowws.brokers")

BATCH: Final = 512
"""At most so many values are written at once,"""
BATCH_BYTES: Final = 1 << 20
"""and no more than so many bytes, unless a single value has more."""


class Publisher:
    """The values of one flow on their way into the log: a bounded queue, and at most one batch in flight.

    ::

        emit ──> pending [v v v v v v v] ──> the log
          │      ^^^^^^^ in flight: they leave when they are acknowledged
          └────> waiting, while pending is full

    When the acknowledgement comes, whatever waits is the next batch. So a lone value is sent at once, and many are sent
    together. What is not acknowledged is sent again, with the same numbers, and the log has it once.
    """

    __slots__ = (
        "_before",
        "_failure",
        "_flushers",
        "_ground",
        "_is_ending",
        "_is_started",
        "_name",
        "_on_end",
        "_parked",
        "_patience",
        "_pending",
        "_producer",
        "_room",
        "_topic",
        "_waiting",
        "_written",
    )

    def __init__(
        self,
        topic: Topic,
        name: str,
        ground: Ground,
        room: int,
        *,
        before: Callable[[], Awaitable[object] | None],
        on_end: Callable[[Exception | None], object],
    ) -> None:
        if type(room) is not int or room < 1:
            raise ValueError(f"pending must be a number of values, 1 or more, not {room!r}")
        self._topic = topic
        self._name = name
        self._ground = ground
        self._room = room
        self._before = before  # what must have happened before a batch leaves, if anything must
        self._on_end = on_end
        self._patience = Patience(ground.status)
        self._producer = token_hex(8)
        self._pending = deque[bytes]()
        self._written = 0  # how many values the log has acknowledged: the number of the first pending one is one more
        self._waiting = deque[tuple[Waiter[None], bytes]]()
        self._flushers = deque[tuple[int, Waiter[None]]]()
        self._parked: Waiter[None] | None = None
        self._failure: Exception | None = None
        self._is_started = self._is_ending = False

    def facts(self) -> dict[str, object]:
        """What somebody who looks at the flow is shown."""
        facts: dict[str, object] = {"written": self._written, "pending": f"{len(self._pending)} of {self._room}"}
        return facts | ({"emitters, parked": len(self._waiting)} if self._waiting else {})

    # Who emits

    def offer(self, payload: bytes) -> bool:
        """Take in a value, if there is room. Raises why there never will be any."""
        if self._failure is not None:
            raise self._failure.with_traceback(None)  # else it would collect the frames of everybody
        if len(self._pending) >= self._room or self._waiting:
            return False
        self._pending.append(payload)
        if self._parked is not None:
            self._go_on()
        elif not self._is_started:
            self.start()
        return True

    def raise_failure(self) -> None:
        """Raise why nothing more will be written, if that is so."""
        if self._failure is not None:
            raise self._failure.with_traceback(None)  # else it would collect the frames of everybody

    async def wait_for_room(self, payload: bytes) -> None:
        """Take in a value as soon as there is room. Who is cancelled takes it back."""
        waiter: Waiter[None] = new_waiter()
        waiting = (waiter, payload)
        self._waiting.append(waiting)
        try:
            await waiter
        except BaseException:
            if not waiter.done() or waiter.cancelled():
                self._take_back(waiting)
            raise

    def _take_back(self, waiting: tuple[Waiter[None], bytes]) -> None:
        for place, other in enumerate(self._waiting):
            if other is waiting:
                del self._waiting[place]
                break

    async def flush(self) -> None:
        """Wait until the log has all that was taken in so far."""
        if self._failure is not None:
            raise self._failure.with_traceback(None)  # else it would collect the frames of everybody
        if self._pending:
            waiter: Waiter[None] = new_waiter()
            self._flushers.append((self._written + len(self._pending), waiter))
            await waiter

    # The job

    def start(self) -> None:
        """Begin to write, if there is something to be written and the broker is open."""
        if self._pending and not self._is_started and self._ground.is_open:
            self._is_started = True
            self._ground.launch(self._run, f"writing {self._name}")

    def _go_on(self) -> None:
        parked, self._parked = self._parked, None
        if parked is not None and not parked.done():
            parked.set_result(None)

    async def _run(self) -> None:
        new_waiter = waiter_maker()
        pending = self._pending
        try:
            while pending or not self._is_ending:
                if pending:
                    await self._patience.insist(self._send)
                    self._let_in()
                else:
                    self._parked = waiter = new_waiter()
                    await waiter
            self._on_end(None)
        except Exception as failure:  # noqa: BLE001  # whatever it is, nobody shall wait for ever
            trace = None if isinstance(failure, BrokerError) else failure
            _log.error("%d values of %r cannot be written: %r", len(pending), self._name, failure, exc_info=trace)
            self._fail(failure)
            self._on_end(failure)

    async def _send(self) -> None:
        before = self._before()
        if before is not None:
            await before
        pending = self._pending
        batch = list(islice(pending, BATCH))
        if len(batch) > 1 and sum(map(len, batch)) > BATCH_BYTES:
            batch = _cut(batch)
        await self._topic.publish(batch, producer=self._producer, first_seq=self._written + 1)
        for _ in batch:
            pending.popleft()
        self._written += len(batch)

    def _let_in(self) -> None:
        while self._waiting and len(self._pending) < self._room:
            waiter, payload = self._waiting.popleft()
            if not waiter.done():
                self._pending.append(payload)
                waiter.set_result(None)
        while self._flushers and self._flushers[0][0] <= self._written:
            waiter = self._flushers.popleft()[1]
            if not waiter.done():
                waiter.set_result(None)

    # The end

    def finish(self) -> None:
        """End when everything is written."""
        self._is_ending = True
        if self._is_started:
            self._go_on()
        elif not self._pending:
            self._on_end(None)

    def _fail(self, failure: Exception) -> None:
        # Nothing more will be written: everybody who waits for it is told.
        if self._failure is not None:
            return
        self._failure = failure
        for waiter in (*(each[0] for each in self._waiting), *(each[1] for each in self._flushers)):
            if not waiter.done():
                waiter.set_exception(failure)
        self._waiting.clear()
        self._flushers.clear()

    def give_up(self) -> int:
        """The broker's block has been left: how many values have not been written."""
        left = len(self._pending)
        self._fail(
            BrokerUnavailableError(f"{left} values of {self._name!r} were not written before the broker was closed")
            if left
            else BrokerClosedError(f"the broker of {self._name!r} has been closed")
        )
        return left


def _cut(batch: list[bytes]) -> list[bytes]:
    size = 0
    for count, payload in enumerate(batch):
        size += len(payload)
        if size > BATCH_BYTES and count:
            return batch[:count]
    return batch

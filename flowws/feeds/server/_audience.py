"""`Audience`: the subscriptions that want the same under the same id, so that one message serves them all."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from flowws.feeds.filters import EVERYTHING, Filter
from flowws.websocket import SessionClosedError, SharedMessage

from ._counts import Counts
from ._frames import Frames, Update
from ._interruption import Interruption

_log: Final = logging.getLogger("flowws.feeds")

FAILED: Final = "the feed has failed"
"""What clients are told; why is for the log."""

SLICE: Final = 64
"""After so many deliveries in a row, a look at the clock."""


class Waiting(NamedTuple):
    """An update that has passed the filter of an audience, as it waits for a member who is behind."""

    number: int
    """How many have passed before it."""
    offset: int
    value: Any
    message: Update


class Batch:
    """What passes of the updates of one round, and goes to every member in one message.

    Where nothing has passed for long, it is empty, and its message says so.
    """

    __slots__ = ("_messages", "_updates", "_waiting", "first", "message")

    def __init__(
        self,
        first: int,
        updates: Sequence[tuple[int, Any]] = (),
        messages: Sequence[Update] = (),
        message: SharedMessage | None = None,
    ) -> None:
        self.first: Final = first
        """The number of the first."""
        self.message: Final = message or (messages[0] if len(messages) == 1 else SharedMessage(*messages))
        self._updates = updates
        self._messages = messages
        self._waiting: list[Waiting] | None = None  # made for the first who asks

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def waiting(self) -> list[Waiting]:
        """One by one, for who has to wait for them: the same for everybody."""
        if self._waiting is None:
            self._waiting = [
                Waiting(number, offset, value, message)
                for number, ((offset, value), message) in enumerate(
                    zip(self._updates, self._messages, strict=True), start=self.first
                )
            ]
        return self._waiting


class Member(ABC):
    """A subscription, as its audience sees it."""

    __slots__ = ("send",)

    send: Callable[[SharedMessage], bool]
    """Sends at once, or not at all: False. What is not in the fast lane any more says True, and does nothing."""

    @abstractmethod
    def fall_behind(self, batch: Batch) -> None:
        """This batch could not be sent: it has to wait, and all that follows."""

    @abstractmethod
    def put_aside(self, batch: Batch) -> None:
        """Keep a batch for later: a member that is behind already."""

    @abstractmethod
    def interrupt(self, interruption: Interruption) -> None:
        """Between what there is and what follows, the client has to be told this."""

    @abstractmethod
    def look_up(self) -> None:
        """Nothing was to be put aside, but the audience has got further: a member may be behind no more."""

    @abstractmethod
    def finish(self, problem: str | None, *, is_error: bool) -> None:
        """Nothing follows what there is: the source has ended, or something has failed."""

    @abstractmethod
    def leave(self) -> None:
        """The session is over."""


class Audience:
    """The subscriptions that want the same under the same id.

    ::

        updates of a round -> filter -> one message for all -> fast: sent at once, in slices
                                                            -> slow: each member puts it aside

    A member is in one of the two lanes. One that cannot be sent a message at once is slow from then on, and comes back
    when it has caught up.
    """

    __slots__ = (
        "_batch",
        "_counts",
        "_frames",
        "_patience",
        "_told",
        "_unreached",
        "fast",
        "id",
        "offset",
        "passed",
        "slow",
        "wanted",
    )

    def __init__(self, wanted: Filter, id: int, frames: Frames, counts: Counts, offset: int, patience: int) -> None:
        self.wanted: Final = wanted
        self.id: Final = id
        self.fast: dict[Member, None] = {}
        self.slow: dict[Member, None] = {}
        self.passed: int = 0
        """How many updates have passed the filter."""
        self.offset: int = offset
        """The offset of the last update that was looked at."""
        self._frames = frames
        self._counts = counts
        self._told = offset  # where those in the fast lane know that they are
        self._patience = patience
        self._batch: Batch | None = None  # that is being delivered
        self._unreached: list[Member] = []  # by it

    def __bool__(self) -> bool:
        return bool(self.fast or self.slow)

    def deliver(self, updates: Sequence[tuple[int, Any]]) -> Iterator[None]:
        """Give the updates of a round to every member; a step of it is short."""
        if updates[0][0] <= self.offset:  # there was no such audience yet
            updates = [each for each in updates if each[0] > self.offset]
            if not updates:
                return
        try:
            batch = self._look_at(updates)
        except Exception as failure:  # noqa: BLE001  # the filter's or the converter's: it ends this audience alone
            _log.error("a feed has failed those who want %r", self.wanted, exc_info=failure)
            self.finish(FAILED, is_error=True)
            return
        # Who leaves in the meantime has another `send` from then on, or has taken it; who comes now is not among them.
        self._batch, self._unreached = batch, [] if batch is None else list(self.fast)
        for member in tuple(self.slow):
            if batch:
                member.put_aside(batch)
            else:
                member.look_up()
        if batch is None:
            return
        count = len(batch)
        while self._unreached:
            some = self._unreached[:SLICE]
            del self._unreached[:SLICE]
            self._counts.delivered += (len(some) - _send(some, batch)) * count
            yield
        self._batch = None

    def due(self, member: Member, ahead: Sequence[tuple[int, Any]]) -> Iterator[Batch]:
        """Take what has not reached this member yet, if the audience has not looked at so many updates."""
        if self._batch is not None and member in self._unreached:
            self._unreached.remove(member)
            if self._batch:
                yield self._batch
        if ahead:
            passing, messages = self._passing(ahead)
            if passing:
                yield Batch(self.passed, passing, messages)

    def _passing(self, updates: Sequence[tuple[int, Any]]) -> tuple[Sequence[tuple[int, Any]], list[Update]]:
        wanted, message = self.wanted, self._frames.update
        passing = updates if wanted is EVERYTHING else [each for each in updates if wanted(each[1])]
        return passing, [message(value, self.id, offset) for offset, value in passing]

    def _look_at(self, updates: Sequence[tuple[int, Any]]) -> Batch | None:
        passing, messages = self._passing(updates)
        first = self.passed
        self.passed = first + len(messages)
        self.offset = updates[-1][0]
        if not messages:
            return self._progress()
        self._told = passing[-1][0]
        return Batch(first, passing, messages)

    def _progress(self) -> Batch | None:
        """Whoever hears nothing for long would come back with a position that is no longer kept."""
        if self.offset - self._told < self._patience:
            return None
        self._told = self.offset
        return Batch(self.passed, message=self._frames.progress(self.id, self.offset))

    def interrupt(self, interruption: Interruption) -> Iterator[None]:
        """Put it in its place for every member; a step of it is short."""
        self.offset = self._told = interruption.at.offset
        for number, member in enumerate((*self.fast, *self.slow), start=1):
            member.interrupt(interruption)
            if number % SLICE == 0:
                yield

    def finish(self, problem: str | None, *, is_error: bool) -> None:
        """Nothing follows for any member."""
        for member in (*self.fast, *self.slow):
            member.finish(problem, is_error=is_error)


def _send(members: Sequence[Member], batch: Batch) -> int:
    """Send to each member of the fast lane; how many did not get it."""
    message, missed = batch.message, 0
    for member in members:
        try:
            if not member.send(message):
                member.fall_behind(batch)
                missed += 1
        except SessionClosedError:
            member.leave()
            missed += 1
        except Exception as failure:  # noqa: BLE001  # whatever is wrong with one connection, the others have to get it
            _log.error("an update could not be sent", exc_info=failure)
            member.finish(FAILED, is_error=True)
            missed += 1
    return missed

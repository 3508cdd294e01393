"""`WireSubscription`: one collection of a feed, as it stands on the wire, from one connection to the next."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple, TypeAlias

from flowws._core import Waiter, new_waiter
from flowws.channels import Channel

from .._errors import BadMessageError, SourceFailedError, SubscriptionRefusedError
from .._position import Position
from .._protocol import (
    EndMessage,
    ErrorMessage,
    Event,
    GapMessage,
    Json,
    ProgressMessage,
    SnapshotMessage,
    Subscribed,
    Switched,
    Unsubscribed,
    UpdateMessage,
)
from ._markers import Gap, Reconnected

ROOM: Final = 64


class Update(NamedTuple):
    """A value has come."""

    value: Json
    at: Position


class Items(NamedTuple):
    """A snapshot has come."""

    items: list[Json]
    at: Position


class Missing(NamedTuple):
    """A gap was told."""

    gap: Gap
    at: Position | None
    """Where to resume from now on; None: where it was, as the gap is not over before its snapshot."""


class Progress(NamedTuple):
    """Nothing has come for long, as nothing has passed the filter."""

    at: Position


News: TypeAlias = Update | Items | Missing | Progress | Reconnected


class PendingSwitch:
    """A filter that was asked for and is not in force yet, and who waits for that."""

    __slots__ = ("answer", "filter")

    def __init__(self, wanted: Json) -> None:
        self.filter: Final = wanted
        self.answer: Waiter[Exception | None] = new_waiter()
        """Why it was refused; None: it is in force, or the collection has ended."""

    def settle(self, refusal: Exception | None = None) -> None:
        """Tell who waits, if somebody still does."""
        if not self.answer.done():
            self.answer.set_result(refusal)


class WireSubscription:
    """One collection of a feed: what to ask the server for, and what it has said that the collector has not taken yet.

    ::

        the server's messages --> hear --> [ news ] --> the collector
                                    |
                                 position: where to resume

    Whatever becomes of a connection, the next one is asked for `filter`, the one that was last in force, behind
    `position`, and then for each filter of `switches` again: so a change of filter is exact, too. `position` is None
    where only a new snapshot helps: before the first one, and between a change of filter, or a gap, and its snapshot.

    The server's messages are held back once `ROOM` news wait; but not while a change of filter does, as the one who
    should take the news may be the one who waits for that.
    """

    def __init__(self, topic: str, wanted: Json, after: Position | None) -> None:
        self.topic: Final = topic
        self.filter: Json = wanted
        """The filter in force."""
        self.position: Position | None = after
        """Behind what was heard; None: nothing to resume from."""
        self.switches: deque[PendingSwitch] = deque()
        """The filters to come, the next one first."""
        self.news: Final[Channel[News]] = Channel(Channel.UNLIMITED)
        """For the collector; closed when there will be no more, with a cause if the feed has failed."""
        self.is_greeted: bool = False
        """Whether this connection has answered the subscription."""
        self._epoch: int | None = None if after is None else after.epoch
        self._awaits_snapshot = False
        self._attempt: int | None = None  # which attempt has led to the connection that was last greeted
        self._untaken = 0
        self._held_back: Waiter[None] | None = None

    @property
    def is_over(self) -> bool:
        """Whether there will be no more news."""
        return self.news.is_closed_for_send

    # What the collector does

    def taken(self) -> None:
        """One of the news was taken."""
        self._untaken -= 1
        if self._untaken <= ROOM // 2:
            self._let_on()

    def switch(self, wanted: Json) -> PendingSwitch:
        """Note that another filter is wanted. The server hears of it from whoever has the connection."""
        pending = PendingSwitch(wanted)
        if self.is_over:
            pending.settle()
        else:
            self.switches.append(pending)
            self._let_on()
        return pending

    def end(self, cause: Exception | None = None) -> None:
        """No more news behind those that are here; then the collection ends, or fails with the cause."""
        self.news.close(cause)
        while self.switches:
            self.switches.popleft().settle()
        self._let_on()

    # What the connection does

    async def room(self) -> None:
        """Wait until more news may come."""
        while self._untaken >= ROOM and not self.switches and not self.is_over:
            self._held_back = new_waiter()
            try:
                await self._held_back
            finally:
                self._held_back = None

    def hear(self, event: Event, attempt: int) -> None:
        """Take a message of the server; `attempt` says which attempt to connect has led here.

        Raises `BadMessageError` for one that makes no sense now.
        """
        match event:
            case UpdateMessage(_, value, offset):
                self._tell(Update(value, self._behind(offset)))
            case SnapshotMessage(_, items, at):
                self._awaits_snapshot = False
                self._go_to(at)
                self._tell(Items(items, at))
            case GapMessage():
                self._miss(event)
            case ProgressMessage(_, at):
                self._tell(Progress(self._go_to(at) if isinstance(at, Position) else self._behind(at)))
            case Subscribed():
                self._greet(event, attempt)
            case Switched(_, wanted, at):
                self.filter = wanted
                self._begin_at(at)
                if self.switches:
                    self.switches.popleft().settle()
            case EndMessage(_, problem):
                self.end(None if problem is None else SourceFailedError(problem))
            case Unsubscribed():  # though nobody has asked for that
                self.end()
            case ErrorMessage(problem, code):
                self._refuse(SubscriptionRefusedError(problem, code))

    def _refuse(self, refusal: SubscriptionRefusedError) -> None:
        """The server has refused what was last asked for: a filter to come, or else all of it."""
        if self.is_greeted and self.switches and refusal.code != "failed":
            self.switches.popleft().settle(refusal)
        else:
            self.end(refusal)

    def _greet(self, event: Subscribed, attempt: int) -> None:
        self.is_greeted = True
        if self._attempt is not None:
            self._tell(Reconnected(attempt - self._attempt, event.resumed))
        self._attempt = attempt
        self._awaits_snapshot = False
        if event.resumed:
            if event.at is not None:
                self._go_to(event.at)  # where it was; in an epoch, perhaps, that has begun since
            return
        # Where it was is kept until the gap has come: if this connection does not live to tell it, another one must.
        asked_for = self.position
        self._begin_at(event.at)
        self.position = self.position if asked_for is None else asked_for

    def _begin_at(self, at: Position | None) -> None:
        """Something new begins: there, or with a snapshot."""
        self._awaits_snapshot = at is None
        if at is None:
            self.position = None
        else:
            self._go_to(at)

    def _miss(self, gap: GapMessage) -> None:
        if isinstance(gap.at, Position):
            at = gap.at
            self._epoch = at.epoch
            self._awaits_snapshot = self._awaits_snapshot or gap.is_before_snapshot
            self.position = None if self._awaits_snapshot else at
        else:
            at = self._behind(gap.at)
        self._tell(Missing(Gap(gap.missed, gap.reason, at), self.position))

    def _go_to(self, at: Position) -> Position:
        """Move there, in whatever epoch it is."""
        self._epoch = at.epoch
        self.position = at
        return at

    def _behind(self, offset: int) -> Position:
        """Move on, in the epoch that is known."""
        if self._epoch is None or self._awaits_snapshot:
            raise BadMessageError("an update before its snapshot, or before anything that says where it is")
        self.position = position = Position(self._epoch, offset)
        return position

    def _tell(self, news: News) -> None:
        self._untaken += 1
        self.news.try_send(news)

    def _let_on(self) -> None:
        if self._held_back is not None and not self._held_back.done():
            self._held_back.set_result(None)

    def __repr__(self) -> str:
        return f"<WireSubscription {self.topic!r} at {self.position}, {self._untaken} untaken>"

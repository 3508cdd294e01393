"""`Stage`: what waits for one subscription while it is in the slow lane of its audience."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NamedTuple

from anyio import CancelScope

from flowws.feeds._position import Position
from flowws.feeds._protocol import GapMessage, written
from flowws.flows import Lag, Mailbox
from flowws.websocket import Frame, SharedMessage

from ._audience import Audience, Batch, Waiting
from ._hub import Hub, revision_of
from ._interruption import Interruption

CHUNK: Final = 1 << 16
"""Bytes that leave in one write, about."""


class _Mark(NamedTuple):
    """What a snapshot that is being taken may contain already."""

    revision: int
    number: int
    offset: int


class Stage:
    """What waits for one subscription, from when it fell behind, or came, until it has caught up.

    Updates that pass the filter of an audience are numbered without a hole. So whatever the policy drops, and in
    whatever order it gives out the rest, what is missing between two of them is known.
    """

    __slots__ = (
        "_after",
        "_floor",
        "_hub",
        "_interruptions",
        "_is_ahead",
        "_is_frozen",
        "_mailbox",
        "_marks",
        "_number",
        "_offset",
        "_passed",
        "_scope",
        "_taken",
        "audience",
        "before",
        "is_abandoned",
        "is_acknowledged",
        "opening",
    )

    def __init__(
        self,
        hub: Hub[Any],
        audience: Audience,
        number: int,
        after: int = 0,
        opening: Callable[[Stage], Awaitable[None]] | None = None,
    ) -> None:
        self._hub = hub
        self.audience: Final = audience
        self.opening = opening
        """What comes before the updates that wait."""
        self.before: Stage | None = None
        """What has to be sent first."""
        self.is_acknowledged = opening is None
        """Whether the client knows what it is in."""
        self.is_abandoned = False
        """Whether the client has changed its mind before it got the snapshot."""
        self._number = number  # of the next update that the client is to get
        self._passed = number  # so many have passed by now
        self._offset = after  # of the last of them
        self._after = after  # the audience may be behind: what it hears up to this offset is not for the client
        self._mailbox = self._new_mailbox()
        self._taken = deque[Waiting]()  # out of the mailbox, in order
        self._interruptions = deque[tuple[int, Interruption]]()  # each with the number of the update that it is before
        self._is_frozen = False  # nothing more comes in
        self._floor: int | None = None  # updates of revisions up to here are in the snapshot
        self._is_ahead = False  # the snapshot knows of updates that the feed has not told yet
        self._marks: list[_Mark] | None = None  # while a snapshot with a revision is being taken
        self._scope: CancelScope | None = None  # while a snapshot is awaited

    def _new_mailbox(self) -> Mailbox[Waiting]:
        feed = self._hub.feed
        return feed.lag.mailbox(feed.backlog, lambda waiting: waiting.value)

    @property
    def fault(self) -> Exception | None:
        """Why the client is out."""
        return self._mailbox.fault

    # What comes in

    def put(self, batch: Batch) -> None:
        """Keep what has passed the filter."""
        mailbox = self._mailbox
        lost = mailbox.lost
        waiting = batch.waiting
        if waiting and waiting[0].offset <= self._after:
            behind = [each for each in waiting if each.offset > self._after]
            self._number = batch.first + len(waiting) - len(behind)
            waiting = behind
        if known := self._known_at_first(waiting):  # they are no loss, whatever the policy makes of the others
            self._number = waiting[known - 1].number + 1
            waiting = waiting[known:]
        for each in waiting:
            mailbox.put(each)
        self._passed = batch.first + len(batch)
        if waiting:
            self._offset = waiting[-1].offset
        self._hub.counts.dropped += mailbox.lost - lost
        revision = self._hub.feed.revision
        if self._marks is not None and revision is not None:
            self._marks += [_Mark(revision(each.value), each.number, each.offset) for each in waiting]

    def _known_at_first(self, waiting: Sequence[Waiting]) -> int:
        """How many of these, up to the first that is new, the snapshot says already."""
        floor, of = self._floor, self._hub.feed.revision
        if floor is None or of is None:
            return 0
        return next((count for count, each in enumerate(waiting) if of(each.value) > floor), len(waiting))

    def interrupt(self, interruption: Interruption) -> bool:
        """What was put in comes before it, what will be comes after it. False if there are too many."""
        number, self._after = self._passed, 0
        if self._interruptions and (joined := self._interruptions[-1][1].joined_with(interruption)) is not None:
            interruption = joined
            self._interruptions.pop()
        self._interruptions.append((number, interruption))
        return len(self._interruptions) <= self._hub.feed.backlog

    def freeze(self) -> None:
        """Nothing more comes in: the subscription leaves the audience."""
        self._is_frozen = True

    def abandon(self) -> None:
        """The client wants something else: a snapshot that is being taken is not for it any more, nor what follows."""
        self.freeze()
        self.is_abandoned = True
        if self._scope is not None:
            self._forget()
            self._scope.cancel()

    # The snapshot

    def skip_to_now(self) -> Position:
        """What has happened so far need not be told: it is in what comes first. Where that is."""
        self._hub.catch_up()
        self._forget()
        self._after = self._hub.log.head
        return self._hub.position

    def begin_snapshot(self) -> Position:
        """What has happened so far will be in the snapshot. What happens until it is there is kept, as much as the
        log keeps, whatever the policy says: that a snapshot takes its time is not the client's fault.
        """
        at = self.skip_to_now()
        self._mailbox = Lag.DROP_OLDEST.mailbox(max(self._hub.kept, self._hub.feed.backlog))
        self._marks = None if self._hub.feed.revision is None else []
        return at

    def _forget(self) -> None:
        self._taken.clear()
        self._interruptions.clear()
        self._mailbox = self._new_mailbox()
        self._number = self._passed

    async def awaited(self, snapshot: Awaitable[Any]) -> Any:
        """The snapshot, when it is there; None if the stage is abandoned before."""
        try:
            with CancelScope() as self._scope:
                return await snapshot
        except Exception:
            if not self.is_abandoned:  # else it is what a driver has made of the cancellation
                raise
        finally:
            self._scope = None

    def covered(self, revision: int | None, at: Position) -> Position:
        """The snapshot has been taken, and is of this revision: up to which position it says everything."""
        self._hub.catch_up()
        self._take_out()
        self._mailbox = self._new_mailbox()
        marks, self._marks = self._marks, None
        of = self._hub.feed.revision
        if revision is None or of is None:
            return at
        newest = revision_of(self._hub)
        self._floor = revision
        self._is_ahead = newest is None or newest < revision
        if marks:
            known = bisect_right(marks, revision, key=lambda mark: mark.revision)
            if known:
                self._number = marks[known - 1].number + 1
                epoch = at.epoch
                while self._interruptions and self._interruptions[0][0] < self._number:
                    epoch = self._interruptions.popleft()[1].at.epoch  # what follows it is in the snapshot, too
                at = Position(epoch, marks[known - 1].offset)
        for offset, value in self._hub.ahead(self.audience):
            if offset > self._after and of(value) <= revision:
                self._after = offset
                self._interruptions.clear()  # they were before it
                at = Position(self._hub.log.epoch, offset)
        return at

    # What goes out

    def __bool__(self) -> bool:
        return bool(self._taken or self._mailbox or self._interruptions or self._missing)

    @property
    def has_caught_up(self) -> bool:
        """Whether everything that comes from now on is for the client."""
        if self._is_frozen or (self._is_ahead and not self._is_overtaken()):
            return False
        hub = self._hub
        return self.audience.offset >= self._after or not (hub.is_interrupted or hub.ahead(self.audience))

    def _is_overtaken(self) -> bool:
        """Whether the feed has told everything that the snapshot knows, though none of it may pass the filter."""
        newest, floor = revision_of(self._hub), self._floor
        return floor is None or (newest is not None and newest >= floor and not self._hub.ahead(self.audience))

    @property
    def _missing(self) -> int:
        """How many were lost behind the last one that was given out, if nothing is waiting."""
        return self._passed - self._number

    def take(self) -> tuple[list[SharedMessage], int]:
        """What goes next, in one write, with what is to be said of losses; and how many updates that is."""
        if not self._taken:
            self._take_out()
        until = self._interruptions[0][0] if self._interruptions else None
        parts: list[SharedMessage] = []
        size = count = 0
        while self._taken and size < CHUNK and (until is None or self._taken[0].number < until):
            number, offset, value, message = self._taken.popleft()
            if not self._is_known(value):
                if number > self._number:
                    parts.append(self._gap(number - self._number, offset - 1))
                parts.append(message)
                size += message.size
                count += 1
            self._number = max(self._number, number + 1)  # the snapshot may know more than has waited
        if until is not None:
            if (self._taken[0].number >= until if self._taken else not self._mailbox) and self._number < until:
                parts.append(self._gap(until - self._number, self._interruptions[0][1].since.offset))
                self._number = until
        elif not self._taken and not self._mailbox and self._missing:
            parts.append(self._gap(self._missing, self._offset))
            self._number = self._passed
        return parts, count

    def _take_out(self) -> None:
        mailbox = self._mailbox
        waiting: list[Waiting] = []
        while mailbox:
            waiting.append(mailbox.take())
        waiting.sort(key=lambda each: each.number)  # a policy may give them out in an order of its own
        self._taken.extend(waiting)

    def take_interruption(self) -> Interruption | None:
        """The interruption that comes next, if everything before it has been taken."""
        if self._interruptions and self._number >= self._interruptions[0][0]:
            return self._interruptions.popleft()[1]
        return None

    def _is_known(self, value: Any) -> bool:
        """Whether the snapshot says it already."""
        if self._floor is None:
            return False
        revision = self._hub.feed.revision
        if revision is not None and revision(value) <= self._floor:
            return True
        self._floor, self._is_ahead = None, False
        return False

    def _gap(self, missed: int, at: int) -> SharedMessage:
        self._hub.counts.gaps += 1
        return SharedMessage(Frame.Text(written(GapMessage(self.audience.id, missed, at, "lag"))))

"""`Hub`: the heart of a feed. It hears each update, and brings it to every audience."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import Any, Final, Generic, TypeVar

from flowws._core import call_soon, current_loop
from flowws.brokers import Gap
from flowws.feeds._position import Position
from flowws.feeds.filters import Filter
from flowws.flows import MutableStateFlow

from ._audience import Audience, Batch, Member
from ._broker_log import BrokerLog
from ._counts import Counts
from ._feed import Feed
from ._feed_log import FeedLog, MemoryLog, SharedLog
from ._frames import Frames
from ._interruption import Interruption

T = TypeVar("T")

_log: Final = logging.getLogger("flowws.feeds")

SLICE: Final = 0.005
"""Seconds that a round may take before others have their turn."""

CHUNK: Final = 128
"""Updates that are read from the log at once."""

PATIENCE: Final = 256
"""After so many updates that do not pass, a client is told where it is; at least `IMPATIENCE`."""
IMPATIENCE: Final = 64

FAILED: Final = "it failed"


class Hub(Generic[T]):
    """The heart of a feed.

    ::

        source --tap--> log (offset) --> pending --call_soon--> round: one audience after the other
                                                                  |
                                                                  +-- too long: goes on by call_soon

    What is emitted in one turn of the loop is one round, and leaves in one write. Whoever comes, or changes the filter,
    does so at the position of the log, and waits for no round: of those that are under way, what is up to there is not
    for him, and what is `due` to him of another filter he takes at once.

    A broker's flow may break off, or go on in another epoch: an `Interruption`. It is a round of its own, behind what
    was heard before it, and every member has it put in its place. Behind it offsets may begin anew: whoever goes by
    them asks to `catch_up` first.
    """

    def __init__(self, feed: Feed[T]) -> None:
        # Stored state
        self.feed: Final = feed
        self.counts: Final = Counts()
        self.frames: Final = Frames(feed.converter, self.counts)
        self.log: Final = _log_of(feed)
        self.shared: Final = self.log if isinstance(self.log, SharedLog) else None
        """The log, if other processes know it, too."""
        self.kept: Final = feed.resume if isinstance(feed.resume, int) else 4 * PATIENCE
        """How many updates are remembered; where the log does not say so, a guess."""
        self.patience: Final = max(IMPATIENCE, min(PATIENCE, self.kept // 4))
        """After how many updates of which none passes a client is told so."""
        self.members: Final = MutableStateFlow(0)
        """How many subscriptions there are."""
        self.newest: T | None = None
        """The last update."""
        self.ended: tuple[str | None] | None = None
        """Once nothing more comes: what to say of it."""
        self._audiences: dict[tuple[Filter, int], Audience] = {}
        self._pending: list[tuple[int, T]] = []
        self._rounds = deque[Iterator[None]]()  # that come before what is pending
        self.is_interrupted: bool = False
        """Whether an interruption is on its way: offsets from before it and from behind it are not to be compared."""
        self._lives: set[int] | None = None  # the epochs that this one goes on from; None: all
        self._round: Iterator[None] | None = None  # under way
        self._updates: Sequence[tuple[int, T]] = ()  # of the round under way
        self._is_due = False  # a call has been asked for
        self._soon: Callable[[Callable[[], object]], object] = call_soon  # of the loop on which the members are
        self._is_running = False
        heard = self._heard_of_broker if isinstance(self.log, BrokerLog) else self._heard
        self._tap = feed.source.tap(heard, self._source_ended)

    @property
    def position(self) -> Position:
        """Behind the newest update."""
        return Position(self.log.epoch, self.log.head)

    async def read(self, after: int, until: Position) -> Sequence[tuple[int, T]] | None:
        """Some of the updates behind `after`, up to `until`; none if there are none, None if they are not known."""
        if after == until.offset:
            return ()
        if self._round is None:
            self.frames.trim()
        updates = await self.log.read(after, min(until.offset - after, CHUNK))
        if not updates or updates[0][0] != after + 1 or (self._lives is not None and until.epoch not in self._lives):
            return None  # also where the log has gone back meanwhile: then others have these offsets now
        return [each for each in updates if each[0] <= until.offset]

    # Hearing

    def _heard(self, value: T) -> None:
        try:
            offset = self.log.append(value)
        except Exception as failure:  # noqa: BLE001  # without a log there is no position, and no feed
            _log.error("the log of a feed has failed: %r", self.log, exc_info=failure)
            self.close(FAILED)
            return
        self.newest = value
        if self._audiences:
            self._pending.append((offset, value))
            if not self._is_due:  # as in `_ask`
                self._is_due = True
                self._soon(self._go_on)

    def _heard_of_broker(self, value: T | Gap) -> None:
        assert isinstance(self.log, BrokerLog)  # or it is heard by `_heard`
        if not self.log.is_news(value):
            return
        interruption = self.log.interruption(value)
        if interruption is not None:
            self._interrupt(interruption)
        if not isinstance(value, Gap):
            self._heard(value)

    def _interrupt(self, interruption: Interruption) -> None:
        epoch = interruption.at.epoch
        if not interruption.is_known:
            self._lives = {epoch}
        elif self._lives is not None:
            self._lives.add(epoch)
        if self._audiences:
            pending, self._pending = self._pending, []
            if pending:
                self._rounds.append(self._delivery(pending))
            self._rounds.append(self._interruption(interruption))
            self.is_interrupted = True
            self._ask()
        else:
            self.frames.clear()

    def _source_ended(self, cause: BaseException | None) -> None:
        if cause is not None:
            _log.error("the source of a feed has failed: %r", self.feed.source, exc_info=cause)
        self.close(None if cause is None else FAILED)

    def close(self, problem: str | None = None) -> None:
        """Hear nothing more. Every subscription is told, behind what there is."""
        self._tap.close()
        if isinstance(self.log, BrokerLog):
            self.log.close()
        if self.ended is None:
            self.ended = (problem,)
            if self._audiences:
                self._ask()

    # Delivering

    def _ask(self) -> None:
        if not self._is_due:
            self._is_due = True
            self._soon(self._go_on)

    def _go_on(self) -> None:
        self._is_due = False
        if not self._run(perf_counter() + SLICE):
            self._ask()

    def catch_up(self) -> None:
        """Bring what is pending to everybody, now, if there is an interruption in it."""
        if self.is_interrupted:
            self._run(None)

    def ahead(self, audience: Audience) -> list[tuple[int, T]]:
        """What has been heard, and the audience has not looked at. Call `catch_up` before."""
        return [each for each in (*self._updates, *self._pending) if each[0] > audience.offset]

    def due(self, member: Member, audience: Audience) -> Iterator[Batch]:
        """Take what has been heard and has not reached this member. Call `catch_up` before.

        Raises what the filter or the converter raises.
        """
        return audience.due(member, self.ahead(audience))

    def _run(self, deadline: float | None) -> bool:
        """Deliver until nothing is pending: True. False if that takes longer."""
        if self._is_running:
            return True  # a filter or a converter has emitted something: whoever is running goes on with it
        self._is_running = True
        try:
            while self._round is not None or self._rounds or self._pending:
                if self._round is None:
                    self._round = self._rounds.popleft() if self._rounds else self._new_round()
                for _ in self._round:
                    if deadline is not None and perf_counter() >= deadline:
                        return False
                self._round, self._updates = None, ()
        finally:
            self._is_running = False
        if self.ended is not None:
            for audience in tuple(self._audiences.values()):
                audience.finish(*self.ended, is_error=False)
        return True

    def _new_round(self) -> Iterator[None]:
        updates, self._pending = self._pending, []
        return self._delivery(updates)

    def _delivery(self, updates: Sequence[tuple[int, T]]) -> Iterator[None]:
        self._updates = updates
        self.frames.trim()
        for audience in tuple(self._audiences.values()):
            if audience:
                yield from audience.deliver(updates)
                yield  # a filter takes its time also where nothing passes

    def _interruption(self, interruption: Interruption) -> Iterator[None]:
        self.frames.clear()  # they are known by their offsets, which may begin anew
        for audience in tuple(self._audiences.values()):
            yield from audience.interrupt(interruption)
        self.is_interrupted = bool(self._rounds)

    # Members

    def enter(self, member: Member, wanted: Filter, id: int) -> Audience:
        """Let a member into the slow lane of its audience, which may still have to look at updates of before.

        Call `catch_up` before.
        """
        if not self._audiences:
            # The loop may be another one, and the one before may have ended with something due.
            self._soon = current_loop().call_soon
            self._pending, self._updates, self._round, self._is_due = [], (), None, False
            self._rounds.clear()
            self.is_interrupted = False
        audience = self._audiences.get((wanted, id))
        if audience is None:
            audience = Audience(wanted, id, self.frames, self.counts, self.log.head, self.patience)
            self._audiences[wanted, id] = audience
        audience.slow[member] = None
        self.counts.lagging += 1
        self.members.value += 1
        return audience

    def leave(self, member: Member, audience: Audience) -> None:
        """Let a member out, from whichever lane it is in."""
        if audience.slow.pop(member, self) is None:
            self.counts.lagging -= 1
        else:
            del audience.fast[member]
        self.members.value -= 1
        if not audience and self._audiences.get((audience.wanted, audience.id)) is audience:
            del self._audiences[audience.wanted, audience.id]
            if not self._audiences:
                self._pending.clear()

    def to_fast(self, member: Member, audience: Audience) -> None:
        """A member has caught up."""
        del audience.slow[member]
        audience.fast[member] = None
        self.counts.lagging -= 1

    def to_slow(self, member: Member, audience: Audience) -> None:
        """A member has fallen behind."""
        del audience.fast[member]
        audience.slow[member] = None
        self.counts.lagging += 1

    def __repr__(self) -> str:
        return f"<Hub at {self.position}, {self.members.value} members, {len(self._audiences)} audiences>"


def _log_of(feed: Feed[T]) -> FeedLog[T]:
    if not isinstance(feed.resume, int):
        return feed.resume
    return MemoryLog(feed.resume) if feed.brokered is None else BrokerLog(feed.brokered, feed.resume)


def revision_of(hub: Hub[Any]) -> int | None:
    """The revision of the newest update; None: there was none yet, or it has none."""
    revision, newest = hub.feed.revision, hub.newest
    return None if revision is None or newest is None else revision(newest)

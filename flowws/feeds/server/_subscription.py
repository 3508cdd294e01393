"""`Subscription`: what one client wants of one feed, and how it gets it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from inspect import isawaitable, iscoroutine
from typing import Any, Final, cast

from flowws._core import Job, ScopeClosedError, Waiter, new_waiter
from flowws.feeds._position import Position
from flowws.feeds._protocol import EndMessage, ErrorMessage, Event, GapMessage, Subscribed, Switched, written
from flowws.feeds._snapshot import Snapshot
from flowws.feeds.filters import Filter
from flowws.flows import LaggedError
from flowws.websocket import CloseReason, Frame, SessionClosedError, SharedMessage, WebSocketServerSession

from ._audience import FAILED, Audience, Batch, Member
from ._hub import Hub
from ._interruption import Interruption
from ._stage import Stage

_log: Final = logging.getLogger("flowws.feeds")

TOO_SLOW: Final = CloseReason(CloseReason.Codes.TRY_AGAIN_LATER, "too slow for this feed")


class Subscription(Member):
    """What one client wants of one feed.

    ::

        begin, switch ──> stage: [ opening: acknowledgement, snapshot or replay ] [ what waits ] ──> fast
                            ^                                                                         |
                            +─────────────── a message that cannot leave at once ─────────────────────+

    In the fast lane it has nothing but its place in the audience. Otherwise there is a stage, and a job of the session
    that sends what waits there. A change of the filter ends one stage and begins another: the old one still sends all
    that has passed the old filter, then comes the acknowledgement.
    """

    __slots__ = ("_audience", "_forget", "_job", "_last_words", "_session", "_stage", "_waiter", "hub", "id", "topic")

    def __init__(
        self, session: WebSocketServerSession, hub: Hub[Any], topic: str, id: int, forget: Callable[[int], object]
    ) -> None:
        self.send = session.try_send_shared
        self.topic: Final = topic
        self.id: Final = id
        self._session = session
        self.hub: Final = hub
        self._forget = forget  # what to call when it is over
        self._audience: Audience | None = None
        self._stage: Stage | None = None
        self._job: Job | None = None
        self._waiter: Waiter[None] | None = None  # who wants another filter, until the client knows of this one
        self._last_words: SharedMessage | None = None

    @property
    def size(self) -> int:
        """That of its filter."""
        return 0 if self._audience is None else self._audience.wanted.size

    # What the client wants

    def begin(self, wanted: Filter, after: Position | None) -> None:
        """Begin, behind what the client has already."""
        self.hub.catch_up()
        self._enter(wanted, partial(self._open, wanted=wanted, after=after, at=self.hub.position))
        if self.hub.ended is not None:
            self.finish(*self.hub.ended, is_error=False)

    async def switch(self, wanted: Filter) -> None:
        """Go on with another filter: each update is under the one or the other, none under both, none under neither."""
        while self._is_opening:  # one change after the other: a client that sends and never reads has to wait
            self._waiter = new_waiter()
            await self._waiter
        self._take_what_is_due()
        if self._audience is None or self._last_words is not None:
            return
        self.hub.leave(self, self._audience)
        before = self._stage
        if before is not None:
            before.abandon()
        self._enter(wanted, partial(self._reopen, wanted=wanted, at=self.hub.position), before)

    def _take_what_is_due(self) -> None:
        """Take all that has been heard by now: what its audience hears from now on is not for it."""
        self.hub.catch_up()
        if self._audience is None:
            return
        try:
            for batch in self.hub.due(self, self._audience):
                if self._stage is None:
                    self.fall_behind(batch)
                else:
                    self.put_aside(batch)
        except Exception as failure:  # noqa: BLE001  # the filter's or the converter's
            self._fail(failure)

    def _enter(self, wanted: Filter, opening: Callable[[Stage], Any], before: Stage | None = None) -> None:
        self._audience = self.hub.enter(self, wanted, self.id)
        self._stage = Stage(self.hub, self._audience, self._audience.passed, self.hub.log.head, opening)
        self._stage.before = before
        self._start()

    @property
    def _is_opening(self) -> bool:
        stage = self._stage
        return stage is not None and not stage.is_acknowledged and self._audience is not None and self._job is not None

    # What its audience tells it

    def fall_behind(self, batch: Batch) -> None:
        assert self._audience is not None  # who is in no audience is told nothing
        self.hub.to_slow(self, self._audience)
        self._stage = Stage(self.hub, self._audience, batch.first)
        self.put_aside(batch)

    def put_aside(self, batch: Batch) -> None:
        if self._audience is None:
            return  # the one before was too much
        assert self._stage is not None  # or it would be in the fast lane
        try:
            self._stage.put(batch)
        except Exception as failure:  # noqa: BLE001  # `revision` is the user's
            self._fail(failure)
            return
        fault = self._stage.fault
        if fault is None:
            self.look_up()
        elif isinstance(fault, LaggedError):
            self._is_too_slow()
        else:
            self._fail(fault)

    def _is_too_slow(self) -> None:
        self.hub.counts.disconnected += 1
        self.leave()
        self._session.outgoing.try_send(Frame.Close(TOO_SLOW))

    def look_up(self) -> None:
        stage = self._stage
        assert stage is not None  # as above
        if self._job is not None:
            return  # it looks itself
        if stage:
            self._start()
        else:
            self._try_fast_lane(stage)

    def interrupt(self, interruption: Interruption) -> None:
        if self._audience is None:
            return  # it has left in the meantime
        if self._stage is None:
            self.hub.to_slow(self, self._audience)
            self._stage = Stage(self.hub, self._audience, self._audience.passed)
        if self._stage.interrupt(interruption):
            self._start()
        else:
            self._is_too_slow()

    def finish(self, problem: str | None, *, is_error: bool) -> None:
        if self._last_words is not None or self._audience is None:
            return
        words: Event = ErrorMessage(problem or "", "failed", self.id) if is_error else EndMessage(self.id, problem)
        self._last_words = _message(words)
        if self._stage is None:
            self._stage = Stage(self.hub, self._audience, self._audience.passed)
        self._stage.freeze()
        self.hub.leave(self, self._audience)
        self._audience = None
        self._start()
        self._acknowledge(None)

    def leave(self) -> None:
        self.send = _nothing
        audience, self._audience = self._audience, None
        if audience is not None:
            self.hub.leave(self, audience)
        if self._job is not None:
            self._job.cancel("the subscription is over")
        self._acknowledge(None)

    def _fail(self, failure: Exception) -> None:
        _log.error("a feed has failed one subscription", exc_info=failure)
        self.finish(FAILED, is_error=True)
        if self._last_words is not None:  # the source may have ended before: yet the client has not got all of it
            self._last_words = _message(ErrorMessage(FAILED, "failed", self.id))

    # The slow lane

    def _start(self) -> None:
        if self._job is None:
            try:
                self._job = self._session.launch(self._catch_up, name="feed")
            except ScopeClosedError:
                self.leave()

    async def _catch_up(self) -> None:
        """Send what waits, stage by stage, and go back to the fast lane."""
        try:
            while (stage := self._stage) is not None:
                try:
                    await self._play(stage)
                except Exception as failure:  # noqa: BLE001  # snapshot, revision, log and filters are the user's
                    if isinstance(failure, SessionClosedError) and not self._session.is_active:
                        return  # it is this one, not one that a snapshot asks
                    self._fail(failure)
                    await self._say_last_words()
                    return
                if stage is self._stage:  # there is no other filter since
                    if self._last_words is not None:
                        await self._say_last_words()
                    else:
                        self._try_fast_lane(stage)
                    return  # who is still ahead of his audience looks up when it has got further
        finally:
            self._job = None
            self._acknowledge(None)

    def _try_fast_lane(self, stage: Stage) -> None:
        if self._audience is None:
            return
        try:
            has_caught_up = stage.has_caught_up
        except Exception as failure:  # noqa: BLE001  # `revision` is the user's
            self._fail(failure)
            return
        if has_caught_up:
            self._stage = None
            self.hub.to_fast(self, self._audience)

    async def _play(self, stage: Stage) -> None:
        if stage.before is not None:
            await self._play(stage.before)
            stage.before = None
        if stage.opening is not None:
            await stage.opening(stage)
            stage.opening = None
        while stage:
            await self._session.flush()  # what waits may still give way
            parts, count = stage.take()
            if parts:
                await self._send(SharedMessage(*parts))
                self.hub.counts.delivered += count
            interruption = stage.take_interruption()
            if interruption is not None:
                await self._tell(stage, interruption)

    async def _tell(self, stage: Stage, interruption: Interruption) -> None:
        words = interruption.told_to(self.id)
        if isinstance(words, GapMessage) and not stage.is_abandoned:
            await self._show_behind(words, stage, stage.audience.wanted)
        else:
            await self._say(words)

    async def _say_last_words(self) -> None:
        if self._last_words is not None and self.send is not _nothing:  # or the client is gone
            await self._send(self._last_words)
            if self.send is not _nothing:  # or the id may be another one's by now
                self._forget(self.id)

    def _acknowledge(self, stage: Stage | None) -> None:
        """The client knows which filter it is under, or never will."""
        if stage is not None:
            stage.is_acknowledged = True
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # How a stage begins

    async def _open(self, stage: Stage, wanted: Filter, after: Position | None, at: Position) -> None:
        gap: GapMessage | None = None
        updates: Sequence[tuple[int, Any]] | None = None
        found = after if after is not None and after.epoch == at.epoch and after.offset <= at.offset else None
        if self.hub.shared is not None and (found is not after or not at.epoch):
            found = await self.hub.shared.locate(after)  # who comes from another process may know more than was heard
            at = stage.skip_to_now()
        if found is not None:
            updates = await self.hub.read(found.offset, at)
            if updates is None:
                gap = GapMessage(self.id, at.offset - found.offset, at, "trimmed")
        elif after is not None:
            gap = GapMessage(self.id, None, at, "restart")
        if updates is None or found is None:
            words = [Subscribed(self.topic, self.id, self._resumable(at))]
            await self._show(stage, wanted, words if gap is None else [*words, gap])
            return
        self.hub.counts.resumed += 1
        await self._say(Subscribed(self.topic, self.id, found, resumed=True))
        self._acknowledge(stage)
        await self._replay(stage, wanted, found.offset, at, updates)

    async def _reopen(self, stage: Stage, wanted: Filter, at: Position) -> None:
        await self._show(stage, wanted, [Switched(self.id, wanted.to_json(), self._resumable(at))])

    def _resumable(self, at: Position) -> Position | None:
        """Where a client may resume that gets no further than this: nowhere, if there is a snapshot that it needs."""
        return at if self.hub.feed.snapshot is None else None

    async def _show_behind(self, gap: GapMessage, stage: Stage, wanted: Filter) -> None:
        """In the midst of updates. A client that is lost before it has the snapshot must not resume behind the gap."""
        await self._show(stage, wanted, [replace(gap, is_before_snapshot=self.hub.feed.snapshot is not None)])

    async def _show(self, stage: Stage, wanted: Filter, words: Sequence[Event]) -> None:
        """Say these words, and everything as it is now, if the feed can tell."""
        if self.hub.feed.snapshot is None:
            await self._say(*words)
            self._acknowledge(stage)
            return
        at = stage.begin_snapshot()
        snapshot: Any = self.hub.feed.snapshot(wanted)
        if isawaitable(snapshot):
            if not stage.is_acknowledged:
                await self._say_before(snapshot, words)
                words = ()
                self._acknowledge(stage)
            snapshot = await stage.awaited(snapshot)
            if stage.is_abandoned:
                if words:
                    await self._say(*words)
                return
        taken = cast("Snapshot[Any]", snapshot if isinstance(snapshot, Snapshot) else Snapshot(snapshot))
        at = stage.covered(taken.revision, at)
        await self._say(*words, self.hub.frames.snapshot(taken.items, self.id, at))
        self._acknowledge(stage)

    async def _say_before(self, snapshot: Awaitable[Any], words: Sequence[Event]) -> None:
        try:
            await self._say(*words)
        except BaseException:
            if iscoroutine(snapshot):
                snapshot.close()  # nobody awaits it any more
            raise

    async def _replay(
        self, stage: Stage, wanted: Filter, after: int, at: Position, updates: Sequence[tuple[int, Any]]
    ) -> None:
        told = after
        while updates:
            passing = [each for each in updates if wanted(each[1])]
            messages = [self.hub.frames.update(value, self.id, offset) for offset, value in passing]
            if messages:
                told = passing[-1][0]
                await self._send(SharedMessage(*messages))
                self.hub.counts.delivered += len(messages)
            after = updates[-1][0]
            more = await self.hub.read(after, at)
            if more is None:  # the log is shorter than this took
                await self._show_behind(GapMessage(self.id, at.offset - after, at, "trimmed"), stage, wanted)
                return
            updates = more
        if at.offset - told >= self.hub.patience:
            await self._send(self.hub.frames.progress(self.id, at.offset))

    async def _say(self, *words: Event | Frame) -> None:
        self.hub.counts.gaps += sum(isinstance(each, GapMessage) for each in words)
        await self._send(SharedMessage(*[each if isinstance(each, Frame) else _text(each) for each in words]))

    async def _send(self, message: SharedMessage) -> None:
        """Send something, unless the client has left: a job that was about to go on is not cancelled at once, and what
        it says would come behind the last word.
        """
        if self.send is not _nothing:
            await self._session.send_shared(message)


def _text(event: Event) -> Frame:
    return Frame.Text(written(event))


def _message(event: Event) -> SharedMessage:
    return SharedMessage(_text(event))


def _nothing(_: SharedMessage) -> bool:
    return True

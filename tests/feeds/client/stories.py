"""Feeds of a real server whose connections, and whose life, end at any moment; and what a collector must have seen.

Every update says where it is: ``[epoch, offset]``. Every snapshot says the same, and whose filter it was made for.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any, Final

from flowws import MutableSharedFlow
from flowws.feeds import Filter, Gap, LiveFeed, MemoryLog, Position, Reconnected, ServedFeed, Snapshot
from flowws.testing import Wire
from flowws.websocket import MemoryServer, WebSocketServer
from flowws.websocket.engines import Abilities, Opening

Value = list[int]

NAMES: Final = {"even": lambda value: value[1] % 2 == 0, "third": lambda value: value[1] % 3 == 0}


def passes(wanted: str | None, offset: int) -> bool:
    return wanted is None or NAMES[wanted]([0, offset])


class World:
    """A server that may be restarted, with its log or without, and reached under one name all the while."""

    name: str = "memory"
    can: Abilities = Abilities()

    def __init__(self, stack: AsyncExitStack, *, keep: int, snapshots: bool) -> None:
        self._stack = stack
        self._keep = keep
        self._snapshots = snapshots
        self._running = AsyncExitStack()
        self._server: MemoryServer
        self._source: MutableSharedFlow[Value]
        self.feed: ServedFeed
        self.log: MemoryLog[Value] = MemoryLog(keep)
        self.log.epoch = 1
        self.heads: dict[int, int] = {}

    async def start(self) -> None:
        app = WebSocketServer()
        self._source = MutableSharedFlow()
        snapshot = self._snapshot if self._snapshots else None
        self.feed = app.feed("/", self._source, filter=NAMES, snapshot=snapshot, resume=self.log)
        self._server = await self._running.enter_async_context(MemoryServer(app, grace=0))
        self._stack.push_async_callback(self._running.aclose)

    def _snapshot(self, wanted: Filter) -> list[Any]:
        return [[wanted.name, self.log.epoch, self.log.head]]

    async def restart(self, *, forgetful: bool) -> None:
        """The process is gone, from one moment to the next; another takes its place."""
        for line in self._server.lines:
            line.reset()
        await self._running.aclose()
        if forgetful:
            epoch = self.log.epoch
            self.log = MemoryLog(self._keep)
            self.log.epoch = epoch + 1
        self._running = AsyncExitStack()
        await self.start()

    async def emit(self, count: int) -> None:
        for _ in range(count):
            await self._source.emit([self.log.epoch, self.log.head + 1])
            self.heads[self.log.epoch] = self.log.head

    @property
    def wires(self) -> list[Wire]:
        return [Wire(line) for line in self._server.lines]

    async def reach(self, opening: Opening) -> None:
        await self._server.engine.reach(opening)


class Witness:
    """What a collector has seen so far, and whether anything is missing or twice."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.filter: str | None = None
        """The one in force."""
        self.wanted: list[str | None] = [None]
        """Those that were asked for, the last one last."""
        self.at: Position | None = None if world._snapshots else world.feed.position
        self.awaits_snapshot = world._snapshots
        self.gaps = 0

    def see(self, news: Any) -> None:
        match news:
            case Reconnected(resumed=resumed):
                self.awaits_snapshot = self.awaits_snapshot or (not resumed and self._world._snapshots)
            case Gap(missed=missed, reason=reason, at=at):
                self.gaps += 1
                self._miss(missed, reason, at)
                self.at = at
            case Snapshot(items=((wanted, epoch, head),)):
                at = Position(epoch, head)
                if self.at is not None and not self.awaits_snapshot:  # a change of filter
                    self.nothing_was_due_until(at)
                assert wanted in self.wanted
                self.filter, self.at, self.awaits_snapshot = wanted, at, False
            case [epoch, offset]:
                assert not self.awaits_snapshot
                here = Position(epoch, offset)
                assert self.at is not None
                assert here > self.at, f"twice: {here}"
                self.nothing_was_due_until(Position(epoch, offset - 1))
                assert passes(self.filter, offset), f"{here} does not pass {self.filter}"
                self.at = here
            case _:
                raise AssertionError(news)

    def _miss(self, missed: int | None, reason: str, at: Position) -> None:
        if reason == "restart":
            assert missed is None
            assert self.at is None or at.epoch > self.at.epoch
        else:
            assert self.at is not None
            assert at.epoch == self.at.epoch
            offsets = range(self.at.offset + 1, at.offset + 1)
            due = offsets if reason == "trimmed" else [each for each in offsets if passes(self.filter, each)]
            assert missed is not None
            assert 0 < missed <= len(offsets)
            assert missed == len(due) or reason == "trimmed"

    def nothing_was_due_until(self, at: Position) -> None:
        """Between what was seen last and here is nothing that passes."""
        assert self.at is not None
        assert at.epoch == self.at.epoch, f"no gap between {self.at} and {at}"
        lost = [each for each in range(self.at.offset + 1, at.offset + 1) if passes(self.filter, each)]
        assert lost == [], f"lost behind {self.at}: {lost}"


async def seen(feed: LiveFeed[Any], witness: Witness, gate: Any) -> None:
    async for news in feed:
        witness.see(news)
        await gate.first(lambda is_open: is_open)

"""`Reader`: waits at the server, on a connection of its own, for all topics at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeAlias

import anyio

from flowws._core import Waiter, checkpoint, new_waiter
from flowws.brokers._errors import BrokerError
from flowws.brokers._position import Position

from ._failures import LinkLostError

Raw: TypeAlias = Sequence[Any]
"""Entries as the server says them: an id, and a list of one field and the payload."""

NOTHING: Final[Raw] = ()

BLOCK: Final = 1.0
"""Seconds that the server is let wait: it is known to be alive once in a while."""
_BLOCK: Final = (b"BLOCK", b"%d" % (BLOCK * 1000))
PATIENCE: Final = BLOCK + 0.5
"""After so many seconds it counts as frozen."""


class Wait:
    """Somebody who waits for what follows a position of a topic."""

    __slots__ = ("after", "key", "limit", "waiter")

    def __init__(self, key: bytes, after: Position, limit: int) -> None:
        self.key, self.after, self.limit = key, after, limit
        self.waiter: Waiter[Raw] = new_waiter()

    def tell(self, entries: Raw) -> None:
        if entries and not self.waiter.done():
            self.waiter.set_result(entries)

    def fail(self, error: BrokerError) -> None:
        if not self.waiter.done():
            self.waiter.set_exception(error)


class Reader:
    """Waits at the server, on a connection of its own, for all topics at once.

    ::

        wait --+                       +--> wait          a topic that comes while the server is waiting
        wait --+-- XREAD BLOCK --------+--> wait          rings: CLIENT UNBLOCK on the other connection
                        ^                                 ends the XREAD, and the next one has it
        wait -- ring ---+

    A wait that has got something is over; who asks again right then is in the next XREAD without ringing.

    `ask` gives the server's answer to a command on the connection that is the reader's; `unblock` ends the waiting
    there, and says whether there was any.
    """

    def __init__(self, ask: Callable[..., Awaitable[Any]], unblock: Callable[[], Awaitable[bool]]) -> None:
        self._ask = ask
        self._unblock = unblock
        # Stored state
        self._waits: dict[Wait, None] = {}
        self._asked: frozenset[Wait] | None = None  # those in the XREAD that is under way
        self._idle: Waiter[None] | None = None  # of the reader, while nobody waits
        self._bell = anyio.Event()
        self._is_over = False

    async def wait(self, key: bytes, after: Position, limit: int, seconds: float) -> Raw:
        """What follows `after`, at most `limit`; nothing if none comes in time. Raises `BrokerError`."""
        if self._is_over:
            raise _lost()
        wait = Wait(key, after, limit)
        self._waits[wait] = None
        if self._idle is not None and not self._idle.done():
            self._idle.set_result(None)
        elif self._asked is not None:
            self._bell.set()
        try:
            with anyio.move_on_after(seconds):
                return await wait.waiter
            return NOTHING
        finally:
            self._waits.pop(wait, None)

    async def run(self) -> None:
        """Read until the link is lost."""
        try:
            while True:
                if self._waits:
                    await self._round()
                else:
                    self._idle = new_waiter()
                    await self._idle
                    self._idle = None
                # Whoever has just got something asks for more before the next round: otherwise it would have to ring.
                await checkpoint()
                await checkpoint()
        except LinkLostError:
            pass
        finally:
            self._is_over = True
            for wait in self._waits:
                wait.fail(_lost())

    async def _round(self) -> None:
        self._asked = frozenset(self._waits)
        after: dict[bytes, Position] = {}
        for wait in self._asked:
            after[wait.key] = min(after.get(wait.key, wait.after), wait.after)
        try:
            self._tell(self._asked, after, await self._read(after, self._asked, _BLOCK))
        except LinkLostError:
            raise
        except BrokerError:
            # One of the keys may be no stream any more: whose it is only shows when each is read for itself.
            for key, position in after.items():
                asked = frozenset(wait for wait in self._asked if wait.key == key)
                try:
                    self._tell(asked, after, await self._read({key: position}, asked))
                except LinkLostError:
                    raise
                except BrokerError as error:
                    for wait in asked:
                        wait.fail(error)
        finally:
            self._asked = None

    async def _read(self, after: dict[bytes, Position], asked: frozenset[Wait], block: tuple[bytes, ...] = ()) -> Any:
        limit = max(wait.limit for wait in asked)
        return await self._ask(b"XREAD", b"COUNT", limit, *block, b"STREAMS", *after, *map(str, after.values()))

    def _tell(self, asked: frozenset[Wait], after: dict[bytes, Position], found: dict[bytes, Raw] | None) -> None:
        for wait in asked:
            entries = found.get(wait.key) if found else None
            if entries:
                wait.tell(_what_follows(entries, wait, after[wait.key]))

    async def ring(self) -> None:
        """Wake the reader whenever somebody comes while it waits at the server."""
        while True:
            await self._bell.wait()
            self._bell = anyio.Event()
            # The XREAD may be on its way to the server still. Then there is nobody to wake yet, and it is tried again.
            while self._asked is not None and not self._asked.issuperset(self._waits):
                try:
                    if await self._unblock():
                        break
                except LinkLostError:
                    return
                except BrokerError:
                    break  # not allowed here: then it takes until the server has waited long enough

    def __repr__(self) -> str:
        return f"<Reader, {len(self._waits)} wait>"


def _what_follows(entries: Raw, wait: Wait, begun: Position) -> Raw:
    """The part of the entries, which begin behind `begun`, that this wait has asked for."""
    if begun == wait.after:
        return entries if len(entries) <= wait.limit else entries[: wait.limit]
    return [each for each in entries if position_of(each[0]) > wait.after][: wait.limit]


def _lost() -> LinkLostError:
    return LinkLostError("the connection to the server was lost")


def position_of(id: bytes) -> Position:
    """The position that the id of an entry says."""
    epoch, _, offset = id.partition(b"-")
    return Position(int(epoch), int(offset))

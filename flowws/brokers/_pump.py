"""`Pump`: what brings the log of a topic into this process."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from flowws._core import Waiter, new_waiter

from ._entry import Entry, Gap
from ._errors import BrokerError
from ._patience import Patience
from ._position import Position
from ._topic import Topic

if TYPE_CHECKING:
    from ._ground import Ground

_log: Final = logging.getLogger("flowws.brokers")

READ: Final = 512
"""At most so many entries are read at once."""
WAIT: Final = 10.0
"""After so many seconds without an entry the log is asked anew."""


class Basin(Protocol):
    """Where the pump brings what it has read."""

    def _joined(self, newest: Position, entries: Sequence[Entry]) -> None:
        """The log is joined behind `newest`; `entries` are the last before that, as many as were asked for."""

    async def _receive(self, items: Sequence[Entry | Gap]) -> Position:
        """What follows. When it is all in, the position behind which reading goes on."""
        ...

    def _dried_up(self, failure: Exception) -> None:
        """Nothing more comes."""


class Pump:
    """Reads one topic, from the moment when somebody first wants to hear it to the end.

    It asks for more only when the last batch has been taken, so a slow process costs the broker nothing. It never stops
    while nobody listens: whoever comes back shall not have to join the log again.
    """

    __slots__ = (
        "_at",
        "_basin",
        "_cancel",
        "_failure",
        "_ground",
        "_joiners",
        "_kept",
        "_name",
        "_topic",
        "is_wanted",
        "joined",
    )

    def __init__(self, topic: Topic, name: str, ground: Ground, basin: Basin, kept: int) -> None:
        self._topic = topic
        self._name = name
        self._ground = ground
        self._basin = basin
        self._kept = kept
        self._joiners: list[Waiter[None]] = []
        self._cancel: Callable[[], None] | None = None
        self._failure: BaseException | None = None
        self.is_wanted = False
        """Whether somebody wants to hear."""
        self.joined: Position | None = None
        """Where it has joined the log."""

    def want(self) -> None:
        """Begin, or do so as soon as the broker is open."""
        self.is_wanted = True
        if self._cancel is None and self._ground.is_open:
            self._cancel = self._ground.launch(self._run, f"reading {self._name}")

    def stop(self, failure: BaseException | None) -> None:
        """Read no more; who waits for the beginning is told why there is none."""
        self._failure = self._failure or failure
        if self._cancel is not None:
            self._cancel()
        self._cancel = _nothing  # not even later
        self._tell_joiners()

    @property
    def is_joining(self) -> bool:
        """Whether it is about to begin."""
        return self.is_wanted and self.joined is None and self._failure is None

    async def join(self) -> Position:
        """Wait until the log is joined: where. Raises why it never will be."""
        self.want()
        await self.be_settled()
        if self.joined is None:
            assert self._failure is not None  # else it would not be settled
            raise self._failure.with_traceback(None)
        return self.joined

    async def be_settled(self) -> None:
        """Wait until it is not about to begin any more."""
        while self.is_joining:
            waiter: Waiter[None] = new_waiter()
            self._joiners.append(waiter)
            await waiter

    async def _run(self) -> None:
        topic, basin, patience = self._topic, self._basin, Patience(self._ground.status)
        try:
            at, entries = await patience.insist(lambda: topic.tail(self._kept))
            basin._joined(at, entries)
            self.joined = at
            self._tell_joiners()
            if entries:
                await basin._receive(entries)
            while True:
                here = at
                items = await patience.insist(lambda: topic.read(here, limit=READ, wait=WAIT))  # noqa: B023  # at once
                if items:
                    at = await basin._receive(items)
        except Exception as failure:  # noqa: BLE001  # whatever it is, nobody shall wait for ever
            if not isinstance(failure, BrokerError):
                _log.exception("reading %r has failed", self._name)
            basin._dried_up(failure)

    def _tell_joiners(self) -> None:
        joiners, self._joiners = self._joiners, []
        for joiner in joiners:
            if not joiner.done():
                joiner.set_result(None)


def _nothing() -> None:
    """There is no job to cancel."""

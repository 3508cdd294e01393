"""`Places`: who is at a server, and for whom there is no room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

import anyio

from . import Response, ServerLimits
from ._answers import plain

CROWD: Final = 64  # so many clients at once are told that there is no room; nothing is said to any more of them

_FULL: Final = plain(503, "there is no room here now")
_TOO_MANY: Final = plain(429, "there are too many connections from this address")


class Place:
    """The place that one client takes up, from its arrival to its end."""

    __slots__ = ("_places", "cut", "host", "refusal")

    def __init__(self, places: Places, host: str | None, refusal: Response | None) -> None:
        self._places: Places | None = places
        self.host = host
        """The client's address; None on a unix socket."""
        self.refusal = refusal
        """What this client is told because there is no room for it; None where there is."""
        self.cut: Callable[[], object] | None = None
        """Ends at once whatever this client is by now: whoever has it in hand sets this."""

    def leave(self) -> None:
        """The client is gone. Harmless when repeated."""
        places, self._places = self._places, None
        self.cut = None
        if places is not None:
            places.left(self)


class Places:
    """The clients of one server, and how many more it bears."""

    def __init__(self, limits: ServerLimits) -> None:
        self._limits = limits
        self._taken: set[Place] = set()
        self._refused = 0  # those among them for whom there is no room
        self._by_host: Counter[str] = Counter()  # the others
        self._emptied = anyio.Event()

    def take(self, host: str | None) -> Place | None:
        """A place for a client that has come; None where not even a refusal can be afforded."""
        refusal = self._refusal(host)
        if refusal is None:
            if host is not None:
                self._by_host[host] += 1
        elif self._refused < CROWD:
            self._refused += 1
        else:
            return None
        place = Place(self, host, refusal)
        self._taken.add(place)
        return place

    def _refusal(self, host: str | None) -> Response | None:
        in_all, of_one = self._limits.max_connections, self._limits.max_connections_per_address
        if of_one is not None and host is not None and self._by_host[host] >= of_one:
            return _TOO_MANY
        if in_all is not None and len(self._taken) - self._refused >= in_all:
            return _FULL
        return None

    def left(self, place: Place) -> None:
        """A client is gone: what `Place.leave` tells."""
        self._taken.discard(place)
        if place.refusal is not None:
            self._refused -= 1
        elif place.host is not None:
            self._by_host[place.host] -= 1
            if not self._by_host[place.host]:
                del self._by_host[place.host]
        if not self._taken:
            self._emptied.set()

    def cut_all(self) -> None:
        """End every client's connection."""
        for place in list(self._taken):
            if place.cut is not None:
                place.cut()

    async def emptied(self) -> None:
        """Wait until nobody is here."""
        while self._taken:
            if self._emptied.is_set():
                self._emptied = anyio.Event()
            await self._emptied.wait()

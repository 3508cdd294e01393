"""`PeopleLog`: the people's file as the memory of their feed."""

from __future__ import annotations

from collections.abc import Sequence

from flowws.feeds import Position, SharedLog

from .messages import Update
from .people import People


class PeopleLog(SharedLog[Update]):
    """The offset of an update is its revision, and the epoch that of the file. So a page that comes back after a
    restart of the server, or to another process that serves the same file, gets what it missed, and nothing twice.
    """

    def __init__(self, people: People) -> None:
        self._people = people

    @property
    def epoch(self) -> int:
        """The moment when the file was made."""
        return self._people.epoch

    @property
    def head(self) -> int:
        """The revision of the newest update that was told."""
        return self._people.revision

    def append(self, value: Update) -> int:
        """Nothing is left to do: an update is on disk before it is told."""
        return value.revision

    async def read(self, after: int, limit: int) -> Sequence[tuple[int, Update]] | None:
        """The updates behind a revision that were told."""
        changes = await self._people.changes(after, limit)
        return None if changes is None else [(change.revision, change) for change in changes]

    async def locate(self, position: Position | None) -> Position | None:
        """The same position, if it is of this file. Another process may have told of it before it was heard here."""
        if position is None or position.epoch != self.epoch:
            return None
        if position.offset > self.head:
            await self._people.catch_up()
        return position if position.offset <= self.head else None

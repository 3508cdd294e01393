"""`People`: a repository whose changes can be watched."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self, TypeVar

import anyio
from anyio import to_thread

from flowws.channels import BufferOverflow
from flowws.feeds import Snapshot
from flowws.flows import MutableSharedFlow, SharedFlow

from .messages import Deleted, Person, Saved, Update
from .people_file import PeopleFile

_Done = TypeVar("_Done", Saved, Deleted)

_log = logging.getLogger(__name__)


class People:
    """The people of one file, and a hot flow of the changes that are made to them.

    .. code-block:: text

        save, delete ──► one at a time: [ commit to the file ──► emit to `updates` ]
                                              │                        │
        a feed       ◄── snapshot ────────────┘                        │
                     ◄── updates newer than it, that pass the filter ◄─┘

    Invariants: an update is on disk before anyone is told of it; everyone is told in the order of the commits, of those
    of other processes, too, when the next one is made here; a writer never waits for a reader.
    """

    def __init__(self, file: PeopleFile) -> None:
        self._file = file
        self._turn = anyio.Lock()
        self._updates = MutableSharedFlow[Update](
            extra_buffer_capacity=256, on_buffer_overflow=BufferOverflow.DROP_OLDEST
        )
        self.epoch: int = file.epoch()
        """Of the file. Revisions are numbers of one epoch."""
        self.revision: int = file.people()[0]
        """Up to where everybody was told."""

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncGenerator[Self]:
        """The people of this file, until the end of the block; the file is made if it is missing."""
        people = await to_thread.run_sync(lambda: cls(PeopleFile(path)))
        try:
            yield people
        finally:
            await people.aclose()

    @property
    def updates(self) -> SharedFlow[Update]:
        """Every save and delete from now on, in the order of the commits."""
        return self._updates

    async def snapshot(self, wanted: Callable[[Update], bool] = lambda update: True) -> Snapshot[Person]:
        """Everybody, as of now, of whose save or delete this filter would tell."""
        async with self._turn:
            revision, people = await to_thread.run_sync(self._file.people)
        told_of = [each for each in people if wanted(Saved(revision, each)) or wanted(Deleted(revision, each))]
        return Snapshot(told_of, revision=revision)

    async def changes(self, after: int, limit: int) -> Sequence[Update] | None:
        """The updates behind a revision that were told; None where the first of them is not kept any more."""
        told = min(limit, self.revision - after)
        return await to_thread.run_sync(self._file.changes, after, told) if told > 0 else []

    async def save(self, name: str, city: str = "", person_id: int | None = None) -> Saved:
        """Adds a person, or changes the one with this id."""
        return await self._commit(lambda: self._file.save(name, city, person_id))

    async def delete(self, person_id: int) -> Deleted:
        """Takes a person off the list."""
        return await self._commit(lambda: self._file.delete(person_id))

    async def aclose(self) -> None:
        """Lets the file go, after the write that is under way."""
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(self._file.close)

    async def _commit(self, write: Callable[[], _Done]) -> _Done:
        async with self._turn:
            # One call, as a thread is waited for: the update of a writer who is cancelled meanwhile is told, too.
            update, updates = await to_thread.run_sync(self._write, write)
            for each in updates:
                self.revision = each.revision
                self._updates.try_emit(each)  # never fails, as the oldest is dropped
        return update

    def _write(self, write: Callable[[], _Done]) -> tuple[_Done, list[Update]]:
        """What was done, and all that was done since the last time, here or in another process."""
        update = write()
        if update.revision == self.revision + 1:
            return update, [update]
        since = self._file.changes(self.revision, update.revision - self.revision)
        if since is None:
            _log.warning("another process has made more changes than are kept, untold: those before %r", update)
        return update, [update] if since is None else since

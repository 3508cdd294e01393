"""`People`: a repository whose changes can be watched."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Self, TypeVar

import anyio
from anyio import to_thread

from flowws.channels import BufferOverflow
from flowws.flows import Flow, MutableSharedFlow, SharedFlow, StateFlow, flow

from .messages import Deleted, PeopleFilter, Saved, Snapshot, Update
from .people_file import PeopleFile

_Done = TypeVar("_Done", Saved, Deleted)


class People:
    """The people of one file, and a hot flow of the changes that are made to them.

    .. code-block:: text

        save, delete ──► one at a time: [ commit to the file ──► emit to `updates` ]
                                              │                        │
        feed(wanted) ◄── snapshot ────────────┘                        │
                     ◄── updates newer than it, that pass the filter ◄─┘

    Invariants: an update is on disk before anyone is told of it; everyone is told in the order of the commits; a writer
    never waits for a reader. A reader more than `backlog` updates behind loses the oldest ones, sees it by the jump of
    the revision, and is given a new snapshot in their place.
    """

    def __init__(self, file: PeopleFile, *, backlog: int = 256) -> None:
        self._file = file
        self._turn = anyio.Lock()
        self._updates = MutableSharedFlow[Update](
            extra_buffer_capacity=backlog, on_buffer_overflow=BufferOverflow.DROP_OLDEST
        )

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncGenerator[Self]:
        """The people of this file, until the end of the block; the file is made if it is missing."""
        people = cls(await to_thread.run_sync(PeopleFile, path))
        try:
            yield people
        finally:
            await people.aclose()

    @property
    def updates(self) -> SharedFlow[Update]:
        """Every save and delete from now on, in the order of the commits."""
        return self._updates

    @property
    def watchers(self) -> StateFlow[int]:
        """How many are told of updates now."""
        return self._updates.subscription_count

    async def snapshot(self, wanted: PeopleFilter = PeopleFilter.ALL) -> Snapshot:
        """Everybody, as of now."""
        async with self._turn:
            revision, people = await to_thread.run_sync(self._file.people)
        return Snapshot(wanted, revision, people)

    def feed(self, wanted: PeopleFilter) -> Flow[Snapshot | Update]:
        """A snapshot, then every newer update that passes the filter. Nothing is missing, nothing comes twice."""
        return _feed(self, wanted)

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
            update = await to_thread.run_sync(write)
            # Never fails, as the oldest is dropped; not awaited, so that the update of a cancelled writer is told too.
            self._updates.try_emit(update)
        return update


@flow
async def _feed(people: People, wanted: PeopleFilter) -> AsyncIterator[Snapshot | Update]:
    async with aclosing(aiter(people.updates)) as updates:  # before the snapshot: no gap between the two
        snapshot = await people.snapshot(wanted)
        yield snapshot
        revision = snapshot.revision
        async for update in updates:
            if update.revision <= revision:  # in the snapshot already
                continue
            if update.revision > revision + 1:  # we were too slow, or another process wrote to the file
                snapshot = await people.snapshot(wanted)
                yield snapshot
                revision = snapshot.revision
                continue
            revision = update.revision
            if wanted.accepts(update):
                yield update

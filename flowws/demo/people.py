"""`People`: a repository whose changes can be watched."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import anyio
from anyio import to_thread

from flowws import coroutine_scope
from flowws.brokers import BrokeredSharedFlow, Gap
from flowws.channels import BufferOverflow
from flowws.feeds import Snapshot
from flowws.flows import MutableSharedFlow, SharedFlow

from .errors import PeopleFileError
from .messages import Deleted, Person, Saved, Update
from .people_file import PeopleFile

_Done = TypeVar("_Done", Saved, Deleted)

MANY: Final = 10_000
"""Changes that are told at once, at most."""

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

    Processes that share the file tell each other of their commits through a broker (`share`): then everyone is told at
    once. It is the file that counts: if the news come late, in another order or not at all, the next ones make up
    for it.
    """

    def __init__(self, file: PeopleFile) -> None:
        self._file = file
        self._commits: MutableSharedFlow[Any] | None = None  # of all processes
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

    @asynccontextmanager
    async def share(self, commits: BrokeredSharedFlow[Any]) -> AsyncGenerator[None]:
        """Until the end of the block, other processes hear of what is committed here, and everyone here of what they
        commit. The flow delivers its gaps.
        """

        async def catch_up_once() -> None:
            await commits.ready()
            await self.catch_up()

        async with coroutine_scope() as scope:
            self._commits = commits
            commits.on_each(self._hear).launch_in(scope)
            scope.launch(catch_up_once)
            try:
                yield
            finally:
                self._commits = None
                scope.cancel()

    async def catch_up(self) -> None:
        """Tells of everything that is in the file, whoever has committed it."""
        async with self._turn:
            changes = await to_thread.run_sync(self._file.changes, self.revision, MANY)
            self._tell(changes or [])

    async def _hear(self, news: Update | Gap) -> None:
        try:
            if isinstance(news, Gap):
                await self.catch_up()
            elif news.revision > self.revision:  # else it was committed here
                async with self._turn:
                    self._tell(await to_thread.run_sync(self._untold, news))
        except PeopleFileError:
            _log.exception("%r could not be told", news)

    async def aclose(self) -> None:
        """Lets the file go, after the write that is under way."""
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(self._file.close)

    async def _commit(self, write: Callable[[], _Done]) -> _Done:
        async with self._turn:
            # One call, as a thread is waited for: the update of a writer who is cancelled meanwhile is told, too.
            update, updates = await to_thread.run_sync(self._write, write)
            self._tell(updates)
            if self._commits is not None:
                self._commits.try_emit(update)  # if so much waits for the broker that it fails, what waits will do
        return update

    def _write(self, write: Callable[[], _Done]) -> tuple[_Done, list[Update]]:
        """What was done, and all that was done since the last time, here or in another process."""
        update = write()
        return update, self._untold(update)

    def _untold(self, update: Update) -> list[Update]:
        """What is to be told, up to an update that is on disk."""
        if update.revision <= self.revision + 1:
            return [update][update.revision <= self.revision :]
        since = self._file.changes(self.revision, update.revision - self.revision)
        if since is None:
            _log.warning("another process has made more changes than are kept, untold: those before %r", update)
        return [update] if since is None else since

    def _tell(self, updates: Sequence[Update]) -> None:
        for each in updates:
            self.revision = each.revision
            self._updates.try_emit(each)  # never fails, as the oldest is dropped

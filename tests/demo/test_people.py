"""`People`: durable first, then told, in order, to everyone, and nothing missing or twice."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import pytest

from flowws import coroutine_scope
from flowws.demo import (
    Deleted,
    InvalidPersonError,
    NoSuchPersonError,
    People,
    PeopleFile,
    PeopleFileError,
    PeopleFilter,
    Person,
    Saved,
    Snapshot,
    Update,
)
from tests.demo.watched import collecting

ADA, GRACE = Person(1, "Ada", "London"), Person(2, "Grace", "")
ALL, SAVES, DELETES = PeopleFilter


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "people.db"


@pytest.fixture
async def people(path: Path) -> AsyncGenerator[People]:
    async with People.open(path) as people:
        yield people


async def test_a_save_and_a_delete_are_written_and_told(people: People) -> None:
    async with collecting(people.updates) as updates:
        assert await people.save("Ada", "London") == await anext(updates) == Saved(1, ADA)
        assert await people.snapshot() == Snapshot(ALL, 1, (ADA,))
        assert await people.delete(1) == await anext(updates) == Deleted(2, ADA)
        assert await people.snapshot() == Snapshot(ALL, 2, ())


async def test_what_is_refused_is_not_told(people: People) -> None:
    async with collecting(people.updates) as updates:
        with pytest.raises(InvalidPersonError):
            await people.save("")
        with pytest.raises(NoSuchPersonError):
            await people.delete(1)
        assert await people.save("Ada", "London") == await anext(updates) == Saved(1, ADA)


async def test_an_update_is_on_disk_before_anyone_is_told(people: People, path: Path) -> None:
    async with collecting(people.updates) as updates, coroutine_scope() as scope:
        scope.launch(people.save, "Ada", "London")
        await anext(updates)
        async with People.open(path) as someone_else:
            assert await someone_else.snapshot() == Snapshot(ALL, 1, (ADA,))


async def test_many_writers_are_told_in_the_order_of_the_commits(people: People) -> None:
    async with collecting(people.updates) as updates:
        async with coroutine_scope() as writers:
            for number in range(100):
                writers.launch(people.save, f"nr {number}")
        told = [await anext(updates) for _ in range(100)]
    assert [update.revision for update in told] == list(range(1, 101))
    assert tuple(update.person for update in told) == (await people.snapshot()).people


async def test_a_writer_who_is_cancelled_leaves_no_update_untold(people: People, path: Path) -> None:
    async with collecting(people.updates) as updates:
        async with coroutine_scope() as writers:
            jobs = [writers.launch(people.save, f"nr {number}") for number in range(20)]
            await anext(updates)
            for job in jobs:
                job.cancel()
        assert all(job.is_completed for job in jobs)
        await people.save("the last")
        told = 1
        async for update in updates:
            told += 1
            assert update.revision == told
            if update.person.name == "the last":
                break
    assert (await people.snapshot()).revision == told


async def test_a_feed_is_a_snapshot_and_then_the_newer_updates(people: People) -> None:
    await people.save("Ada", "London")
    async with collecting(people.feed(ALL)) as feed:
        assert await anext(feed) == Snapshot(ALL, 1, (ADA,))
        saved = await people.save("Grace")
        deleted = await people.delete(1)
        assert [await anext(feed), await anext(feed)] == [saved, deleted]


@pytest.mark.parametrize(("wanted", "kinds"), [(ALL, (Saved, Deleted)), (SAVES, (Saved,)), (DELETES, (Deleted,))])
async def test_a_feed_lets_through_what_the_filter_accepts(
    people: People, wanted: PeopleFilter, kinds: tuple[type[Update], ...]
) -> None:
    async with collecting(people.feed(wanted)) as feed:
        assert await anext(feed) == Snapshot(wanted, 0, ())
        updates: list[Update] = []
        for number in range(1, 6):
            updates += [await people.save(f"nr {number}"), await people.delete(number)]
        expected = [update for update in updates if isinstance(update, kinds)]
        assert [await anext(feed) for _ in expected] == expected


async def test_nothing_is_missing_or_twice_between_snapshot_and_updates(people: People) -> None:
    """Feeds begin at any moment while others write; each sees one unbroken line of revisions."""

    async def follow() -> None:
        revision: int | None = None
        async with collecting(people.feed(ALL)) as feed:
            async for message in feed:
                if isinstance(message, Snapshot):
                    assert revision is None
                    assert len(message.people) == message.revision
                else:
                    assert revision is not None
                    assert message.revision == revision + 1
                revision = message.revision
                if revision == 60:
                    return

    async def write() -> None:
        for _ in range(20):
            await people.save("somebody")

    async with coroutine_scope() as scope:
        for _ in range(3):
            scope.launch(write)
        for _ in range(10):
            scope.launch(follow)
            await people.snapshot()  # lets the others run


async def test_a_reader_who_is_too_slow_gets_a_new_snapshot_and_keeps_nobody_waiting(path: Path) -> None:
    people = People(await anyio.to_thread.run_sync(PeopleFile, path), backlog=4)
    async with collecting(people.feed(SAVES)) as feed:
        assert await anext(feed) == Snapshot(SAVES, 0, ())
        for number in range(1, 11):
            await people.save(f"nr {number}")
        assert await anext(feed) == await people.snapshot(SAVES)
        assert await people.save("nr 11") == await anext(feed)
    await people.aclose()


async def test_what_another_process_wrote_comes_with_the_next_update(people: People, path: Path) -> None:
    async with People.open(path) as other_process, collecting(people.feed(ALL)) as feed:
        assert await anext(feed) == Snapshot(ALL, 0, ())
        await other_process.save("Ada", "London")
        await people.save("Grace")
        assert await anext(feed) == Snapshot(ALL, 2, (ADA, GRACE))


async def test_nobody_is_subscribed_once_a_feed_is_closed(people: People) -> None:
    async with collecting(people.feed(ALL)) as feed:
        await anext(feed)
        assert people.watchers.value == 1
    assert people.watchers.value == 0


async def test_everybody_is_there_after_a_restart(path: Path) -> None:
    async with People.open(path) as people:
        await people.save("Ada", "London")
    async with People.open(path) as people:
        assert await people.snapshot() == Snapshot(ALL, 1, (ADA,))


async def test_a_file_that_is_not_ours_is_an_error_at_once(path: Path) -> None:
    await anyio.Path(path).write_text("Dear Ada, " * 100)
    with pytest.raises(PeopleFileError):
        async with People.open(path):
            pytest.fail("it was opened")

"""`People`: durable first, then told, in order, to everyone, and nothing missing or twice."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import pytest

from flowws import coroutine_scope
from flowws.brokers import Gap as BrokerGap
from flowws.brokers import GapReason, MemoryBroker, Position
from flowws.demo import (
    FILTERS,
    Deleted,
    InvalidPersonError,
    NoSuchPersonError,
    People,
    PeopleFile,
    PeopleFileError,
    PeopleLog,
    Person,
    Saved,
    Update,
)
from flowws.feeds import Snapshot, field, named, parse_filter
from tests.demo.watched import collecting

ADA, GRACE = Person(1, "Ada", "London"), Person(2, "Grace", "")


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
        assert await people.snapshot() == Snapshot([ADA], revision=1)
        assert await people.delete(1) == await anext(updates) == Deleted(2, ADA)
        assert await people.snapshot() == Snapshot([], revision=2)
        assert people.revision == 2


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
            assert await someone_else.snapshot() == Snapshot([ADA], revision=1)


async def test_many_writers_are_told_in_the_order_of_the_commits(people: People) -> None:
    async with collecting(people.updates) as updates:
        async with coroutine_scope() as writers:
            for number in range(100):
                writers.launch(people.save, f"nr {number}")
        told = [await anext(updates) for _ in range(100)]
    assert [update.revision for update in told] == list(range(1, 101))
    assert tuple(update.person for update in told) == (await people.snapshot()).items


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


@pytest.mark.parametrize("wanted", [named("all"), named("saves"), named("deletes"), ~named("all") | named("deletes")])
async def test_everybody_is_in_a_snapshot_whose_save_or_delete_would_be_told(people: People, wanted: object) -> None:
    await people.save("Ada", "London")
    await people.save("Grace")
    assert (await people.snapshot(parse_filter(wanted, names=FILTERS))).items == (ADA, GRACE)


async def test_a_city_has_a_snapshot_of_those_who_live_there(people: People) -> None:
    await people.save("Ada", "London")
    await people.save("Grace")
    londoners = (field("person.city") == "London") & named("deletes")
    assert (await people.snapshot(parse_filter(londoners, names=FILTERS))).items == (ADA,)


async def test_what_another_process_wrote_is_told_with_the_next_update(people: People, path: Path) -> None:
    async with People.open(path) as other_process, collecting(people.updates) as updates:
        theirs = await other_process.save("Ada", "London")
        ours = await people.save("Grace")
        assert [await anext(updates), await anext(updates)] == [theirs, ours]


async def test_more_from_another_process_than_is_kept_is_logged(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    people = People(PeopleFile(path, history=1))
    async with People.open(path) as other_process, collecting(people.updates) as updates:
        for name in "Ada", "Alan":
            await other_process.save(name)
        assert await people.save("Grace") == await anext(updates)
    await people.aclose()
    assert "another process has made more changes than are kept" in caplog.text
    caplog.clear()


async def test_everybody_is_there_after_a_restart(path: Path) -> None:
    async with People.open(path) as people:
        await people.save("Ada", "London")
        epoch = people.epoch
    async with People.open(path) as people:
        assert await people.snapshot() == Snapshot([ADA], revision=1)
        assert (people.epoch, people.revision) == (epoch, 1)


async def test_a_file_that_is_not_ours_is_an_error_at_once(path: Path) -> None:
    await anyio.Path(path).write_text("Dear Ada, " * 100)
    with pytest.raises(PeopleFileError):
        async with People.open(path):
            pytest.fail("it was opened")


# The log of the feed.


async def test_the_log_says_what_was_told_by_its_revision(people: People) -> None:
    log = PeopleLog(people)
    assert (log.epoch, log.head, await log.read(0, 10)) == (people.epoch, 0, [])
    updates: list[Update] = [await people.save("Ada", "London"), await people.save("Grace"), await people.delete(1)]
    assert [log.append(update) for update in updates] == [1, 2, 3]
    assert log.head == 3
    assert await log.read(0, 10) == list(enumerate(updates, start=1))
    assert await log.read(1, 1) == [(2, updates[1])]
    assert await log.read(3, 10) == []


async def test_the_log_does_not_run_ahead_of_what_was_told(people: People, path: Path) -> None:
    log = PeopleLog(people)
    async with People.open(path) as other_process:
        await other_process.save("Ada", "London")
    assert (log.head, await log.read(0, 10)) == (0, [])


async def test_what_the_file_does_not_keep_the_log_does_not_know(path: Path) -> None:
    people = People(PeopleFile(path, history=2))
    for name in "Ada", "Alan", "Grace":
        await people.save(name)
    assert await PeopleLog(people).read(0, 10) is None
    await people.aclose()


async def test_what_another_process_commits_is_told_at_once(path: Path) -> None:
    async with MemoryBroker() as broker, People.open(path) as here, People.open(path) as there:
        flows = [broker.shared_flow("people", Update, on_gap="deliver") for _ in range(2)]
        async with (
            here.share(flows[0]),
            there.share(flows[1]),
            collecting(here.updates) as told_here,
            collecting(there.updates) as told_there,
        ):
            theirs = await there.save("Ada", "London")
            assert [await anext(told_here), await anext(told_there)] == [theirs, theirs]
            ours = await here.save("Grace")
            assert [await anext(told_here), await anext(told_there)] == [ours, ours]


async def test_who_comes_late_or_has_missed_the_news_catches_up(path: Path) -> None:
    async with MemoryBroker() as broker, People.open(path) as here, People.open(path) as there:
        await there.save("Ada", "London")
        flow = broker.shared_flow("people", Update, on_gap="deliver")
        async with collecting(here.updates) as updates, here.share(flow):
            assert (await anext(updates)).person == ADA
            await there.save("Grace")  # which the broker does not hear of
            await here._hear(BrokerGap(GapReason.TRIMMED, None, Position(1, 7), 7))
            assert (await anext(updates)).person == GRACE
            await there.save("Mary")
            told = await there.save("Alan")
            await flow.emit(told)  # nobody has said that of Mary
            assert [(await anext(updates)).person.name for _ in range(2)] == ["Mary", "Alan"]
            await flow.emit(told)
            assert await here.save("Joan") == await anext(updates)


async def test_news_that_cannot_be_told_are_logged(people: People, caplog: pytest.LogCaptureFixture) -> None:
    await people.aclose()
    await people._hear(Saved(7, ADA))
    assert "could not be told" in caplog.text
    caplog.clear()


async def test_a_position_of_another_process_is_known_here_too(people: People, path: Path) -> None:
    log = PeopleLog(people)
    assert await log.locate(None) is None
    async with People.open(path) as other_process:
        await other_process.save("Ada", "London")
    known = Position(people.epoch, 1)
    assert log.head == 0
    assert await log.locate(known) == known
    assert log.head == 1
    for unknown in Position(people.epoch, 2), Position(people.epoch + 1, 1):
        assert await log.locate(unknown) is None

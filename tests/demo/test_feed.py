"""The feed, end to end: a real server on a real socket, and clients that behave, misbehave and vanish."""

from __future__ import annotations

import socket
import sqlite3
import struct
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect

from flowws import coroutine_scope
from flowws.demo import (
    ChangeFilter,
    Committed,
    Delete,
    Deleted,
    ErrorMessage,
    PeopleFilter,
    Person,
    Save,
    Saved,
    ServerMessage,
    Snapshot,
    Stop,
)
from flowws.websocket import WebSocketClient, WebSocketClientSession
from tests.demo.watched import Demo, serve_demo

pytestmark = pytest.mark.asyncio_only("the server is the picows engine")

ALL, SAVES, DELETES = PeopleFilter
ADA = Person(1, "Ada", "London")


async def hear(session: WebSocketClientSession) -> ServerMessage:
    message: ServerMessage = await session.receive_deserialized(ServerMessage)
    return message


@asynccontextmanager
async def visit(demo: Demo, wanted: str = "all") -> AsyncGenerator[WebSocketClientSession]:
    """A client that has been given its snapshot."""
    async with WebSocketClient().websocket(f"{demo.feed}?filter={wanted}") as session:
        assert isinstance(await hear(session), Snapshot)
        yield session


async def test_the_first_message_is_a_snapshot(demo: Demo) -> None:
    await demo.people.save("Ada", "London")
    async with WebSocketClient().websocket(demo.feed) as session:
        assert await hear(session) == Snapshot(ALL, 1, (ADA,))


async def test_clients_see_their_own_and_each_others_changes(demo: Demo) -> None:
    async with visit(demo) as one, visit(demo) as two:
        await one.send_serialized(Save("Ada", "London"))
        assert {type(await hear(one)), type(await hear(one))} == {Committed, Saved}
        assert await hear(two) == Saved(1, ADA)
        await two.send_serialized(Save("Ada", "Paris", 1))
        assert await hear(one) == Saved(2, Person(1, "Ada", "Paris"))
        await one.send_serialized(Delete(1))
        assert {type(await hear(two)) for _ in range(3)} == {Committed, Saved, Deleted}


async def test_the_filter_may_come_with_the_address(demo: Demo) -> None:
    async with visit(demo, "deletes") as session:
        await demo.people.save("Ada", "London")
        deleted = await demo.people.delete(1)
        assert await hear(session) == deleted


async def test_an_unknown_filter_in_the_address_is_refused(demo: Demo) -> None:
    async with WebSocketClient().websocket(f"{demo.feed}?filter=births") as session:
        reason = await session.close_reason
    assert (reason.code, reason.message) == (1008, "the filter is all, saves or deletes")


async def test_the_filter_is_switched_without_reconnecting_from_the_next_update_on(demo: Demo) -> None:
    async with visit(demo) as session:
        saved = await demo.people.save("Ada", "London")
        assert await hear(session) == saved
        await session.send_serialized(ChangeFilter(DELETES))
        assert await hear(session) == Snapshot(DELETES, 1, (ADA,))
        await demo.people.save("Grace")
        deleted = await demo.people.delete(1)
        assert await hear(session) == deleted
        await session.send_serialized(ChangeFilter(SAVES))
        assert await hear(session) == Snapshot(SAVES, 3, (Person(2, "Grace", ""),))
        await demo.people.delete(2)
        saved = await demo.people.save("Alan")
        assert await hear(session) == saved
    assert [run.wanted for run in demo.people.runs] == [ALL, DELETES, SAVES]
    await demo.all_gone()


async def test_only_one_feed_of_a_session_runs_at_a_time(demo: Demo) -> None:
    async with visit(demo) as session:
        for wanted in (SAVES, DELETES, ALL, SAVES):
            await session.send_serialized(ChangeFilter(wanted))
            assert isinstance(await hear(session), Snapshot)
            assert [run.over for run in demo.people.runs].count(False) == 1


@pytest.mark.parametrize(
    "message",
    [
        "",
        "hello",
        "null",
        "[]",
        "{}",
        '"save"',
        '{"type": "dance"}',
        '{"type": null}',
        '{"type": "save"}',
        '{"type": "save", "name": 7}',
        '{"type": "save", "name": "Ada", "id": "one"}',
        '{"type": "delete", "id": 1.5}',
        '{"type": "filter", "filter": "births"}',
        '{"type": "saved", "revision": 1}',
        b"\xff\xfe",
        "[" * 2000,
    ],
)
async def test_a_message_that_cannot_be_read_is_answered_and_the_session_lives_on(
    demo: Demo, message: str | bytes
) -> None:
    async with visit(demo) as session:
        await session.send(message)
        error = await hear(session)
        assert isinstance(error, ErrorMessage)
        assert error.message
        await session.send_serialized(Save("Ada", "London"))
        assert {type(await hear(session)), type(await hear(session))} == {Committed, Saved}
    assert (await demo.people.snapshot()).people == (ADA,)


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (Save(""), "the name is missing"),
        (Save("Ada", id=7), "there is no person 7"),
        (Delete(7), "there is no person 7"),
        (Delete(2**63), "there is no person 9223372036854775808"),
    ],
)
async def test_a_command_that_fails_is_answered_with_the_reason(
    demo: Demo, command: Save | Delete, problem: str
) -> None:
    async with visit(demo) as session:
        await session.send_serialized(command)
        assert await hear(session) == ErrorMessage(problem)
        await session.send_serialized(Save("Ada", "London"))
        assert {type(await hear(session)), type(await hear(session))} == {Committed, Saved}


async def test_a_file_that_fails_is_an_answer_too_and_is_logged(
    demo: Demo, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    saboteur = sqlite3.connect(tmp_path / "people.db")
    saboteur.execute("CREATE TRIGGER no BEFORE INSERT ON people BEGIN SELECT RAISE(FAIL, 'the disk is tired'); END")
    async with visit(demo) as session:
        await session.send_serialized(Save("Ada", "London"))
        assert await hear(session) == ErrorMessage("it could not be written down, try again later")
        assert "the disk is tired" in caplog.text
        caplog.clear()
        saboteur.execute("DROP TRIGGER no")
        saboteur.close()
        await session.send_serialized(Save("Ada", "London"))
        assert {type(await hear(session)), type(await hear(session))} == {Committed, Saved}


async def test_commands_are_answered_in_order(demo: Demo) -> None:
    async with visit(demo, "deletes") as session:
        for name in ("Ada", "", "Grace"):
            await session.send_serialized(Save(name))
        answers = [await hear(session) for _ in range(3)]
        assert answers == [Committed(1), ErrorMessage("the name is missing"), Committed(2)]


# How a session ends: each time nothing of it is left, and no further update runs for it.


@asynccontextmanager
async def stranger(demo: Demo) -> AsyncGenerator[ClientConnection]:
    """A client of another library, that has been given its snapshot."""
    async with connect(demo.feed) as connection:
        assert '"snapshot"' in str(await connection.recv())
        yield connection


async def test_stop_closes_with_1000_and_no_further_update_runs(demo: Demo) -> None:
    async with visit(demo) as other, visit(demo) as session:
        (stopped,) = (run for run in demo.people.runs[1:])
        await session.send_serialized(Stop())
        reason = await session.close_reason
        assert (reason.code, reason.message, reason.by) == (1000, "stopped", "peer")
        saved = await demo.people.save("Ada", "London")
        assert await hear(other) == saved
        assert stopped.over
        assert stopped.seen == [Snapshot(ALL, 0, ())]
        assert len(demo.server.sessions) == 1
    await demo.all_gone()


async def test_a_frame_over_the_limit_closes_with_1009(demo: Demo) -> None:
    async with stranger(demo) as connection:
        await connection.send("x" * ((1 << 16) + 1))
        with pytest.raises(websockets.ConnectionClosed):
            await connection.recv()
        assert connection.close_code == 1009
    await demo.all_gone()


async def test_a_text_that_is_not_utf8_closes_with_1007(demo: Demo) -> None:
    async with stranger(demo) as connection:
        await connection.send(b"\xff\xfe", text=True)
        with pytest.raises(websockets.ConnectionClosed):
            await connection.recv()
        assert connection.close_code == 1007
    await demo.all_gone()


async def test_a_reset_connection_leaves_nothing(demo: Demo) -> None:
    async with stranger(demo) as connection:
        (session,) = demo.server.sessions
        reset(connection)
        await session.job.join()
        reason = await session.close_reason
        assert (reason.code, reason.by) == (1006, "network")
        await demo.all_gone()
        await demo.people.save("Ada", "London")
        assert [run.seen for run in demo.people.runs] == [[Snapshot(ALL, 0, ())]]


async def test_a_crowd_that_vanishes_leaves_nothing(demo: Demo) -> None:
    async with AsyncExitStack() as crowd:
        connections = [await crowd.enter_async_context(stranger(demo)) for _ in range(20)]
        async with coroutine_scope() as scope:
            for number in range(20):
                scope.launch(demo.people.save, f"nr {number}")
            for connection in connections:
                reset(connection)
        await demo.all_gone()


async def test_stopping_the_server_tells_every_client_1001(tmp_path: Path) -> None:
    async with AsyncExitStack() as clients:
        async with serve_demo(tmp_path / "people.db") as demo:
            sessions = [await clients.enter_async_context(visit(demo)) for _ in range(3)]
        assert [(await session.close_reason).code for session in sessions] == [1001] * 3
        await demo.all_gone()


def reset(connection: ClientConnection) -> None:
    """Ends the TCP connection with RST: the peer is gone, without a word."""
    own = connection.transport.get_extra_info("socket")
    own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.transport.abort()


# Many at once.


async def test_whatever_many_clients_do_at_once_each_ends_with_the_list_on_disk(demo: Demo) -> None:
    clients, saves, deletes = 8, 10, 5  # deletes: what each client does to its own

    async def busy(number: int) -> None:
        """Saves and deletes, and follows the feed: the list that comes of it is the one on disk."""
        people: dict[int, Person] = {}
        mine = 0
        async with WebSocketClient().websocket(demo.feed) as session:
            for turn in range(saves):
                await session.send_serialized(Save(f"{number}.{turn}"))
            while True:
                message = await hear(session)
                match message:
                    case Committed():
                        continue
                    case ErrorMessage(message=problem):
                        pytest.fail(problem)
                    case Snapshot(people=everybody):
                        people = {person.id: person for person in everybody}
                    case Saved(person=person):
                        people[person.id] = person
                        if person.name.startswith(f"{number}."):
                            mine += 1
                            if mine <= deletes:
                                await session.send_serialized(Delete(person.id))
                    case Deleted(person=person):
                        del people[person.id]
                if message.revision == clients * (saves + deletes):
                    break
        assert tuple(people[each] for each in sorted(people)) == (await demo.people.snapshot()).people

    async with coroutine_scope() as scope:
        for number in range(clients):
            scope.launch(busy, number)
    await demo.all_gone()

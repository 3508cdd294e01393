"""The feed and the commands, end to end: a real server on a real socket, and clients that behave, misbehave, vanish."""

from __future__ import annotations

import socket
import sqlite3
import struct
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect

from flowws import coroutine_scope
from flowws.demo import Answer, Command, Committed, Delete, ErrorMessage, Save
from flowws.websocket import WebSocketClient, WebSocketClientSession
from tests.demo.watched import Demo, serve_demo

pytestmark = pytest.mark.asyncio_only("the server is the picows engine")

ADA = {"id": 1, "name": "Ada", "city": "London"}


class Follower:
    """A client of the feed, that shows what it is told."""

    def __init__(self, session: WebSocketClientSession) -> None:
        self.session = session

    async def say(self, **message: Any) -> None:
        await self.session.send_serialized(message)

    async def hear(self) -> dict[str, Any]:
        message: dict[str, Any] = orjson.loads((await self.session.incoming.receive()).data)
        return message

    async def snapshot(self) -> list[Any]:
        """The next message but one: an acknowledgement comes first."""
        await self.hear()
        items: list[Any] = (await self.hear())["snapshot"]
        return items

    async def update(self) -> tuple[str, str]:
        """What has happened, and to whom."""
        update = (await self.hear())["update"]
        return update["type"], update["person"]["name"]


@asynccontextmanager
async def follow(demo: Demo, wanted: Any = None, **more: Any) -> AsyncGenerator[Follower]:
    """A client that has been given its snapshot."""
    async with WebSocketClient().websocket(demo.feed) as session:
        follower = Follower(session)
        await follower.say(subscribe="", id=1, filter=wanted, **more)
        await follower.snapshot()
        yield follower


@asynccontextmanager
async def command(demo: Demo) -> AsyncGenerator[WebSocketClientSession]:
    async with WebSocketClient().websocket(demo.commands) as session:
        yield session


async def tell(session: WebSocketClientSession, message: Command) -> Answer:
    await session.send_serialized(message)
    answer: Answer = await session.receive_deserialized(Answer)
    return answer


async def test_a_follower_is_told_everybody_and_then_what_happens(demo: Demo) -> None:
    await demo.people.save("Ada", "London")
    async with WebSocketClient().websocket(demo.feed) as session:
        follower = Follower(session)
        await follower.say(subscribe="", id=1)
        assert await follower.snapshot() == [ADA]
        await demo.people.delete(1)
        told = await follower.hear()
    assert told == {"update": {"type": "deleted", "revision": 2, "person": ADA}, "id": 1, "at": 2}


async def test_everybody_is_told_what_one_has_done(demo: Demo) -> None:
    async with follow(demo) as one, follow(demo) as two, command(demo) as session:
        assert await tell(session, Save("Ada", "London")) == Committed(1)
        assert await tell(session, Save("Augusta", "Ockham", 1)) == Committed(2)
        assert await tell(session, Delete(1)) == Committed(3)
        for follower in one, two:
            told = [await follower.update() for _ in range(3)]
            assert told == [("saved", "Ada"), ("saved", "Augusta"), ("deleted", "Augusta")]


async def test_the_filter_may_come_with_the_address(demo: Demo) -> None:
    async with WebSocketClient().websocket(f"{demo.feed}?filter=deletes") as session:
        follower = Follower(session)
        assert await follower.snapshot() == []
        await demo.people.save("Ada", "London")
        await demo.people.delete(1)
        assert await follower.update() == ("deleted", "Ada")


@pytest.mark.parametrize("wanted", ["births", ["eq", "revision", 3], ["eq", "person.__class__", "x"]])
async def test_a_filter_that_is_not_allowed_is_refused_and_the_session_lives_on(demo: Demo, wanted: Any) -> None:
    async with follow(demo) as follower:
        await follower.say(filter=wanted, id=1)
        assert (await follower.hear())["code"] == "bad-filter"
        await demo.people.save("Ada")
        assert await follower.update() == ("saved", "Ada")


async def test_the_filter_is_switched_without_reconnecting_from_the_next_update_on(demo: Demo) -> None:
    async with follow(demo) as follower:
        await demo.people.save("Ada", "London")
        assert await follower.update() == ("saved", "Ada")
        await follower.say(filter="deletes", id=1)
        assert await follower.snapshot() == [ADA]
        await demo.people.save("Grace")
        await demo.people.delete(1)
        assert await follower.update() == ("deleted", "Ada")
        await follower.say(filter=["eq", "person.city", "Paris"], id=1)
        assert await follower.snapshot() == []
        await demo.people.save("Grace", "London", 2)
        await demo.people.save("Marie", "Paris")
        assert await follower.update() == ("saved", "Marie")
    await demo.all_gone()


async def test_who_comes_back_after_a_restart_is_told_what_was_missed(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    async with serve_demo(path) as demo, follow(demo) as follower:
        await demo.people.save("Ada", "London")
        await follower.update()
        position = str(demo.served.position)
        await demo.people.save("Grace")
        await demo.people.save("Alan")
    async with serve_demo(path) as demo, WebSocketClient().websocket(demo.feed) as session:
        follower = Follower(session)
        await follower.say(subscribe="", id=1, after=position)
        assert (await follower.hear())["resumed"]
        await demo.people.delete(1)
        told = [await follower.update() for _ in range(3)]
    assert told == [("saved", "Grace"), ("saved", "Alan"), ("deleted", "Ada")]


async def test_another_file_is_another_epoch(tmp_path: Path) -> None:
    async with serve_demo(tmp_path / "people.db") as demo:
        await demo.people.save("Ada", "London")
        position = str(demo.served.position)
    async with serve_demo(tmp_path / "others.db") as demo, WebSocketClient().websocket(demo.feed) as session:
        follower = Follower(session)
        await follower.say(subscribe="", id=1, after=position)
        assert not (await follower.hear())["resumed"]
        assert (await follower.hear())["reason"] == "restart"
        assert (await follower.hear())["snapshot"] == []


# Commands.


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
        '{"type": "saved", "revision": 1}',
        b"\xff\xfe",
        "[" * 2000,
    ],
)
async def test_a_command_that_cannot_be_read_is_answered_and_the_session_lives_on(
    demo: Demo, message: str | bytes
) -> None:
    async with command(demo) as session:
        await session.send(message)
        error: Answer = await session.receive_deserialized(Answer)
        assert isinstance(error, ErrorMessage)
        assert error.message
        assert await tell(session, Save("Ada", "London")) == Committed(1)


@pytest.mark.parametrize(
    ("refused", "problem"),
    [
        (Save(""), "the name is missing"),
        (Save("Ada", id=7), "there is no person 7"),
        (Delete(7), "there is no person 7"),
        (Delete(2**63), "there is no person 9223372036854775808"),
    ],
)
async def test_a_command_that_fails_is_answered_with_the_reason(demo: Demo, refused: Command, problem: str) -> None:
    async with command(demo) as session:
        assert await tell(session, refused) == ErrorMessage(problem)
        assert await tell(session, Save("Ada", "London")) == Committed(1)


async def test_a_file_that_fails_is_an_answer_too_and_is_logged(
    demo: Demo, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    saboteur = sqlite3.connect(tmp_path / "people.db")
    saboteur.execute("CREATE TRIGGER no BEFORE INSERT ON people BEGIN SELECT RAISE(FAIL, 'the disk is tired'); END")
    async with command(demo) as session:
        problem = "it could not be written down, try again later"
        assert await tell(session, Save("Ada", "London")) == ErrorMessage(problem)
        assert "the disk is tired" in caplog.text
        caplog.clear()
        saboteur.execute("DROP TRIGGER no")
        saboteur.close()
        assert await tell(session, Save("Ada", "London")) == Committed(1)


async def test_commands_are_answered_in_order(demo: Demo) -> None:
    async with command(demo) as session:
        for name in ("Ada", "", "Grace"):
            await session.send_serialized(Save(name))
        answers: list[Answer] = [await session.receive_deserialized(Answer) for _ in range(3)]
        assert answers == [Committed(1), ErrorMessage("the name is missing"), Committed(2)]


# How a session ends: each time nothing of it is left.


@asynccontextmanager
async def stranger(demo: Demo) -> AsyncGenerator[ClientConnection]:
    """A client of another library, that has been given its snapshot."""
    async with connect(f"{demo.feed}?filter=all") as connection:
        await connection.recv()
        assert '"snapshot"' in str(await connection.recv())
        yield connection


async def test_after_unsubscribing_no_further_update_is_sent(demo: Demo) -> None:
    async with follow(demo) as other, follow(demo) as follower:
        await follower.say(unsubscribe=1)
        assert await follower.hear() == {"unsubscribed": 1}
        await demo.people.save("Ada", "London")
        assert await other.update() == ("saved", "Ada")
        assert demo.served.clients.value == 1
        assert demo.served.stats.delivered == 1
    await demo.all_gone()


@pytest.mark.parametrize(("says", "code"), [("x" * ((1 << 16) + 1), 1009), (b"\xff\xfe", 1007)])
async def test_what_breaks_the_rules_closes_the_session(demo: Demo, says: str | bytes, code: int) -> None:
    async with stranger(demo) as connection:
        await connection.send(says, text=True)
        with pytest.raises(websockets.ConnectionClosed):
            await connection.recv()
        assert connection.close_code == code
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
        assert demo.served.stats.delivered == 0


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
            sessions = [(await clients.enter_async_context(follow(demo))).session for _ in range(2)]
            sessions.append(await clients.enter_async_context(command(demo)))
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
        people: dict[int, Any] = {}
        mine = 0
        async with WebSocketClient().websocket(f"{demo.feed}?filter=all") as session, command(demo) as commands:
            while True:
                match orjson.loads((await session.incoming.receive()).data):
                    case {"snapshot": everybody, "at": at}:
                        revision = int(at.split("-")[1])
                        people = {person["id"]: person for person in everybody}
                        for turn in range(saves):
                            await commands.send_serialized(Save(f"{number}.{turn}"))
                    case {"update": {"type": "saved", "person": person}, "at": revision}:
                        people[person["id"]] = person
                        if person["name"].startswith(f"{number}.") and (mine := mine + 1) <= deletes:
                            await commands.send_serialized(Delete(person["id"]))
                    case {"update": {"type": "deleted", "person": person}, "at": revision}:
                        del people[person["id"]]
                    case other:
                        assert "subscribed" in other
                        continue
                if revision == clients * (saves + deletes):
                    break
        on_disk = (await demo.people.snapshot()).items
        assert [people[each] for each in sorted(people)] == [orjson.loads(orjson.dumps(each)) for each in on_disk]

    async with coroutine_scope() as scope:
        for number in range(clients):
            scope.launch(busy, number)
    await demo.all_gone()

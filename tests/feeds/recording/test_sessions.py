"""Sessions are recorded without their handlers knowing, and played again."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from flowws import NoSuchElementError, coroutine_scope, delay, flow_of
from flowws.feeds import read_runs, record, record_sessions, replay, replay_session
from flowws.testing import TestScope, conversation
from flowws.websocket import (
    CloseReason,
    Frame,
    PerMessageDeflate,
    SharedMessage,
    WebSocketClient,
    WebSockets,
    WebSocketServer,
    WebSocketServerSession,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "traffic.jsonl"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def app_with(*extensions: Any) -> WebSocketServer:
    app = WebSocketServer(WebSockets(extensions=extensions))

    @app.websocket("/shout")
    async def shout(session: WebSocketServerSession) -> None:
        async for frame in session.incoming:
            if frame == Frame.Text("bye"):
                await session.close(CloseReason(3000, "bye then"))
            await delay(1)
            await session.send(frame.read_text().upper() if isinstance(frame, Frame.Text) else frame)

    return app


async def test_both_directions_with_their_times(test_scope: TestScope, path: Path) -> None:
    async with conversation(app_with(record_sessions(path)), "/shout") as peer:
        await peer.send("hällo")
        await peer.expect_text("HÄLLO")
        await delay(2)
        await peer.send(b"\x00\xff")
        await peer.expect_binary(b"\x00\xff")
        await peer.send("bye")
        await peer.expect_close(3000)
    begin, *happened = lines(path)
    assert (begin["of"], begin["name"]) == ("session", "/shout")
    assert [{key: value for key, value in each.items() if key != "run"} for each in happened] == [
        {"t": 0, "in": "hällo"},
        {"t": 1, "out": "HÄLLO"},
        {"t": 3, "in": {"binary": "AP8="}},
        {"t": 4, "out": {"binary": "AP8="}},
        {"t": 4, "in": "bye"},
        {"t": 4, "close": {"code": 3000, "message": "bye then", "by": "us"}},
        {"t": 4, "end": "completed"},
    ]
    (run,) = await read_runs(path)
    assert (run.kind, run.name, run.duration, run.messages) == ("session", "/shout", 4, 5)
    assert run.close_reason == CloseReason(3000, "bye then")

    began = test_scope.current_time
    seen: list[object] = []
    await replay_session(path).collect(lambda frame: seen.append((test_scope.current_time - began, frame)))
    assert seen == [(0, Frame.Text("hällo")), (3, Frame.Binary(b"\x00\xff")), (4, Frame.Text("bye"))]
    assert await replay_session(path, "out", speed=math.inf).to_list() == [
        Frame.Text("HÄLLO"),
        Frame.Binary(b"\x00\xff"),
    ]


async def test_a_recorded_session_said_to_a_handler_again(test_scope: TestScope, path: Path) -> None:
    async with conversation(app_with(record_sessions(path)), "/shout") as peer:
        await peer.send("a")
        await peer.expect_text("A")
        await delay(3600)
        await peer.send("b")
        await peer.expect_text("B")
    began = test_scope.current_time
    async with conversation(app_with(record_sessions(path)), "/shout") as peer, coroutine_scope() as scope:
        replay_session(path, run=0).on_each(lambda frame: peer.send(frame.data.decode())).launch_in(scope)
        await peer.expect_text("A")
        await peer.expect_text("B", timeout=4000)
    assert test_scope.current_time - began == pytest.approx(3602)
    one, other = await read_runs(path)
    assert one.messages == other.messages
    assert one.duration == pytest.approx(other.duration)
    assert one.close_reason is not None
    assert one.close_reason.by == "peer"


@pytest.mark.parametrize("first", [True, False])
async def test_over_sockets_on_both_sides_with_compression(tmp_path: Path, first: bool) -> None:
    """Before the compression a recording says what handlers see, behind it what travels."""
    theirs, ours = tmp_path / "server.jsonl", tmp_path / "client.jsonl"
    deflate = PerMessageDeflate(threshold=0)
    server_side = [record_sessions(theirs), deflate] if first else [deflate, record_sessions(theirs)]
    client = WebSocketClient(WebSockets(extensions=[record_sessions(ours), deflate]))
    app = app_with(*server_side)

    @app.websocket("/echo")
    async def echo(session: WebSocketServerSession) -> None:
        async for frame in session.incoming:
            await session.send(frame)

    async with app.serve("127.0.0.1", 0) as server:
        for number in range(2):
            async with client.websocket(f"ws://127.0.0.1:{server.port}/echo?n={number}") as session:
                for text in ("one " * 100, "two"):
                    await session.send(text)
                    assert (await session.incoming.receive()).read_bytes().decode() == text
    said = [Frame.Text("one " * 100), Frame.Text("two")]
    for run in range(2):
        assert await replay_session(ours, "out", speed=math.inf, run=run).to_list() == said
        assert await replay_session(ours, "in", speed=math.inf, run=run).to_list() == said
        assert (await replay_session(theirs, "in", speed=math.inf, run=run).to_list() == said) is first
    mine, _ = await read_runs(ours)
    its, _ = await read_runs(theirs)
    assert mine.name.endswith("/echo?n=0")
    assert its.name == "/echo"
    assert mine.close_reason is not None
    assert its.close_reason is not None
    assert (mine.close_reason.by, its.close_reason.by) == ("us", "peer")


async def test_why_sessions_end(path: Path) -> None:
    app = app_with(record_sessions(path))

    @app.websocket("/fail")
    async def fail(session: WebSocketServerSession) -> None:
        raise LookupError("a secret")

    async with conversation(app, "/fail") as peer:
        await peer.expect_close(1011)
    async with conversation(app, "/shout", raw=True) as peer:
        peer.hang_up()
    runs = await read_runs(path)
    assert [(each.close_reason, each.close_reason and each.close_reason.by) for each in runs] == [
        (CloseReason(1011), "us"),
        (CloseReason(1006, "the connection was lost"), "network"),
    ]


async def test_what_was_queued_when_the_session_closed_is_recorded(path: Path) -> None:
    app = WebSocketServer(WebSockets(extensions=[record_sessions(path)]))

    @app.websocket("/many")
    async def many(session: WebSocketServerSession) -> None:
        for number in range(100):
            await session.send(f"{number} " * 1000)

    async with conversation(app, "/many") as peer:
        for number in range(100):
            await peer.expect_text(f"{number} " * 1000)
        await peer.expect_close(1000)
    assert len(await replay_session(path, "out", speed=math.inf).to_list()) == 100
    (run,) = await read_runs(path)
    assert (run.outcome, run.messages) == ("completed", 100)


async def test_a_message_in_pieces_is_refused(path: Path) -> None:
    app = WebSocketServer(WebSockets(extensions=[record_sessions(path)]))

    async def pieces() -> AsyncIterator[str]:
        yield "one"

    @app.websocket("/stream")
    async def stream(session: WebSocketServerSession) -> None:
        with pytest.raises(ValueError, match="the extension 'Recorder' needs to see it whole"):
            await session.send(pieces())

    async with conversation(app, "/stream") as peer:
        await peer.expect_close(1000)


async def test_who_cannot_write_does_not_disturb(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with conversation(app_with(record_sessions(tmp_path / "nowhere" / "traffic.jsonl")), "/shout") as peer:
        await peer.send("a")
        await peer.expect_text("A")
    assert ["cannot be written" in message for message in caplog.messages] == [True]
    assert caplog.records[0].levelno == logging.ERROR


async def test_each_is_played_by_its_own(path: Path) -> None:
    async with conversation(app_with(record_sessions(path)), "/shout"):
        pass
    with pytest.raises(NoSuchElementError, match="holds no run of a flow: replay_session plays what is there"):
        await replay(path).to_list()
    await record(flow_of(1), path).collect()
    assert await replay(path).to_list() == [1]
    assert await replay_session(path, speed=math.inf).to_list() == []
    with pytest.raises(NoSuchElementError, match=r"run 0 of .* is of a session: replay_session plays it"):
        await replay(path, run=0).to_list()
    with pytest.raises(NoSuchElementError, match=r"run -1 of .* is of a flow: replay plays it"):
        await replay_session(path, run=-1).to_list()


def test_the_door() -> None:
    with pytest.raises(ValueError, match="a direction is 'in' or 'out', not 'both'"):
        replay_session("traffic.jsonl", "both")  # type: ignore[arg-type]  # a caller without type checks
    with pytest.raises(TypeError, match="a recording is a file"):
        record_sessions(3)  # type: ignore[arg-type]  # as above
    assert repr(replay_session("traffic.jsonl", "out")) == "replay_session('traffic.jsonl', 'out')"


async def test_what_goes_to_many_is_recorded_for_each(path: Path) -> None:
    app = WebSocketServer(WebSockets(extensions=[record_sessions(path), PerMessageDeflate()]))
    news = SharedMessage("one", b"two")

    @app.websocket("/news")
    async def listen(session: WebSocketServerSession) -> None:
        assert session.try_send_shared(news)
        await session.send_shared(news)

    for _ in range(2):
        async with conversation(app, "/news") as peer:
            for _ in range(2):
                await peer.expect_text("one")
                await peer.expect_binary(b"two")
    for run in range(2):
        frames = await replay_session(path, "out", speed=math.inf, run=run).to_list()
        assert frames == [Frame.Text("one"), Frame.Binary(b"two")] * 2

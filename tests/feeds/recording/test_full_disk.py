"""A file that takes no more: a recorded flow fails, a session goes on."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flowws import flow_of
from flowws.feeds import record, record_sessions
from flowws.testing import conversation
from flowws.websocket import WebSockets, WebSocketServer, WebSocketServerSession

LARGE = 4 * 1024 * 1024


@contextmanager
def room_for(size: int, path: Path) -> Iterator[None]:
    """A file takes so many bytes more. It is a large one, so that no other file of this process reaches the limit."""
    path.write_bytes(b"{}\n")
    os.truncate(path, LARGE)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGE + size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def app_with(path: Path | str) -> WebSocketServer:
    app = WebSocketServer(WebSockets(extensions=[record_sessions(path)]))

    @app.websocket("/echo")
    async def echo(session: WebSocketServerSession) -> None:
        async for frame in session.incoming:
            await session.send(frame)

    return app


@pytest.mark.parametrize("room", [0, 10, 200, 300, 500])
async def test_a_session_goes_on(tmp_path: Path, room: int, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "traffic.jsonl"
    with room_for(room, path):
        async with conversation(app_with(path), "/echo") as peer:
            for number in range(20):
                await peer.send(str(number))
                await peer.expect_text(str(number))
    assert ["cannot be written" in message for message in caplog.messages] == [True]


async def test_other_sessions_of_the_file_go_on_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "traffic.jsonl"
    app = app_with(path)
    with room_for(500, path):
        async with conversation(app, "/echo") as one, conversation(app, "/echo") as other:
            for peer in (one, other) * 5:
                await peer.send("x" * 50)
                await peer.expect_text("x" * 50)
    assert ["cannot be written" in message for message in caplog.messages] == [True, True]


@pytest.mark.parametrize("room", [0, 200, 300])
async def test_a_flow_fails(tmp_path: Path, room: int) -> None:
    path = tmp_path / "some.jsonl"
    seen: list[int] = []
    with room_for(room, path), pytest.raises(OSError, match="File too large") as caught:
        await record(flow_of(*range(20)), path).collect(seen.append)
    assert caught.value.errno == errno.EFBIG
    assert seen == list(range(len(seen)))
    assert len(seen) < 20


@pytest.mark.parametrize("path", ["/dev/full", "/dev/null/some.jsonl"])
async def test_what_is_no_file_to_write_to(path: str, caplog: pytest.LogCaptureFixture) -> None:
    async with conversation(app_with(path), "/echo") as peer:
        await peer.send("a")
        await peer.expect_text("a")
    assert ["cannot be written" in message for message in caplog.messages] == [True]
    with pytest.raises(OSError, match=r"No space left|Not a directory"):
        await record(flow_of(1), path).collect()

"""One file of handlers, unchanged, on every engine and every loop that it knows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, TypeAlias

import anyio
import pytest

from flowws.websocket import (
    CloseReason,
    Frame,
    HandshakeError,
    MemoryServer,
    WebSocketClient,
    WebSocketClientSession,
    WebSockets,
)
from tests.websocket import handlers

Open: TypeAlias = Callable[..., AbstractAsyncContextManager[WebSocketClientSession]]

CONFIG = WebSockets(max_frame_size=1 << 20)


@asynccontextmanager
async def over_sockets(engine: str) -> AsyncIterator[Open]:
    async with handlers.app.serve("127.0.0.1", 0, engine=engine) as server:
        yield WebSocketClient(CONFIG, base_url=f"ws://127.0.0.1:{server.port}", engine=engine).websocket


@asynccontextmanager
async def in_memory() -> AsyncIterator[Open]:
    async with MemoryServer(handlers.app) as server:
        yield WebSocketClient(CONFIG, base_url="ws://memory", engine=server.engine).websocket


@asynccontextmanager
async def behind(server: Any) -> AsyncIterator[Open]:
    from tests.websocket.asgi.serving import serving

    async with serving(server, handlers.app.asgi()) as asgi_server:
        yield WebSocketClient(CONFIG, base_url=f"ws://127.0.0.1:{asgi_server.port}").websocket


GROUNDS: list[tuple[str, str, Callable[[], AbstractAsyncContextManager[Open]]]] = [
    ("picows", "asyncio", partial(over_sockets, "picows")),
    ("sansio", "asyncio", partial(over_sockets, "sansio")),
    ("sansio", "trio", partial(over_sockets, "sansio")),
    ("memory", "asyncio", in_memory),
    ("memory", "trio", in_memory),
    ("asgi by uvicorn", "asyncio", partial(behind, "uvicorn")),
    ("asgi by hypercorn", "asyncio", partial(behind, "hypercorn")),
    ("asgi by hypercorn", "trio", partial(behind, "hypercorn")),
]


@pytest.fixture(scope="module", params=GROUNDS, ids=[f"{engine} on {loop}" for engine, loop, _ in GROUNDS])
def ground(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="module")
def anyio_backend(ground: Any) -> tuple[str, dict[str, object]]:
    return (ground[1], {})


@pytest.fixture
async def opened(ground: Any) -> AsyncIterator[Open]:
    """Opens a session with the handlers."""
    handlers.ended.clear()
    async with ground[2]() as open_session:
        yield open_session


async def text_of(session: WebSocketClientSession) -> str:
    frame = await session.incoming.receive()
    assert isinstance(frame, Frame.Text)
    return frame.read_text()


async def test_echo(opened: Open) -> None:
    """W24, W25: sizes where the length of a frame is written in another way."""
    async with opened("/echo") as session:
        for size in (0, 1, 125, 126, 127, 65535, 65536, 100_000):
            await session.send("x" * size)
            assert await text_of(session) == "x" * size
            await session.send(b"\xff" * size)
            assert await session.incoming.receive() == Frame.Binary(b"\xff" * size)
        await session.send("gr\u00fc\u00dfe")
        assert await text_of(session) == "gr\u00fc\u00dfe"


async def test_request(opened: Open) -> None:
    """W14, W15."""
    async with opened("/hello/Ada%20L.?greeting=hi%21", headers={"Cookie": "taste=tea"}) as session:
        assert await text_of(session) == "hi!, Ada L.; you like tea"


@pytest.mark.parametrize(
    ("offered", "chosen", "answer"),
    [(["shout"], "shout", "PSST"), (["whisper", "shout"], "shout", "PSST"), ([], None, "psst")],
)
async def test_subprotocol(opened: Open, offered: list[str], chosen: str | None, answer: str) -> None:
    """W1, W3."""
    async with opened("/chat", subprotocols=offered) as session:
        assert session.subprotocol == chosen
        await session.send("pSsT")
        assert await text_of(session) == answer


async def test_typed_messages(opened: Open) -> None:
    async with opened("/sums") as session:
        await session.send_serialized({"numbers": [1, 2, 3]})
        assert await session.receive_deserialized(dict[str, int]) == {"sum": 6}


async def test_streams_and_codes(opened: Open) -> None:
    """W42, W48, W57: what was sent before the close arrives before it."""
    async with opened("/countdown") as session:
        assert [frame.data async for frame in session.incoming] == [b"3", b"2", b"1"]
        reason = await session.close_reason
    assert (reason.code, reason.message, reason.by) == (4242, "lift-off", "peer")


async def test_a_job_ends_with_the_session(opened: Open) -> None:
    async with opened("/ticks") as session:
        assert await text_of(session) == "0"
        await session.send("enough")
        async for _ in session.incoming:
            pass
        assert (await session.close_reason).code == 1000
    assert handlers.ended == ["ticks"]


async def test_what_goes_to_many(opened: Open) -> None:
    greetings = [Frame.Text("hello"), Frame.Text("grüße"), Frame.Binary(b"\xff")]
    async with opened("/shared") as one, opened("/shared") as two:
        for session in (one, two):
            assert [await session.incoming.receive() for _ in greetings] == greetings
            await session.send("for one")
            answer = [*greetings, Frame.Text("for one")]
            assert [await session.incoming.receive() for _ in answer] == answer


async def test_news_for_everybody(opened: Open) -> None:
    async with opened("/news") as one, opened("/news") as two:
        assert [await text_of(one), await text_of(two)] == ["ready", "ready"]
        await one.send("hear, hear")
        assert [await text_of(one), await text_of(two)] == ["hear, hear", "hear, hear"]


async def test_a_failing_handler(opened: Open) -> None:
    """W72: 1011, and nothing of the inside."""
    async with opened("/broken") as session:
        await session.send("go")
        reason = await session.close_reason
    assert (reason.code, reason.message, reason.by) == (1011, "", "peer")


async def test_a_refusal(opened: Open) -> None:
    """W10."""
    with pytest.raises(HandshakeError, match="expected status 101, the server answered 40") as caught:
        async with opened("/nowhere"):
            pytest.fail("a session was opened")
    assert caught.value.status in (403, 404)  # ASGI servers without the extension for it know 403 only


async def test_a_message_that_is_too_big(opened: Open) -> None:
    """W32."""
    async with opened("/echo") as session:
        await session.send(b"x" * 100_001)
        reason = await session.close_reason
    assert (reason.code, reason.by) == (1009, "peer")


async def test_slow_handlers_hold_their_clients_back(opened: Open) -> None:
    """W103."""
    async with opened("/slow") as session:
        for _ in range(500):
            await session.send(b"x" * 1000)
        await session.send(b"!")
        assert await text_of(session) == "500001"


@pytest.mark.parametrize("reason", [CloseReason(1000), CloseReason(1001, "away"), CloseReason(3500, "gr\u00fc\u00dfe")])
async def test_the_reason_arrives(opened: Open, reason: CloseReason, ground: Any) -> None:
    """W47, W48, W121."""
    async with opened("/waits") as session:
        assert await text_of(session) == "ready"
        await session.close(reason)
        assert await session.close_reason == reason
    with anyio.fail_after(5):
        while not handlers.ended:  # the handler may be a little behind, and has no event
            await anyio.lowlevel.checkpoint()
    if "hypercorn" in ground[0]:  # does not tell its applications what the client said
        assert handlers.ended == ["1006 the connection was lost network"]
    else:
        assert handlers.ended == [f"{reason.code} {reason.message} peer"]


async def test_many_at_once(opened: Open) -> None:
    """W18."""

    async def talk(number: int) -> None:
        async with opened("/echo") as session:
            await session.send(str(number))
            answers.append(await text_of(session))

    answers: list[str] = []
    async with anyio.create_task_group() as tasks:
        for number in range(30):
            tasks.start_soon(talk, number)
    assert sorted(answers, key=int) == [str(number) for number in range(30)]

"""Handlers as users write them. test_same_handlers.py runs this file, unchanged, on every engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from flowws.flows import MutableSharedFlow, flow, interval
from flowws.websocket import (
    CloseReason,
    SharedMessage,
    WebSockets,
    WebSocketServer,
    WebSocketServerSession,
    bounded,
    channels,
)

app = WebSocketServer(WebSockets(max_frame_size=100_000))

ended: list[str] = []
"""What handlers note when they end; the tests empty it."""


@app.websocket("/echo")
async def echo(session: WebSocketServerSession) -> None:
    async for frame in session.incoming:
        await session.send(frame)


@app.websocket("/hello/{name}")
async def hello(session: WebSocketServerSession) -> None:
    call = session.call
    greeting = call.query_parameters.get("greeting", "hello")
    await session.send(f"{greeting}, {call.path_parameters['name']}; you like {call.cookies.get('taste', 'nothing')}")


@app.websocket("/chat", subprotocol="shout")
async def shout(session: WebSocketServerSession) -> None:
    async for frame in session.incoming:
        await session.send(frame.data.decode().upper())


@app.websocket("/chat")
async def talk(session: WebSocketServerSession) -> None:
    async for frame in session.incoming:
        await session.send(frame.data.decode().lower())


@dataclass
class Sum:
    numbers: list[int]


@app.websocket("/sums")
async def sums(session: WebSocketServerSession) -> None:
    while True:
        asked = await session.receive_deserialized(Sum)
        await session.send_serialized({"sum": sum(asked.numbers)})


@flow
async def countdown() -> AsyncIterator[int]:
    for number in (3, 2, 1):
        yield number


@app.websocket("/countdown")
async def launch_rocket(session: WebSocketServerSession) -> None:
    await countdown().map(str).collect(session.send)
    await session.close(CloseReason(4242, "lift-off"))


@app.websocket("/ticks")
async def ticks(session: WebSocketServerSession) -> None:
    """A stream that never ends, beside a reader that ends the session, and so the stream."""

    @session.launch
    async def listen() -> None:
        await session.incoming.receive()
        await session.close()

    try:
        await interval(0.001).collect(lambda tick: session.send(str(tick)))
    finally:
        ended.append("ticks")


greetings = SharedMessage("hello", SharedMessage("grüße", b"\xff"))


news: MutableSharedFlow[str] = MutableSharedFlow(extra_buffer_capacity=16)


@app.websocket("/news")
async def tell_news(session: WebSocketServerSession) -> None:
    await session.send("ready")
    news.on_each(session.send).launch_in(session)
    async for frame in session.incoming:
        await news.emit(frame.data.decode())


@app.websocket("/shared")
async def share(session: WebSocketServerSession) -> None:
    assert session.try_send_shared(greetings)
    async for frame in session.incoming:
        await session.send_shared(SharedMessage(greetings, frame))


@app.websocket("/broken")
async def broken(session: WebSocketServerSession) -> None:
    await session.incoming.receive()
    raise LookupError("the cupboard is bare")


@app.websocket("/slow", config=WebSockets(channels=channels(incoming=bounded(2), outgoing=bounded(2))))
async def slow(session: WebSocketServerSession) -> None:
    total = 0
    async for frame in session.incoming:
        total += len(frame.data)
        if frame.data.endswith(b"!"):
            await session.send(str(total))


@app.websocket("/waits")
async def waits(session: WebSocketServerSession) -> None:
    await session.send("ready")
    async for _ in session.incoming:
        pass
    reason = await session.close_reason
    ended.append(f"{reason.code} {reason.message} {reason.by}")

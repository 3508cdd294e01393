"""`select` over the ends of a session: it counts as reading, and as sending."""

from __future__ import annotations

import anyio
import pytest

from flowws import Channel, current_job, on_timeout, select
from flowws.websocket import Frame, SessionClosedError, WebSocketClient, WebSockets, bounded, channels
from tests.core.observing import turns
from tests.websocket.stalling import held_back, let_go


@pytest.mark.parametrize("catching", [False, True])
async def test_a_select_reads_on_after_a_pause_and_is_a_reader(house, catching):
    """A full `incoming` holds the peer back until the select has taken enough, and whoever selects is a reader."""
    go_on = anyio.Event()
    sizes = []
    readers = []
    idle = Channel[Frame]()

    async def handler(session):
        await go_on.wait()
        incoming = session.incoming
        while True:
            catching_clause = incoming.on_receive_catching(lambda result: result.get_or_raise())
            frame = await select(idle.on_receive(), catching_clause if catching else incoming.on_receive())
            if not frame.data:
                break
            sizes.append(len(frame.data))
        readers.append(current_job() in session._link.incoming.readers)

    server = await house.serve(handler, WebSockets(channels=channels(incoming=bounded(4))))
    peer = await house.open(server.port)
    for _ in range(40):
        await peer.stream.send(peer.frame(2, bytes(16)))
    (session,) = server.sessions
    while not session._link.incoming.is_paused:
        await anyio.lowlevel.checkpoint()
    go_on.set()
    await peer.stream.send(peer.frame(2, b""))
    await peer.next()  # the Close frame of a handler that has returned
    assert sizes == [16] * 40
    assert readers == [True]


async def test_a_parked_select_receives_and_hears_of_the_end(house, engine):
    idle = Channel[Frame]()
    got: list[str] = []

    async def handler(session):
        while True:
            result = await select(session.incoming.on_receive_catching(), idle.on_receive_catching(), on_timeout(3600))
            assert result is not None
            got.append(result.get_or_else(lambda _: Frame.Text("the end")).data.decode())
            if result.is_closed:
                return

    server = await house.serve(handler)
    async with WebSocketClient(engine=engine).websocket(f"ws://127.0.0.1:{server.port}/") as session:
        await session.send("one")
        await session.send("two")
    while got[-1:] != ["the end"]:
        await anyio.lowlevel.checkpoint()
    assert got == ["one", "two", "the end"]


async def test_a_select_sends(house, engine):
    async def handler(session):
        async for frame in session.incoming:
            await session.send(frame.read_text().upper())

    server = await house.serve(handler)
    async with WebSocketClient(engine=engine).websocket(f"ws://127.0.0.1:{server.port}/") as session:
        assert await select(session.outgoing.on_send(Frame.Text("hello"), lambda _: "sent"), on_timeout(0)) == "sent"
        assert (await select(session.incoming.on_receive())).data.decode() == "HELLO"
        with pytest.raises(TypeError, match="outgoing takes frames"):
            session.outgoing.on_send("hello")  # type: ignore[call-overload]  # what it refuses
        await session.close()
        with pytest.raises(SessionClosedError):
            await select(session.outgoing.on_send(Frame.Text("late")))


async def test_a_select_waits_for_room_to_send_and_leaves_the_line_when_it_loses(house):
    nudge = Channel[str](1)
    log: list[object] = []

    async def handler(session):
        outgoing = session.outgoing
        chunk = Frame.Binary(bytes(65536))
        clause = outgoing.on_send(chunk, lambda _: "sent")
        held_back(session)
        assert await select(clause, on_timeout(0, lambda: "full")) == "sent"
        assert await select(clause, on_timeout(0, lambda: "full")) == "full"
        selecting = session.async_(lambda: select(clause, nudge.on_receive()))
        await turns()
        log.append(len(outgoing.senders))
        nudge.try_send("nudged")
        log.append(await selecting)
        log.append(len(outgoing.senders))
        waiting = session.async_(lambda: select(clause, nudge.on_receive()))
        await turns()
        let_go(session)
        log.append(await waiting)

    server = await house.serve(handler, WebSockets(channels=channels(outgoing=bounded(1))))
    peer = await house.open(server.port)
    while await peer.next() == (2, bytes(65536)):
        pass
    assert log == [1, "nudged", 0, "sent"]

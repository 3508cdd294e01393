"""`outgoing.send_from_thread`: a session that is fed by plain threads."""

from __future__ import annotations

import threading

import pytest
from anyio.to_thread import run_sync

from flowws import IllegalStateError, yield_now
from flowws.websocket import Frame, SessionClosedError, WebSocketClient, WebSockets, bounded, channels


async def test_a_thread_sends_frames(house, engine):
    async def handler(session):
        await run_sync(session.outgoing.send_from_thread, Frame.Text("waited for"))
        result = await run_sync(session.outgoing.try_send_from_thread, Frame.Text("tried"))
        assert result.is_success
        with pytest.raises(IllegalStateError, match="event loop runs"):
            session.outgoing.send_from_thread(Frame.Text("on the loop"))

    server = await house.serve(handler)
    async with WebSocketClient(engine=engine).websocket(f"ws://127.0.0.1:{server.port}/") as session:
        assert [frame.data async for frame in session.incoming] == [b"waited for", b"tried"]
        await session.close_reason
        with pytest.raises(SessionClosedError):
            await run_sync(session.outgoing.send_from_thread, Frame.Text("too late"))
        late = await run_sync(session.outgoing.try_send_from_thread, Frame.Text("too late"))
        assert isinstance(late.exception_or_none(), SessionClosedError)


async def test_a_thread_that_waits_for_room_goes_on_or_fails_with_the_session(house, engine):
    outcomes = []

    def send(outgoing, text):
        try:
            outcomes.append(outgoing.send_from_thread(Frame.Text(text)))
        except SessionClosedError as error:
            outcomes.append(error)

    async def waiting(outgoing, text, queued):
        thread = threading.Thread(target=send, args=(outgoing, text))
        thread.start()
        while f"{queued} senders" not in repr(outgoing):
            await yield_now()
        return thread

    async def handler(session):
        async for _ in session.incoming:
            pass

    config = WebSockets(channels=channels(outgoing=bounded(1)))
    server = await house.serve(handler, config)
    async with WebSocketClient(config, engine=engine).websocket(f"ws://127.0.0.1:{server.port}/") as session:
        outgoing = session._link.outgoing
        outgoing.pause()
        await session.send("fills the queue")
        first = await waiting(outgoing, "goes on", 1)
        assert (await run_sync(outgoing.try_send_from_thread, Frame.Text("no room"))).is_failure
        outgoing.pump()
        await run_sync(first.join)
        assert outcomes == [None]
        outgoing.pause()
        await session.send("fills the queue")
        second = await waiting(outgoing, "fails", 1)
        await session.close()
        await run_sync(second.join)
    assert isinstance(outcomes[1], SessionClosedError)

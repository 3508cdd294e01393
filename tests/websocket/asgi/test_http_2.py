"""A session over HTTP/2 (RFC 8441), which hypercorn brings along."""

from __future__ import annotations

import anyio
import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RemoteSettingsChanged, ResponseReceived
from websockets.frames import Close, Frame, Opcode
from websockets.streams import StreamReader

from flowws.websocket import WebSocketServer


@pytest.fixture(scope="module", params=[("hypercorn", "asyncio"), ("hypercorn", "trio")], ids=["asyncio", "trio"])
def server_and_loop(request):
    return request.param


class Http2Peer:
    """One stream of one connection."""

    def __init__(self, tcp):
        self._tcp = tcp
        self._http = H2Connection(H2Configuration(client_side=True, header_encoding=None))
        self._frames = StreamReader()
        self._is_ready = False
        self.status = None

    async def connect(self, path, **headers):
        self._http.initiate_connection()
        await self._hear(lambda: self._is_ready)
        names = {
            "method": "CONNECT",
            "protocol": "websocket",
            "scheme": "http",
            "path": path,
            "authority": "example.org",
        }
        more = {"sec-websocket-version": "13", **headers}
        self._http.send_headers(1, [*((f":{name}", value) for name, value in names.items()), *more.items()])
        await self._hear(lambda: self.status is not None)

    async def _hear(self, enough):
        with anyio.fail_after(5):
            await self._tcp.send(self._http.data_to_send())
            while not enough():
                for event in self._http.receive_data(await self._tcp.receive()):
                    if isinstance(event, RemoteSettingsChanged):
                        self._is_ready = True
                    elif isinstance(event, ResponseReceived):
                        self.status = dict(event.headers)[b":status"]
                    elif isinstance(event, DataReceived):
                        self._frames.feed_data(event.data)
                        self._http.acknowledge_received_data(event.flow_controlled_length, 1)
                await self._tcp.send(self._http.data_to_send())

    async def send(self, opcode, payload):
        self._http.send_data(1, Frame(opcode, payload).serialize(mask=True))
        await self._tcp.send(self._http.data_to_send())

    async def next(self):
        parsing = Frame.parse(self._frames.read_exact, mask=False)
        while True:
            try:
                next(parsing)
            except StopIteration as done:
                return done.value.opcode, bytes(done.value.data)
            before = len(self._frames.buffer)
            await self._hear(lambda before=before: len(self._frames.buffer) > before)


async def test_r12_a_session_over_http_2(serve):
    """R12"""
    app = WebSocketServer()

    @app.websocket("/rooms/{room}")
    async def room(session):
        await session.send(f"{session.call.path_parameters['room']} {session.call.headers['host']}")
        async for frame in session.incoming:
            await session.send(frame)

    server = await serve(app.asgi())
    async with await anyio.connect_tcp("127.0.0.1", server.port) as tcp:
        peer = Http2Peer(tcp)
        await peer.connect("/rooms/blue", origin="http://example.org")
        assert peer.status == b"200"
        assert await peer.next() == (Opcode.TEXT, b"blue example.org")
        await peer.send(Opcode.BINARY, b"\x00\x01")
        assert await peer.next() == (Opcode.BINARY, b"\x00\x01")
        await peer.send(Opcode.CLOSE, Close(1000, "bye").serialize())
        assert await peer.next() == (Opcode.CLOSE, Close(1000, "bye").serialize())

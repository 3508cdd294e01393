"""RFC 6455, sections 3, 4 and 9.1: how a session begins, as a server and as a client."""

from __future__ import annotations

import base64
from ssl import PROTOCOL_TLS_SERVER, SSLContext, SSLObject, SSLSocket, create_default_context
from typing import Any

import anyio
import pytest
import trustme
from anyio.abc import SocketAttribute

from flowws.websocket import HandshakeError, PerMessageDeflate, WebSocketClient, WebSockets, WebSocketServer
from tests.websocket.conformance.conftest import Other, fields_of, gone, head_of, switching
from tests.websocket.conftest import RawPeer


async def nothing(session):
    await session.incoming.receive_catching()


# As a server


async def test_the_answer_of_a_server(house):
    """4.2.2: with the key of section 1.3; what was not agreed on is not in it."""
    server = await house.serve(nothing)
    peer = await house.open(
        server.port,
        Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==",
        Sec_WebSocket_Protocol="chat",
        Sec_WebSocket_Extensions="x-unknown; a=1, permessage-deflate",
    )
    assert peer.status == 101
    assert peer.headers["upgrade"].lower() == "websocket"
    assert peer.headers["connection"].lower() == "upgrade"
    assert peer.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert not {"sec-websocket-protocol", "sec-websocket-extensions"} & set(peer.headers)


@pytest.mark.parametrize("name", ["Sec-WebSocket-Key", "Sec-WebSocket-Version", "Host"])
async def test_headers_that_come_once(house, name):
    """4.3: neither equal nor different ones may follow."""
    server = await house.serve(nothing)
    headers = RawPeer.handshake(server.port)
    for again in (headers[name], "other"):
        peer = await house.connect(server.port)
        await peer.request("/", {**headers, name.lower(): again})
        assert peer.status == 400, again


async def test_lists_may_have_several_lines(house):
    """4.3, 9.1: extensions and subprotocols, in their order."""
    app = WebSocketServer(WebSockets(extensions=[PerMessageDeflate()]))
    app.websocket("/", subprotocol="b")(nothing)
    server = await house.start(app)
    peer = await house.connect(server.port)
    lists = {
        "Sec-WebSocket-Protocol": "a",
        "sec-websocket-protocol": "b",
        "Sec-WebSocket-Extensions": "x-unknown",
        "sec-websocket-extensions": "permessage-deflate",
    }
    await peer.request("/", peer.handshake(server.port) | lists)
    assert (peer.status, peer.headers["sec-websocket-protocol"]) == (101, "b")
    assert peer.headers["sec-websocket-extensions"].startswith("permessage-deflate")


@pytest.mark.parametrize("line", ["a=b", ";", "a; b=", 'a; b="c d"', "a b", ", ,"])
async def test_a_list_of_extensions_that_is_none(house, line):
    """9.1: such a handshake fails."""
    server = await house.serve(nothing, WebSockets(extensions=[PerMessageDeflate()]))
    peer = await house.connect(server.port)
    await peer.request("/", peer.handshake(server.port, Sec_WebSocket_Extensions=line))
    assert peer.status == 400


# As a client


class House:
    """A server that is not ours: it keeps what it is asked, and what comes before it answers."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.early = b""

    async def __aenter__(self):
        listeners: Any = await anyio.create_tcp_listener(local_host="127.0.0.1")
        (self.listener,) = listeners.listeners
        self.port = self.listener.extra(SocketAttribute.local_port)
        return self

    async def __aexit__(self, *_):
        await self.listener.aclose()

    async def answer(self, **headers: str) -> Other:
        peer = Other(RawPeer(await self.listener.accept()), "client")
        self.heads.append(await head_of(peer))
        await anyio.wait_all_tasks_blocked()
        self.early += bytes(peer.received)
        await peer.write(switching(self.heads[-1], headers))
        return peer

    async def session(self, client: WebSocketClient, path: str = "/", answer: dict[str, str] | None = None, **options):
        """Of that client: the peer, and the session or why there is none."""
        found: list[Any] = []

        async def meet() -> None:
            found.append(await self.answer(**(answer or {})))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(meet)
            session: Any
            try:
                session = await client.websocket_session(f"ws://127.0.0.1:{self.port}{path}", **options)
            except HandshakeError as error:
                session = error
        return found[0], session


async def end(peer, session):
    await gone(session)
    await peer.hang_up()


async def test_the_request_of_a_client(engine):
    """3, 4.1: all of it, and nothing behind it before the answer; a new key for each connection."""
    keys = set()
    async with House() as server:
        for _ in range(3):
            peer, session = await server.session(
                WebSocketClient(engine=engine), "/people%20x?name=a%23b", subprotocols=["a", "b"]
            )
            head = server.heads[-1]
            assert head.startswith(b"GET /people%20x?name=a%23b HTTP/1.1\r\n")
            fields = [(name.lower(), value) for name, value in fields_of(head)]
            assert len({name for name, _ in fields}) == len(fields)
            said = dict(fields)
            assert said["host"] == f"127.0.0.1:{server.port}"
            assert said["upgrade"].lower() == "websocket"
            assert said["connection"].lower() == "upgrade"
            assert said["sec-websocket-version"] == "13"
            assert [name.strip() for name in said["sec-websocket-protocol"].split(",")] == ["a", "b"]
            assert not {"origin", "sec-websocket-extensions"} & set(said)
            keys.add(said["sec-websocket-key"])
            await end(peer, session)
        assert server.early == b""
    assert {len(base64.b64decode(key, validate=True)) for key in keys} == {16}
    assert len(keys) == 3


async def test_an_address_without_a_path_asks_for_the_root(engine):
    """3, 4.1"""
    async with House() as server:
        peer, session = await server.session(WebSocketClient(engine=engine), "?a=b")
        assert server.heads[0].startswith(b"GET /?a=b HTTP/1.1\r\n")
        await end(peer, session)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"Sec-WebSocket-Extensions": "x-unknown"}, id="an extension that was not offered"),
        pytest.param({"Sec-WebSocket-Extensions": "permessage-deflate, permessage-deflate"}, id="one twice"),
        pytest.param({"Sec-WebSocket-Extensions": "permessage-deflate; x=1"}, id="an unknown parameter"),
        pytest.param({"Sec-WebSocket-Extensions": "permessage-deflate; server_max_window_bits=7"}, id="too few bits"),
        pytest.param({"Sec-WebSocket-Extensions": "permessage-deflate; server_max_window_bits=09"}, id="a zero first"),
        pytest.param({"Sec-WebSocket-Extensions": "a=b"}, id="no list at all"),
        pytest.param({"Sec-WebSocket-Protocol": "other"}, id="a subprotocol that was not offered"),
        pytest.param({"Sec-WebSocket-Protocol": "A"}, id="one in other letters"),
        pytest.param({"Sec-WebSocket-Protocol": "a", "sec-websocket-protocol": "b"}, id="two subprotocols"),
        pytest.param({"sec-websocket-accept": "bm9uc2Vuc2U="}, id="two accept values"),
    ],
)
async def test_a_server_that_chooses_what_was_not_offered(engine, answer):
    """4.1, 4.3, 9.1; RFC 7692, section 7.1; W4, W9: the client fails the connection."""
    client = WebSocketClient(WebSockets(extensions=[PerMessageDeflate()]), engine=engine)
    async with House() as server:
        peer, error = await server.session(client, answer=answer, subprotocols=["a", "b"])
        assert isinstance(error, HandshakeError), error
        assert not await peer.read_to_end()
        await peer.hang_up()


async def test_connections_side_by_side(engine):
    """4.1, a difference: a second handshake with one host does not wait for the first."""
    client = WebSocketClient(engine=engine)
    async with House() as server, anyio.create_task_group() as tasks:
        sessions: list[Any] = []

        async def connect() -> None:
            sessions.append(await client.websocket_session(f"ws://127.0.0.1:{server.port}/"))

        for _ in range(2):
            tasks.start_soon(connect)
        lines = [Other(RawPeer(await server.listener.accept()), "client") for _ in range(2)]
        heads = [await head_of(line) for line in lines]  # both ask, neither has an answer
        for line, head in zip(lines, heads, strict=True):
            await line.write(switching(head, {}))
        while len(sessions) < 2:
            await anyio.wait_all_tasks_blocked()
        for line, session in zip(lines, sessions, strict=True):
            await end(line, session)


async def test_the_name_of_the_host_is_in_the_handshake_of_tls(house, engine):
    """4.1: Server Name Indication."""
    authority = trustme.CA()
    ours, theirs = SSLContext(PROTOCOL_TLS_SERVER), create_default_context()
    authority.issue_cert("localhost").configure_cert(ours)
    authority.configure_trust(theirs)
    names: list[str | None] = []

    def named(_: SSLSocket | SSLObject, name: str | None, context: SSLContext) -> None:
        names.append(name)

    ours.sni_callback = named
    app = WebSocketServer()
    app.websocket("/")(nothing)
    async with app.serve("127.0.0.1", 0, ssl=ours, engine=engine) as server:  # noqa: SIM117  # one needs the other
        async with WebSocketClient(engine=engine, ssl=theirs).websocket(f"wss://localhost:{server.port}/"):
            assert names == ["localhost"]

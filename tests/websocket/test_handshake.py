from __future__ import annotations

import anyio
import pytest
from websockets.datastructures import Headers
from websockets.http11 import Request as UpgradeRequest
from websockets.server import ServerProtocol

from flowws.websocket import WebSocketServer
from flowws.websocket.server._handshake import Handshake, _is_as_usual


async def echo(session):
    async for frame in session.incoming:
        await session.send(frame)


async def test_w1_a_route_without_a_protocol_takes_any_client(house):
    """W1"""
    server = await house.serve(echo)
    for offer in (None, "chat, superchat"):
        peer = await house.open(server.port, Sec_WebSocket_Protocol=offer)
        assert "sec-websocket-protocol" not in peer.headers


async def test_w2_w3_a_route_with_a_protocol_takes_those_who_offer_it(house):
    """W2, W3"""
    app = WebSocketServer()

    @app.websocket("/", subprotocol="chat")
    async def chat(session):
        await session.send(session.call.subprotocol)

    server = await house.start(app)
    peer = await house.open(server.port, Sec_WebSocket_Protocol="other, chat")
    assert peer.headers["sec-websocket-protocol"] == "chat"
    assert await peer.next() == (1, b"chat")
    for offer in (None, "other"):
        peer = await house.connect(server.port)
        await peer.request("/", peer.handshake(Sec_WebSocket_Protocol=offer))
        assert peer.status == 400


async def test_two_routes_share_a_path(house):
    app = WebSocketServer()
    for name in ("one", "two", None):

        @app.websocket("/", subprotocol=name)
        async def say(session, name=name):
            await session.send(str(name))

    server = await house.start(app)
    for offer, answer in (("two, one", b"two"), ("one", b"one"), ("three", b"None"), (None, b"None")):
        peer = await house.open(server.port, Sec_WebSocket_Protocol=offer)
        assert await peer.next() == (1, answer)


@pytest.mark.parametrize("connection", ["Upgrade", "upgrade", "keep-alive, Upgrade", "UPGRADE,keep-alive"])
async def test_w5_tokens_match_in_a_list_and_in_any_case(house, connection):
    """W5"""
    server = await house.serve(echo)
    await house.open(server.port, Connection=connection, Upgrade="WebSocket")


async def test_an_offer_of_another_protocol_does_not_keep_pages_away(house):
    """As some HTTP clients make it with every request: load balancers that ask for /healthz, for one."""
    server = await house.serve(echo)
    peer = await house.connect(server.port)
    await peer.request("/healthz", {"Host": "a", "Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c"})
    assert peer.status == 200


async def test_w6_a_content_type_does_no_harm(house):
    """W6"""
    server = await house.serve(echo)
    await house.open(server.port, Content_Type="application/json", Content_Length="0")


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"Sec_WebSocket_Version": "8"}, 426),
        ({"Sec_WebSocket_Version": "14"}, 426),
        ({"Sec_WebSocket_Version": None}, 400),
        ({"Sec_WebSocket_Key": None}, 400),
        ({"Sec_WebSocket_Key": "short"}, 400),
        ({"Sec_WebSocket_Key": "x" * 24}, 400),
        ({"Sec_WebSocket_Key": "\xff\xff"}, 400),
        ({"Connection": "close"}, 400),
        ({"Connection": None}, 400),
        ({"Upgrade": "h2c"}, 400),
        ({"Sec_WebSocket_Protocol": "bad token"}, 400),
        ({"Transfer_Encoding": "chunked"}, 400),
        ({"Sec_WebSocket_Extensions": "a=b"}, 400),
        ({"Host": None}, 400),
        ({"host": "evil.example"}, 400),
    ],
)
async def test_w8_what_is_no_handshake(house, changed, status):
    """W8"""
    server = await house.serve(echo)
    peer = await house.connect(server.port)
    await peer.request("/", peer.handshake(server.port, **changed))
    assert peer.status == status
    assert peer.headers.get("sec-websocket-version") == ("13" if status == 426 else None)
    await peer.read_to_end()
    assert not server.sessions


async def test_w7_a_plain_get_on_the_path_of_a_session(house):
    """W7"""
    server = await house.serve(echo)
    peer = await house.connect(server.port)
    await peer.request("/", {"Host": "localhost"})
    assert (peer.status, peer.headers["upgrade"]) == (426, "websocket")
    await peer.read_to_end()


async def test_an_unknown_path_is_404_and_another_method_no_way_in(house):
    server = await house.serve(echo, path="/echo")
    peer = await house.connect(server.port)
    await peer.request("/nowhere", peer.handshake())
    assert peer.status == 404
    peer = await house.connect(server.port)
    await peer.request("/echo", peer.handshake(), method="POST")
    assert (peer.status, peer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("origin", "origins", "status"),
    [
        (None, (), 101),
        ("http://127.0.0.1:{port}", (), 101),
        ("https://127.0.0.1:{port}", (), 101),
        ("http://127.0.0.1:1", (), 403),
        ("http://evil.example", (), 403),
        ("null", (), 403),
        ("https://good.example", ["https://good.example"], 101),
        ("http://127.0.0.1:{port}", ["https://good.example"], 101),
        ("https://good.example.evil.example", ["https://good.example"], 403),
        ("http://evil.example", "*", 101),
        ("https://good.example", ["https://Good.example:443"], 101),
        ("https://good.example", ["https://good.example:80"], 403),
        ("https://good.example:8443", ["https://good.example"], 403),
    ],
)
async def test_pages_of_another_origin_need_to_be_on_the_list(house, origin, origins, status):
    app = WebSocketServer(origins=origins)
    app.websocket("/")(echo)
    server = await house.start(app)
    peer = await house.connect(server.port)
    origin = origin and origin.format(port=server.port)
    await peer.request("/", peer.handshake(server.port, Origin=origin))
    assert peer.status == status


async def test_a_host_with_the_port_that_goes_without_saying(house):
    """As some proxies pass it on; no browser says it in an origin."""
    server = await house.serve(echo)
    for origin, status in (("https://good.example", 101), ("http://good.example", 403)):
        peer = await house.connect(server.port)
        await peer.request("/", {**peer.handshake(), "Host": "good.example:443", "Origin": origin})
        assert peer.status == status


def test_a_bad_list_of_origins_is_refused():
    for origins in (["good.example"], ["https://good.example/path"], ["https://"]):
        with pytest.raises(ValueError, match="an origin is like"):
            WebSocketServer(origins=origins)
    with pytest.raises(TypeError, match="is a list"):
        WebSocketServer(origins="https://good.example")


async def test_frames_that_come_with_the_handshake_are_not_lost(house, raw):
    server = await house.serve(echo)
    more = raw.frame(1, b"first") + raw.frame(1, b"second") + raw.frame(8, b"\x03\xe8")
    peer = await house.open(server.port, more=more)
    assert await peer.next() == (8, b"\x03\xe8")
    assert not await peer.read_to_end()


async def test_messages_and_close_with_the_handshake_reach_the_handler(house, raw):
    read, done = [], anyio.Event()

    async def handler(session):
        async for frame in session.incoming:
            read.append(frame.read_text())  # noqa: PERF401  # the loop is what is tested
        done.set()

    server = await house.serve(handler)
    await house.open(server.port, more=raw.frame(1, b"first") + raw.frame(8, b"\x03\xe8"))
    with anyio.fail_after(5):
        await done.wait()
    assert read == ["first"]


async def test_a_violation_that_comes_with_the_handshake_is_seen(house, raw):
    reasons = []

    async def handler(session):
        reasons.append(await session.close_reason)

    server = await house.serve(handler)
    peer = await house.open(server.port, more=raw.frame(3, b""))
    code, _ = await peer.next_close()
    assert code == 1002
    await peer.read_to_end()


async def test_a_decision_that_raises_tells_the_peer_nothing(house, caplog, monkeypatch):
    app = WebSocketServer()
    monkeypatch.setattr(Handshake, "examine", lambda *_: 1 / 0)
    server = await house.start(app)
    peer = await house.connect(server.port)
    await peer.request("/", peer.handshake())
    assert peer.status == 500
    assert b"division" not in await peer.read_to_end()
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    ("changed", "is_usual"),
    [
        pytest.param({}, True, id="as RFC 6455 has it"),
        pytest.param({"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAB=="}, True, id="bits to spare"),
        pytest.param({"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="[:-1]}, False, id="a key cut short"),
        pytest.param({"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==\n"}, False, id="a key and more"),
        pytest.param({"Sec-WebSocket-Version": "8"}, False, id="another version"),
        pytest.param({"Connection": "keep-alive, Upgrade"}, False, id="a list"),
        pytest.param({"Origin": "https://example.org"}, False, id="a page"),
        pytest.param({"Sec-WebSocket-Protocol": "chat"}, False, id="a subprotocol"),
    ],
)
def test_what_is_taken_at_a_glance_is_a_handshake_to_websockets_too(changed, is_usual):
    usual = {
        "Host": "a",
        "upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }
    headers = Headers()
    for name, value in (usual | changed).items():
        headers.set_insecure(name, value)
    assert _is_as_usual(headers) is is_usual
    if is_usual:
        ServerProtocol().process_request(UpgradeRequest("/", headers))
        headers.set_insecure("Sec-WebSocket-Key", usual["Sec-WebSocket-Key"])
        assert not _is_as_usual(headers)

"""Whatever a request says, it is answered, and never with 500."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.datastructures import Headers

from flowws.websocket import Router, TrustedProxies, WebSocketServer
from flowws.websocket.engines import Request, Response
from flowws.websocket.server._handshake import Handshake
from flowws.websocket.server._path_pattern import normal
from flowws.websocket.server._route import Match, RouteTable

LATIN = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"))
PATHS = st.text("/ab%2fF .:\\?#{}é") | LATIN.map("/{}".format) | st.text()
NAMES = st.sampled_from(
    ["Host", "Upgrade", "Connection", "Origin", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol"]
)
VALUES = st.sampled_from(["websocket", "Upgrade", "13", "A" * 22 + "==", "chat", "http://a"]) | LATIN
FORWARDED = st.text('for=unknown[]:12.";,_ FOR%') | LATIN


async def handler(session):
    pass


@pytest.fixture(scope="module")
def handshake():
    app, router = WebSocketServer(trusted_proxies=["127.0.0.1"]), Router()
    for path in ("", "/{a}", "/{a:int}/b", "/{b:float}", "/{rest:path}"):
        router.websocket(path)(handler)
        router.websocket(path, subprotocol="chat")(handler)
    app.include("/a", router)
    return Handshake(RouteTable(app.routes), app._pages, app._origins)


@given(target=PATHS, headers=st.lists(st.tuples(NAMES, VALUES)))
def test_every_request_has_an_answer(handshake, target, headers):
    answer = handshake.examine(Request(target, Headers(headers)))
    assert isinstance(answer, (Response, Match))
    assert isinstance(answer, Match) or answer.status in {200, 400, 403, 404, 426}


@given(path=PATHS)
def test_a_normal_path_is_normal(path):
    once = normal(path)
    assert normal(once) == once
    assert once.isascii()
    assert once.count("/") == path.count("/")


@given(value=FORWARDED, header=st.sampled_from(["X-Forwarded-For", "Forwarded"]), proto=FORWARDED)
def test_a_client_always_has_an_address(value, header, proto):
    proxies = TrustedProxies(["127.0.0.0/8"], header=header)
    request = Request("/", Headers([(header, value), ("X-Forwarded-Proto", proto)]), client_address=("127.0.0.1", 1))
    (host, port), scheme = proxies.seen_by(request)  # type: ignore[misc]  # a client at a port has an address
    assert host
    assert 0 <= port <= 0xFFFF
    assert scheme in {"ws", "wss"}

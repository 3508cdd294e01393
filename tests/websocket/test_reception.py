"""What engines rely on: the reception, asked without an engine."""

from __future__ import annotations

import re

import anyio
import pytest
from websockets.datastructures import Headers

from flowws.websocket import CloseReason, Router, WebSockets, WebSocketServer
from flowws.websocket.engines import Abilities, Request, Response, Upgrade
from flowws.websocket.server._reception import Reception

ALL = Abilities()


@pytest.fixture(scope="module", params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


async def handler(session):
    pass


def app_with(config=None, *, raw=False):
    app = WebSocketServer()
    (app.websocket_raw if raw else app.websocket)("/here", config=config)(handler)
    return app


HANDSHAKE = {
    "Host": "example.org",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Version": "13",
}


def answer_to(reception, target, headers=HANDSHAKE, method="GET"):
    answers: list[object] = []
    reception.decide(Request(target, Headers(headers), method), answers.append)
    (answer,) = answers
    return answer


@pytest.mark.parametrize(
    ("config", "raw", "can"),
    [
        (WebSockets(masking=True), False, Abilities(server_masking=False)),
        (WebSockets(ping_interval=1), False, Abilities(pings=False)),
        (None, True, Abilities(raw=False)),
    ],
)
async def test_w20_what_an_engine_cannot_do_is_refused_by_its_path(config, raw, can):
    """W20"""
    app = app_with(config, raw=raw)
    with pytest.raises(ValueError, match=re.escape("'/here'")):
        Reception(app, can)
    Reception(app, ALL)


async def test_the_largest_of_all_routes_is_what_an_engine_lets_pass():
    app = WebSocketServer(WebSockets(max_frame_size=10))
    assert Reception(app, ALL).max_frame_size == 1
    app.websocket("/a")(handler)
    inner = Router(WebSockets(max_frame_size=30))
    app.include("/b", inner)
    inner.websocket("/b")(handler)
    inner.websocket("/c", config=WebSockets(max_frame_size=20))(handler)
    assert Reception(app, ALL).max_frame_size == 30


async def test_other_methods():
    reception = Reception(app_with(), ALL)
    reception.open()
    for method in ("POST", "HEAD", "CONNECT"):
        answer = answer_to(reception, "/here", method=method)
        assert (answer.status, dict(answer.headers)["Allow"]) == (405, "GET")
    await reception.close(CloseReason(1001), 0)


async def test_a_whole_url_is_a_target_too():
    reception = Reception(app_with(), ALL)
    reception.open()
    assert isinstance(answer_to(reception, "http://example.org/here?a=1"), Upgrade)
    for target in ("http://example.org", "*", "/here%00", "//", "", "/\udcff"):
        assert answer_to(reception, target).status == 404
    await reception.close(CloseReason(1001), 0)


async def test_while_it_closes_everything_is_503():
    reception = Reception(app_with(), ALL)
    reception.open()
    assert answer_to(reception, "/healthz", {"Host": "example.org"}).status == 200
    await reception.close(CloseReason(1012), 0)
    assert reception.is_closing
    for path in ("/healthz", "/here", "/nowhere"):
        assert answer_to(reception, path).status == 503


async def test_closing_twice_and_without_sessions_does_no_harm():
    reception = Reception(app_with(), ALL)
    reception.open()
    with anyio.fail_after(1):
        await reception.close(CloseReason(1001), 5)
        await reception.close(CloseReason(1001), 5)
    assert not reception.sessions


async def test_a_request_is_answered_once_however_soon_the_server_stops():
    app = app_with()
    app.middleware(lambda _, proceed: proceed())
    reception = Reception(app, ALL)
    reception.open()
    answers: list[object] = []
    reception.decide(Request("/here", Headers(HANDSHAKE)), answers.append)
    assert not answers
    await reception.close(CloseReason(1001), 0)
    (answer,) = answers
    assert isinstance(answer, Response)
    assert answer.status == 503

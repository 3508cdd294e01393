"""What an ASGI application refuses, and what it says to a server that follows a script."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from flowws.websocket import CloseReason, PerMessageDeflate, WebSockets, WebSocketServer, asgi_endpoint
from tests.websocket.asgi.scripted import ScriptedServer


@pytest.fixture(scope="module", params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


async def reads(session):
    async for _ in session.incoming:
        pass


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        (WebSockets(ping_interval=20), r"ping_interval=20.*cannot send pings"),
        (WebSockets(masking=True), r"masking=True.*cannot mask"),
        (WebSockets(extensions=[PerMessageDeflate()]), r"extensions=.*PerMessageDeflate.*reserved bits"),
    ],
    ids=["pings", "masking", "extensions"],
)
def test_what_asgi_cannot_do_is_refused_when_it_is_made(config, problem):
    with pytest.raises(ValueError, match=problem) as caught:
        asgi_endpoint(reads, config)
    assert " of this endpoint: " in str(caught.value)
    app = WebSocketServer()
    app.websocket("/fine")(reads)
    app.websocket("/rooms/{room}", config=config)(reads)
    with pytest.raises(ValueError, match=problem) as caught:
        app.asgi()
    assert "/rooms/{room}" in str(caught.value)


def test_raw_routes_are_refused_when_it_is_made():
    app = WebSocketServer()
    app.websocket_raw("/raw")(reads)
    with pytest.raises(ValueError, match="'/raw' is a raw route"):
        app.asgi()


@pytest.mark.parametrize(
    "options",
    [{"subprotocol": "two words"}, {"origins": ["example.org"]}, {"grace": -1}],
    ids=["name", "origin", "grace"],
)
def test_bad_arguments_are_refused_at_the_door(options):
    with pytest.raises(ValueError, match=r"two words|example\.org|-1"):
        asgi_endpoint(reads, **options)


def test_it_says_what_it_is():
    assert repr(WebSocketServer().asgi()) == "<AsgiApplication 0 handlers, 0 sessions>"
    assert repr(asgi_endpoint(reads)) == "<AsgiEndpoint 1 handlers, 0 sessions>"


# Lifespan


async def test_lifespan(test_scope):
    app = WebSocketServer()
    app.websocket("/")(reads)
    application = app.asgi(stop_reason=CloseReason(1012), grace=3)
    life = ScriptedServer(test_scope, type="lifespan")
    running = life.calls(application)
    life.says_lifespan("startup")
    assert await life.has_heard() == [{"type": "lifespan.startup.complete"}]
    client = ScriptedServer(test_scope)
    client.calls(application)
    assert len(await client.has_heard()) == 1
    life.says_lifespan("shutdown")
    assert await client.has_heard() == [{"type": "websocket.close", "code": 1012, "reason": ""}]
    assert await life.has_heard() == []
    client.says("disconnect", code=1012)
    assert await life.has_heard() == [{"type": "lifespan.shutdown.complete"}]
    await running.join()
    assert test_scope.current_time == 0


async def test_lifespan_ends_after_the_grace(test_scope):
    async def stubborn(session):
        await session.incoming.receive()
        await anyio.sleep_forever()

    app = WebSocketServer()
    app.websocket("/")(stubborn)
    application = app.asgi(grace=3)
    life, client = ScriptedServer(test_scope, type="lifespan"), ScriptedServer(test_scope)
    running = life.calls(application)
    life.says_lifespan("startup")
    await test_scope.run_current()
    client.calls(application)
    client.says("receive", text="x")
    await test_scope.run_current()
    life.says_lifespan("shutdown")
    await running.join()
    assert test_scope.current_time == 3
    assert not application.sessions


async def test_a_route_that_came_too_late_fails_the_startup(test_scope):
    app = WebSocketServer()
    application = app.asgi()
    app.websocket("/late", config=WebSockets(ping_interval=5))(reads)
    life = ScriptedServer(test_scope, type="lifespan")
    running = life.calls(application)
    life.says_lifespan("startup")
    (said,) = await life.has_heard()
    assert said["type"] == "lifespan.startup.failed"
    assert "/late" in said["message"]
    await running.join()


async def test_a_scope_of_another_kind(test_scope):
    with pytest.raises(ValueError, match="'telegram'"):
        await WebSocketServer().asgi()({"type": "telegram"}, _nothing, _nothing)


async def _nothing(*_: Any) -> Any:
    raise AssertionError("not to be called")


# The request


@pytest.mark.parametrize(
    ("scope", "target"),
    [
        ({"path": "/a b/c", "raw_path": b"/a%20b%2Fc"}, "/a%20b%2Fc"),
        ({"path": "/a b/c", "raw_path": b"/a%20b%2Fc?x=1"}, "/a%20b%2Fc"),
        ({"path": "/a/b", "raw_path": b"/a%2Fb", "query_string": b"x=1&y=%20"}, "/a%2Fb?x=1&y=%20"),
        ({"path": "/live/a", "raw_path": b"/live/a", "root_path": "/live"}, "/a"),
        ({"path": "/live", "raw_path": b"/live", "root_path": "/live"}, "/"),
        ({"path": "/lively", "raw_path": b"/lively", "root_path": "/live"}, "/lively"),
        ({"path": "/röm/a", "raw_path": b"/r%C3%B6m/a", "root_path": "/röm"}, "/a"),
        ({"path": "/a/", "raw_path": b"/live/a"}, "/a"),
        ({"path": "/", "raw_path": b"/live"}, "/"),
        ({"path": "/ü", "raw_path": None}, "/%C3%BC"),
        ({"path": "", "raw_path": b""}, "/"),
    ],
)
async def test_where_the_request_leads(test_scope, scope, target):
    """Below the mount, as it was sent where that is known."""
    targets = []

    async def tells(session):
        targets.append(session.call.target)

    server = ScriptedServer(test_scope, **scope)
    task = server.calls(asgi_endpoint(tells))
    await test_scope.run_current()
    server.says("disconnect", code=1000)
    await task.join()
    assert targets == [target]


async def test_a_handshake_over_http_2_has_no_upgrade(test_scope):
    """RFC 8441; and what the server says of the client counts, whatever its headers are."""
    calls = []

    async def tells(session):
        calls.append(session.call)

    server = ScriptedServer(
        test_scope,
        http_version="2",
        scheme="wss",
        client=None,
        subprotocols=["soap", "chat"],
        headers=[(b"host", b"example.org"), (b"origin", b"https://example.org"), (b"cookie", b"a=1")],
    )
    task = server.calls(asgi_endpoint(tells, subprotocol="chat"))
    assert (await server.has_heard())[0] == {"type": "websocket.accept", "subprotocol": "chat", "headers": []}
    server.says("disconnect", code=1000)
    await task.join()
    (call,) = calls
    assert (call.scheme, call.client_address, call.subprotocol, call.cookies) == ("wss", None, "chat", {"a": "1"})
    assert (call.tls.version, call.tls.cipher, call.tls.peer_certificate) == (None, None, None)


async def test_an_upgrade_that_the_server_cannot_do(test_scope):
    """Told of as a plain request: the address is that of a WebSocket, 426."""
    headers = [
        (b"host", b"x"),
        (b"connection", b"Upgrade"),
        (b"upgrade", b"websocket"),
        (b"sec-websocket-version", b"13"),
    ]
    server = ScriptedServer(test_scope, type="http", method="GET", headers=headers)
    await server.calls(asgi_endpoint(reads)).join()
    start, body = server.sent
    assert (start["type"], start["status"], body["type"]) == ("http.response.start", 426, "http.response.body")


async def test_origins_of_an_endpoint(test_scope):
    """A framework's CORS says nothing about WebSockets, so that the endpoint looks by itself."""
    for origins, status in [((), 403), (["https://friend.example"], None), ("*", None)]:
        server = ScriptedServer(test_scope, headers=[(b"host", b"example.org"), (b"origin", b"https://friend.example")])
        task = server.calls(asgi_endpoint(reads, origins=origins))
        heard = await server.has_heard()
        assert heard[0].get("status") == status
        server.says("disconnect", code=1000)
        await task.join()


async def test_middleware_adds_headers_to_the_answer(test_scope):
    from dataclasses import replace

    app = WebSocketServer()
    app.websocket("/", subprotocol="chat")(reads)

    @app.middleware
    async def adds(call, proceed):
        answer = await proceed()
        return replace(answer, headers=(*answer.headers, ("X-Room", "blue")))

    server = ScriptedServer(test_scope, headers=[(b"host", b"x"), (b"sec-websocket-protocol", b"chat")])
    task = server.calls(app.asgi())
    assert await server.has_heard() == [
        {"type": "websocket.accept", "subprotocol": "chat", "headers": [(b"x-room", b"blue")]}
    ]
    server.says("disconnect", code=1000)
    await task.join()

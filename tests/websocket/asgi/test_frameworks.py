"""Handlers behind the routes of Starlette, FastAPI and Litestar, on real servers."""

from __future__ import annotations

import warnings
from contextvars import ContextVar
from typing import Annotated, Any

import anyio
import fastapi
import litestar
import pytest
from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath
from litestar.testing import TestClient
from litestar.types import Receive, Scope, Send
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.routing import Mount, WebSocketRoute

from flowws.websocket import WebSocketServer, asgi_endpoint

TEXT = 1

log: list[str] = []
"""What happened behind the routes."""

seen: ContextVar[str] = ContextVar("seen", default="nothing")


@pytest.fixture(autouse=True)
def _fresh_log():
    log.clear()


async def talk(session):
    """Tells what it knows of its call, then echoes."""
    call = session.call
    state = call.asgi_scope.get("state", {})
    facts = [call.path, dict(call.path_parameters), call.attributes, state.get("shared"), seen.get()]
    await session.send(repr(facts))
    try:
        async for frame in session.incoming:
            await session.send(frame)
    finally:
        log.append("the handler ended")


def a_server() -> WebSocketServer:
    app = WebSocketServer()
    app.websocket("/talk/{topic}")(talk)
    return app


async def knock(house, port, path, **headers):
    peer = await house.connect(port)
    await peer.request(path, peer.handshake(port, **headers))
    return peer


async def say(peer, words):
    await peer.send(TEXT, words.encode())
    assert await peer.next() == (TEXT, words.encode())


# Starlette


class Tokens(AuthenticationBackend):
    async def authenticate(self, conn: Any) -> Any:
        token = conn.headers.get("authorization")
        return None if token is None else (AuthCredentials(["talk"]), SimpleUser(token))


async def test_starlette_routes_and_mounts(serve, house):
    """An endpoint behind a route, a whole server below a prefix, and what a middleware has found out."""

    async def who(session):
        user = session.call.asgi_scope["user"]
        await session.send(f"{user.display_name} {session.call.path_parameters}")

    app = Starlette(
        routes=[
            WebSocketRoute("/rooms/{room:int}", asgi_endpoint(talk)),
            WebSocketRoute("/who/{place}", asgi_endpoint(who)),
            Mount("/live/{town}", a_server().asgi()),
        ],
        middleware=[Middleware(AuthenticationMiddleware, backend=Tokens())],
    )
    server = await serve(app)
    peer = await house.open(server.port, "/rooms/7")
    assert await peer.next() == (TEXT, repr(["/rooms/7", {"room": 7}, {}, None, "nothing"]).encode())
    await say(peer, "hello")
    peer = await house.open(server.port, "/who/here", Authorization="ann")
    assert await peer.next() == (TEXT, b"ann {'place': 'here'}")
    assert await peer.next_close() == (1000, "")
    peer = await house.open(server.port, "/live/r%C3%B6m/talk/a%2Fb")
    _, words = await peer.next()
    assert words.decode().startswith("['/talk/a/b', {'town': 'röm', ")
    assert "'topic': 'a/b'" in words.decode()
    refused = await knock(house, server.port, "/live/rome/nothing")
    assert refused.status == 404


# FastAPI


async def member(websocket: fastapi.WebSocket, token: str = "") -> Any:
    if token == "http":
        raise fastapi.HTTPException(401, "who are you?")
    if token != "sesame":
        raise fastapi.WebSocketException(1008, "who are you?")
    websocket.state.shared = "from the dependency"
    reset = seen.set("in the dependency")
    log.append("the dependency began")
    yield f"member {token}"
    log.append("the dependency ended")
    seen.reset(reset)


def a_fastapi() -> fastapi.FastAPI:
    app = fastapi.FastAPI()
    chat = asgi_endpoint(talk, subprotocol="chat")

    @app.websocket("/rooms/{room}")
    async def room(websocket: fastapi.WebSocket, room: int, user: Annotated[str, fastapi.Depends(member)]) -> None:
        await chat.serve(websocket, user=user, room=room)

    app.mount("/live", a_server().asgi())
    return app


async def test_fastapi_dependencies_decide_before_the_upgrade(serve, house):
    server = await serve(a_fastapi())
    for path, status in [
        ("/rooms/7", 403),
        ("/rooms/7?token=wrong", 403),
        ("/rooms/7?token=http", 401),
        ("/rooms/seven?token=sesame", 403),
    ]:
        assert (await knock(house, server.port, path, Sec_WebSocket_Protocol="chat")).status == status, path
    assert (await knock(house, server.port, "/rooms/7?token=sesame")).status == 400  # no subprotocol


async def test_fastapi_dependencies_reach_the_handler_and_outlast_it(serve, house):
    server = await serve(a_fastapi())
    peer = await house.open(server.port, "/rooms/7?token=sesame", Sec_WebSocket_Protocol="chat")
    assert peer.headers["sec-websocket-protocol"] == "chat"
    facts = [
        "/rooms/7",
        {"room": "7"},
        {"user": "member sesame", "room": 7},
        "from the dependency",
        "in the dependency",
    ]
    assert await peer.next() == (TEXT, repr(facts).encode())
    await say(peer, "hello")
    await peer.say_close()
    await peer.read_to_end()
    with anyio.fail_after(5):
        while len(log) < 3:
            await anyio.lowlevel.checkpoint()
    assert log == ["the dependency began", "the handler ended", "the dependency ended"]


async def test_fastapi_mounts_a_server(serve, house):
    server = await serve(a_fastapi())
    peer = await house.open(server.port, "/live/talk/tea")
    assert (await peer.next())[1].startswith(b"['/talk/tea', {")


async def test_fastapi_has_dependencies_for_functions_alone(serve, house):
    """An ASGI application is not asked like one, and behind a mount nobody asks."""
    app = fastapi.FastAPI(dependencies=[fastapi.Depends(member)])
    app.add_api_websocket_route("/route", asgi_endpoint(talk))
    app.mount("/mount", asgi_endpoint(talk))
    server = await serve(app)
    assert (await knock(house, server.port, "/route?token=sesame")).status == 403
    peer = await house.open(server.port, "/mount/here")
    await peer.next()
    assert log == ["the dependency began"]  # for the first of them


# Litestar


def only_members(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    token = connection.query_params.get("token")
    if token is None:
        raise NotAuthorizedException("who are you?")
    if token != "sesame":
        raise PermissionDeniedException("not you")


async def test_litestar_routes_guards_and_mounts(serve, house):
    chat = asgi_endpoint(talk)
    live = a_server().asgi()

    @litestar.websocket("/rooms/{room:int}", guards=[only_members])
    async def room(socket: litestar.WebSocket[Any, Any, Any], room: FromPath[int]) -> None:
        await chat.serve(socket, number=room)

    @litestar.asgi("/live", is_mount=True, copy_scope=True)
    async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
        await live(scope, receive, send)

    server = await serve(litestar.Litestar([room, mounted], logging_config=None))
    peer = await house.open(server.port, "/rooms/7?token=sesame")
    assert await peer.next() == (TEXT, repr(["/rooms/7", {"room": 7}, {"number": 7}, None, "nothing"]).encode())
    await say(peer, "hello")
    await peer.say_close()
    await peer.read_to_end()
    for path in ("/rooms/7", "/rooms/7?token=wrong"):
        assert (await knock(house, server.port, path)).status in (401, 403)
    peer = await house.open(server.port, "/live/talk/tea")
    assert (await peer.next())[1].startswith(b"['/talk/tea', {")


# The frameworks' own test clients, which make up the handshake as they like


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_starlettes_test_client(backend):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the package that it stands on
        from starlette.testclient import TestClient, WebSocketDenialResponse
    app = Starlette(routes=[WebSocketRoute("/rooms/{room}", asgi_endpoint(talk)), Mount("/live", a_server().asgi())])
    client = TestClient(app, backend=backend)
    with client.websocket_connect("/rooms/7") as room:
        assert room.receive_text().startswith("['/rooms/7', {'room': '7'}")
        room.send_text("hello")
        assert room.receive_text() == "hello"
    with pytest.raises(WebSocketDenialResponse) as refused, client.websocket_connect("/live/nothing"):
        pass
    assert refused.value.status_code == 404


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_litestars_test_client(backend):
    chat = asgi_endpoint(talk)

    @litestar.websocket("/chat")
    async def route(socket: litestar.WebSocket[Any, Any, Any]) -> None:
        await chat.serve(socket)

    with (
        TestClient(litestar.Litestar([route], logging_config=None), backend=backend) as client,
        client.websocket_connect("/chat") as room,
    ):
        assert room.receive_text().startswith("['/chat', ")
        room.send_text("hello")
        assert room.receive_text() == "hello"

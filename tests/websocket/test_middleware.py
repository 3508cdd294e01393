from __future__ import annotations

import logging
from contextvars import ContextVar
from dataclasses import replace

import anyio
import pytest

from flowws.websocket import Response, Router, WebSocketServer, refuse

user = ContextVar[str]("user")


async def hello(session):
    await session.send(f"{session.call.attributes.get('name')} {user.get('nobody')}")


async def asked(house, app, path="/", **headers):
    server = await house.start(app)
    peer = await house.connect(server.port)
    await peer.request(path, peer.handshake(server.port, **headers))
    return peer


async def test_middleware_tells_the_handler_by_attributes_and_context(house):
    app = WebSocketServer()
    app.websocket("/")(hello)

    @app.middleware
    async def recognize(call, proceed):
        await anyio.lowlevel.checkpoint()
        call.attributes["name"] = call.cookies["name"]
        user.set(call.cookies["name"])
        return await proceed()

    peer = await asked(house, app, Cookie="name=ada")
    assert peer.status == 101
    assert await peer.next() == (1, b"ada ada")


async def test_middleware_that_is_not_async(house):
    app = WebSocketServer()
    app.websocket("/")(hello)

    @app.middleware
    def recognize(call, proceed):
        call.attributes["name"] = "ada"
        return proceed()

    peer = await asked(house, app)
    assert await peer.next() == (1, b"ada nobody")


@pytest.mark.parametrize("wait", [True, False])
async def test_a_refusal_has_any_status_and_headers(house, wait):
    app = WebSocketServer()
    app.websocket("/")(hello)

    async def later():
        return answer

    answer = refuse(401, "who are you?", headers=[("WWW-Authenticate", "Bearer")])
    app.middleware(lambda _, __: later() if wait else answer)
    peer = await asked(house, app)
    assert (peer.status, peer.headers["www-authenticate"]) == (401, "Bearer")
    assert b"who are you?" in await peer.read_to_end()


async def test_any_answer_will_do_a_redirection_too(house):
    app = WebSocketServer()
    app.websocket("/")(hello)
    app.middleware(lambda _, __: Response(307, (("Location", "/elsewhere"), ("Content-Length", "0"))))
    peer = await asked(house, app)
    assert (peer.status, peer.headers["location"]) == (307, "/elsewhere")


async def test_headers_are_added_to_the_answer(house):
    app = WebSocketServer()
    app.websocket("/", subprotocol="chat")(hello)

    @app.middleware
    async def stamp(call, proceed):
        answer = await proceed()
        return replace(answer, headers=(*answer.headers, ("X-Stamp", call.route)))

    peer = await asked(house, app, Sec_WebSocket_Protocol="chat")
    assert (peer.status, peer.headers["x-stamp"], peer.headers["sec-websocket-protocol"]) == (101, "/", "chat")


async def test_the_outermost_comes_first_and_routers_bring_their_own(house):
    order = []

    def note(name):
        async def middleware(call, proceed):
            order.append(name)
            answer = await proceed()
            order.append(name.upper())
            return answer

        return middleware

    inner, app = Router(), WebSocketServer()
    inner.websocket("/x")(hello)
    app.websocket("/plain")(hello)
    app.include("/in", inner)
    for router, name in ((app, "a"), (app, "b"), (inner, "c")):
        router.middleware(note(name))
    await asked(house, app, "/in/x")
    await asked(house, app, "/plain")
    assert order == ["a", "b", "c", "C", "B", "A", "a", "b", "B", "A"]


def bad(status, name, value):
    return lambda _, __: Response(status, ((name, value),))


def raises(call, proceed):
    raise LookupError("a secret")


async def raises_later(call, proceed):
    await proceed()
    raise LookupError("a secret")


@pytest.mark.parametrize(
    "broken",
    [
        raises,
        raises_later,
        lambda _, __: None,
        bad(400, "X-Bad", "a\r\nSet-Cookie: b"),
        bad(400, "Set-Cookie: b\r\nX-Bad", "a"),
        bad(400, "X-Bad", "\u20ac"),
        bad(101, "X-Bad", "a"),
        bad(700, "X-Bad", "a"),
    ],
)
async def test_w16_what_fails_before_the_upgrade_is_a_failed_connect(house, caplog, broken):
    """W16"""
    app = WebSocketServer()
    app.websocket("/")(hello)
    app.middleware(broken)
    peer = await asked(house, app)
    assert peer.status == 500
    assert "set-cookie" not in peer.headers
    assert b"secret" not in await peer.read_to_end()
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert record.exc_info is not None


async def test_middleware_is_not_asked_about_what_is_refused_anyway_nor_about_pages(house, tmp_path):
    app = WebSocketServer()
    app.websocket("/")(hello)
    app.middleware(raises)
    server = await house.start(app)
    for path, headers, status in (
        ("/", {"Origin": "http://evil.example"}, 403),
        ("/", {"Sec_WebSocket_Version": "12"}, 426),
        ("/nowhere", {}, 404),
        ("/healthz", {"Upgrade": None}, 200),
    ):
        peer = await house.connect(server.port)
        await peer.request(path, peer.handshake(server.port, **headers))
        assert peer.status == status


async def test_who_still_waits_when_the_server_stops_is_told_so(raw):
    app, waits, gone = WebSocketServer(), anyio.Event(), []
    app.websocket("/")(hello)

    @app.middleware
    async def forever(call, proceed):
        waits.set()
        try:
            await anyio.sleep_forever()
        finally:
            gone.append(True)

    with anyio.fail_after(5):
        async with app.serve("127.0.0.1", 0) as server:
            peer = raw(await anyio.connect_tcp("127.0.0.1", server.port))
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(peer.request, "/", peer.handshake(server.port))
                await waits.wait()
                await server.stop()
    assert (peer.status, gone) == (503, [True])
    await peer.hang_up()


@pytest.mark.parametrize("status", [101, 200, 399, 600])
def test_a_refusal_refuses(status):
    with pytest.raises(ValueError, match=str(status)):
        refuse(status, "")


@pytest.mark.parametrize("end", ["hang_up", "reset"])
async def test_a_client_that_is_gone_before_the_answer_leaves_nothing_behind(house, caplog, end):
    app, waits, goes, done, started = WebSocketServer(), anyio.Event(), anyio.Event(), anyio.Event(), []

    @app.websocket("/")
    async def handler(session):
        started.append(session)
        await session.incoming.receive()

    @app.middleware
    async def slow(call, proceed):
        waits.set()
        await goes.wait()
        try:
            return await proceed()
        finally:
            done.set()

    server = await house.start(app)
    peer = await house.connect(server.port)
    lines = "".join(f"{name}: {value}\r\n" for name, value in peer.handshake(server.port).items())
    await peer.write(f"GET / HTTP/1.1\r\n{lines}\r\n".encode())
    with anyio.fail_after(5):
        await waits.wait()
        await getattr(peer, end)()
        goes.set()
        await done.wait()
        while server.sessions:
            await anyio.lowlevel.checkpoint()
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert all(not session.is_active for session in started)


async def test_many_at_once_each_with_its_own_context(house):
    app = WebSocketServer()
    app.websocket("/")(hello)

    @app.middleware
    async def recognize(call, proceed):
        user.set(call.query_parameters["n"])
        for _ in range(int(call.query_parameters["n"]) % 5):
            await anyio.lowlevel.checkpoint()
        call.attributes["name"] = user.get()
        return await proceed()

    server = await house.start(app)
    said = []

    async def one(number):
        peer = await house.open(server.port, f"/?n={number}")
        said.append((number, (await peer.next())[1]))

    async with anyio.create_task_group() as tasks:
        for number in range(50):
            tasks.start_soon(one, number)
    assert sorted(said) == [(number, f"{number} {number}".encode()) for number in range(50)]

from __future__ import annotations

import logging

import anyio
import pytest

from flowws.websocket import ServerObserver, WebSocketServer

NAME = "flowws.websocket.access"


async def handler(session):
    await session.incoming.receive()


async def all_ended(server):
    with anyio.fail_after(5):
        while server.sessions:
            await anyio.lowlevel.checkpoint()


def records(caplog):
    return [each for each in caplog.records if each.name == NAME]


async def test_one_record_for_each_session(house, caplog):
    caplog.set_level(logging.INFO, NAME)
    app = WebSocketServer()
    app.websocket("/rooms/{room}", subprotocol="chat")(handler)
    server = await house.start(app)
    peer = await house.open(server.port, "/rooms/blue?token=secret", Sec_WebSocket_Protocol="chat")
    await peer.say_close(4001, "bye\n")
    await peer.read_to_end()
    await all_ended(server)
    (record,) = records(caplog)
    assert record.getMessage().startswith("127.0.0.1 GET /rooms/blue 101, closed by peer with 4001 'bye\\n' after 0.")
    assert (record.path, record.route, record.status) == ("/rooms/blue", "/rooms/{room}", 101)
    assert (record.close_code, record.close_message, record.closed_by) == (4001, "bye\n", "peer")
    assert (record.subprotocol, record.client_address[0]) == ("chat", "127.0.0.1")
    assert 0 <= record.duration < 5


async def test_one_record_for_each_refused_request_and_none_for_pages(house, caplog):
    caplog.set_level(logging.INFO, NAME)
    server = await house.serve(handler)
    for path, upgrade in (("/nowhere?secret", "websocket"), ("/healthz", None)):
        peer = await house.connect(server.port)
        await peer.request(path, peer.handshake(server.port, Upgrade=upgrade))
    (record,) = records(caplog)
    assert record.getMessage() == "127.0.0.1 GET /nowhere 404"
    assert (record.path, record.status) == ("/nowhere", 404)


async def test_what_a_client_sends_cannot_forge_a_line(caplog):
    from websockets.datastructures import Headers

    from flowws.websocket.engines import Request, Response
    from flowws.websocket.server._access_log import AccessLog

    caplog.set_level(logging.INFO, NAME)
    AccessLog().refused(Request("/a\n\x1b[31m\udcff b", Headers()), Response(404))
    (record,) = records(caplog)
    assert record.getMessage() == "- GET /a%0A%1B%5B31m%3F%20b 404"


async def test_nothing_is_kept_while_nobody_listens(house, caplog):
    caplog.set_level(logging.WARNING, NAME)
    server = await house.serve(handler)
    peer = await house.open(server.port)
    assert not server._app._observers._observers[0]._since
    await peer.say_close()
    await peer.read_to_end()
    await all_ended(server)
    assert not records(caplog)


class Rude(ServerObserver):
    def opened(self, session):
        raise LookupError("opened")

    def ended(self, session):
        raise LookupError("ended")

    def refused(self, request, response):
        raise LookupError("refused")


class Curious(ServerObserver):
    def __init__(self):
        self.seen = []

    def opened(self, session):
        self.seen.append(("opened", session.call.path))

    def ended(self, session):
        self.seen.append(("ended", session.close_reason.get_completed().code))

    def refused(self, request, response):
        self.seen.append(("refused", response.status))


@pytest.mark.parametrize("others", [[], [Rude()], [ServerObserver()]])
async def test_observers_see_it_all_and_harm_nobody(house, caplog, others):
    curious = Curious()
    app = WebSocketServer(observers=[*others, curious])
    app.websocket("/here")(handler)
    server = await house.start(app)
    peer = await house.open(server.port, "/here")
    await peer.say_close(1000)
    await peer.read_to_end()
    await all_ended(server)
    peer = await house.connect(server.port)
    await peer.request("/there", {"Host": "x"})
    assert peer.status == 404
    assert curious.seen == [("opened", "/here"), ("ended", 1000), ("refused", 404)]
    assert ("Rude" in caplog.text) == any(isinstance(each, Rude) for each in others)


async def test_raw_sessions_are_seen_as_well(house, caplog):
    caplog.set_level(logging.INFO, NAME)
    curious = Curious()
    app = WebSocketServer(observers=[curious])

    @app.websocket_raw("/raw")
    async def raw_handler(session):
        await session.incoming.receive()

    server = await house.start(app)
    peer = await house.open(server.port, "/raw")
    await peer.send(9, b"ping")
    assert not await peer.read_to_end()
    await all_ended(server)
    (record,) = records(caplog)
    assert (record.route, record.closed_by) == ("/raw", "us")
    assert [what for what, _ in curious.seen] == ["opened", "ended"]


async def test_a_path_cannot_forge_lines_of_the_other_logs_either(house, caplog):
    caplog.set_level(logging.DEBUG, "flowws.websocket")
    app = WebSocketServer()

    @app.websocket("/rooms/{room}")
    async def fail(session):
        raise LookupError(repr(session))

    server = await house.start(app)
    peer = await house.open(server.port, "/rooms/a%0Aforged%1B%5B31m%E2%80%AE")
    await peer.say_close()
    await peer.read_to_end()
    await all_ended(server)
    messages = [each.getMessage() for each in caplog.records if each.name.startswith("flowws.websocket")]
    assert "/rooms/a%0Aforged%1B%5B31m%E2%80%AE failed" in messages
    assert all(map(str.isprintable, messages))


async def test_a_refused_client_behind_a_trusted_proxy_has_its_own_address(house, caplog):
    caplog.set_level(logging.INFO, NAME)
    server = await house.start(WebSocketServer(trusted_proxies=["127.0.0.1"]))
    peer = await house.connect(server.port)
    await peer.request("/nowhere", {**peer.handshake(server.port), "X-Forwarded-For": "192.0.2.9"})
    (record,) = records(caplog)
    assert record.getMessage() == "192.0.2.9 GET /nowhere 404"
    assert record.client_address == ("192.0.2.9", 0)

"""The picows engine as a server: requests and answers; no sessions."""

from __future__ import annotations

import asyncio
import socket

import anyio
import pytest

from flowws.websocket.engines import Response, ServerLimits, Upgrade
from flowws.websocket.engines._picows_visitor import Visitor

from .picows_ground import Probe, listener, page, peer_of, serving, until, upgrading

pytestmark = pytest.mark.engine_only("picows", "another engine has tests of its own")


async def test_a_page_and_the_end_of_the_connection():
    async with serving(page) as listening:
        peer = await peer_of(listening)
        await peer.request("/", {"Host": "a"})
        assert (peer.status, peer.headers["x-page"], peer.headers["connection"]) == (200, "yes", "close")
        assert await peer.read_to_end() == b"a page"
        await peer.hang_up()


async def test_what_a_request_says():
    asked = []

    def decide(request, respond):
        asked.append(request)
        page(request, respond)

    async with serving(decide) as listening:
        peer = await peer_of(listening)
        await peer.request("/a?b=c", {"Host": "a", "X-Name": "\xe9"}, method="HEAD")
        assert await peer.read_to_end() == b""  # no body
        (request,) = asked
        assert (request.method, request.target, request.headers["x-name"]) == ("HEAD", "/a?b=c", "\xe9")
        assert request.client_address == peer.stream.extra(anyio.abc.SocketAttribute.local_address)
        assert request.tls is None
        await peer.hang_up()


@pytest.mark.parametrize(("method", "status"), [("POST", 405), ("GE T", 400)])
async def test_what_is_no_request_is_never_asked_about(method, status):
    def decide(*_):
        raise AssertionError

    async with serving(decide) as listening:
        peer = await peer_of(listening)
        await peer.request("/", {"Host": "a"}, method=method)
        assert peer.status == status
        await peer.read_to_end()
        await peer.hang_up()


async def test_a_head_that_is_too_large_is_told_so_though_it_goes_on():
    """The answer arrives: a connection that was simply closed would be reset by what still comes."""
    async with serving(page, limits=ServerLimits(1 << 20, max_head_size=1000)) as listening:
        peer = await peer_of(listening)
        await peer.write(b"GET / HTTP/1.1\r\nX: " + b"x" * 200_000)
        await peer.answer()
        assert peer.status == 431
        await peer.write(b"x" * 200_000)
        assert await peer.read_to_end()
        await peer.hang_up()


async def test_an_answer_that_takes_its_time():
    waiting = []
    probe = Probe()
    async with serving(lambda request, respond: waiting.append(respond)) as listening:
        peer = await peer_of(listening)
        head = b"".join(f"{name}: {value}\r\n".encode() for name, value in peer.handshake().items())
        await peer.write(b"GET / HTTP/1.1\r\n" + head + b"\r\n" + peer.frame(1, b"early") + b"\x81")
        await until(lambda: waiting)
        await peer.write(peer.frame(1, b"later")[1:])
        waiting[0](Upgrade(probe.take, (("X-Mine", "1"),)))
        await peer.answer()
        assert (peer.status, peer.headers["x-mine"]) == (101, "1")
        await until(lambda: probe.texts == ["early", "later"])
        await peer.hang_up()
        await until(lambda: probe.lost)


async def test_an_answer_to_a_client_that_is_gone_goes_nowhere():
    waiting = []
    probe = Probe()
    async with serving(lambda request, respond: waiting.append(respond)) as listening:
        peer = await peer_of(listening)
        await peer.write(b"GET / HTTP/1.1\r\n\r\n")
        await until(lambda: waiting)
        listening.cut_all()
        assert await peer.read_to_end() == b""
        waiting[0](Upgrade(probe.take))
        assert probe.connection is None
        await peer.hang_up()


async def test_an_upgrade_that_was_not_asked_for_by_get():
    probe = Probe()
    async with serving(upgrading(probe)) as listening:
        peer = await peer_of(listening)
        await peer.request("/", peer.handshake(), method="HEAD")
        assert (peer.status, peer.headers["allow"]) == (405, "GET")
        assert probe.connection is None
        await peer.hang_up()


async def test_an_upgrade_that_cannot_be_written_is_a_500(caplog):
    probe = Probe()
    async with serving(upgrading(probe, (("X", "a\r\nb"),))) as listening:
        peer = await peer_of(listening)
        await peer.request("/", peer.handshake())
        assert peer.status == 500
        assert probe.connection is None
        await peer.hang_up()
    assert "cannot be written" in caplog.text


async def test_a_request_that_does_not_come_in_time_is_the_end():
    async with serving(page, limits=ServerLimits(1 << 20, head_timeout=0.05)) as listening:
        silent, slow = await peer_of(listening), await peer_of(listening)
        await slow.write(b"GET / HTTP/1.1\r\nHost:")
        assert await silent.read_to_end() == b""
        assert await slow.read_to_end() == b""
        for peer in (silent, slow):
            await peer.hang_up()


async def test_the_time_for_a_request_is_not_the_time_of_a_session():
    probe = Probe()
    async with serving(upgrading(probe), limits=ServerLimits(1 << 20, head_timeout=0.02)) as listening:
        peer = await peer_of(listening)
        await peer.request("/", peer.handshake())
        other = await peer_of(listening)
        assert await other.read_to_end() == b""  # its time is over, and it came later
        await peer.send(1, b"still here")
        await until(lambda: probe.texts == ["still here"])
        await peer.hang_up()
        await other.hang_up()


async def test_a_client_that_does_not_take_its_answer_is_cut(monkeypatch):
    monkeypatch.setattr("flowws.websocket.engines._picows_visitor.LINGER", 0.05)
    async with serving(lambda _, respond: respond(Response(200, (), b"x" * 30_000_000))) as listening:
        peer = await peer_of(listening)
        await peer.write(b"GET / HTTP/1.1\r\n\r\n")
        listening.close()
        with anyio.fail_after(5):
            await listening.wait_closed()
        assert len(await peer.read_to_end()) < 30_000_000
        await peer.hang_up()


async def test_a_client_that_takes_its_answer_slowly_gets_all_of_it(monkeypatch):
    """The test looks after the client, not a clock: each look finds that some of the answer left since the last.

    The system tells of room in a socket when a third of it is free: it is a small one here, lest a part of the answer
    leave without the engine's hearing of it.
    """
    size, due = 4_000_000, []

    def look_later(visitor: Visitor) -> None:
        due.append(visitor)

    monkeypatch.setattr(Visitor, "_see_off_later", look_later)
    small = listener()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_000)
    async with serving(lambda _, respond: respond(Response(200, (), b"x" * size)), listeners=[small]) as listening:
        with socket.create_connection(listening.sockets[0].getsockname()) as line:
            line.setblocking(False)
            line.send(b"GET / HTTP/1.1\r\n\r\n")
            received = looks = 0
            with anyio.fail_after(15):
                while True:
                    await anyio.wait_readable(line)
                    data = line.recv(4000)
                    if not data:
                        break
                    received += len(data)
                    if due and received > (looks + 1) * 900_000:
                        looks += 1
                        due.pop()._see_off()
        assert received > size
        assert looks == 4


async def test_an_upgrade_without_a_key_is_no_upgrade():
    """A `decide` looks at the handshake; one that does not brings nobody down."""
    probe = Probe()
    async with serving(upgrading(probe)) as listening:
        peer = await peer_of(listening)
        await peer.request("/", peer.handshake(Sec_WebSocket_Key=None))
        assert peer.status == 500
        assert probe.connection is None
        await peer.hang_up()


@pytest.mark.parametrize("turns", range(5))
async def test_a_client_that_comes_as_the_server_ends_does_not_keep_it(turns):
    """Whatever has become of it by then: nothing, a task that has not begun, a transport."""
    async with serving(page) as listening:
        with socket.create_connection(listening.sockets[0].getsockname()):
            for _ in range(turns):
                await asyncio.sleep(0)
            listening.close()
            listening.cut_all()
            with anyio.fail_after(5):
                await listening.wait_closed()

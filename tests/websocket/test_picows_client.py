"""The picows engine as a client: the handshake over a socket, and nothing left where it does not come to a session."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress

import anyio
import anyio.lowlevel
import pytest
from websockets.utils import accept_key

from flowws.websocket.engines import RefusedError, Response, Upgrade, _picows

from .picows_ground import Certificates, Probe, dialled, listener, opening_for, port_of, serving, until, upgrading

pytestmark = pytest.mark.engine_only("picows", "another engine has tests of its own")


class Talker:
    """A server of raw bytes, on the other end of a pair of sockets."""

    def __init__(self) -> None:
        self.line, self.other = socket.socketpair()
        for each in (self.line, self.other):
            each.setblocking(False)

    async def request(self):
        data = b""
        while b"\r\n\r\n" not in data:
            await anyio.wait_readable(self.other)
            data += self.other.recv(65536)
        return data

    async def is_hung_up_on(self):
        """Wait until the client has hung up."""
        with anyio.fail_after(5), suppress(ConnectionResetError):
            await anyio.wait_readable(self.other)
            while self.other.recv(65536):
                await anyio.wait_readable(self.other)


@pytest.fixture
def talker():
    made = Talker()
    yield made
    made.other.close()
    assert made.line.fileno() == -1, "the client left its socket open"


def answer(request, more=b""):
    (key,) = (line.split(b": ")[1] for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    return head + b"Sec-WebSocket-Accept: " + accept_key(key.decode()).encode() + b"\r\n\r\n" + more


async def test_a_session_with_frames_in_the_packet_of_the_handshake(talker):
    probe = Probe()

    async def serve():
        talker.other.send(answer(await talker.request(), b"\x81\x05first"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve)
        await _picows.connect(opening_for(probe), talker.line)
    await until(lambda: probe.texts == ["first"])
    assert probe.connection.client_address is None
    assert not probe.connection.is_secure
    probe.connection.abort()
    await until(lambda: probe.lost)


@pytest.mark.parametrize("cut", ["at once", "before the request", "after the request", "in the answer", "in the body"])
async def test_a_cancelled_handshake_leaves_nothing(talker, cut):
    said = {"in the answer": b"HTTP/1.1 101 Swi", "in the body": b"HTTP/1.1 500 x\r\nContent-Length: 9\r\n\r\nhalf"}
    probe = Probe()
    with anyio.CancelScope() as scope:
        if cut == "at once":
            scope.cancel()
            await _picows.connect(opening_for(probe), talker.line)
        async with anyio.create_task_group() as tasks:
            started = anyio.Event()

            async def connect():
                started.set()
                await _picows.connect(opening_for(probe), talker.line)

            tasks.start_soon(connect)
            await started.wait()
            if cut != "before the request":
                await talker.request()
                if cut in said:
                    talker.other.send(said[cut])
                    await anyio.wait_all_tasks_blocked()
            scope.cancel()
    assert scope.cancelled_caught
    await talker.is_hung_up_on()
    assert probe.connection is None


async def test_cancelled_in_the_moment_in_which_the_session_opens(talker):
    probe = Probe()
    with anyio.CancelScope() as scope:

        class Cancelling(Probe):
            def take(self, connection, *_):
                scope.cancel()
                return super().take(connection)

        probe = Cancelling()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_picows.connect, opening_for(probe), talker.line)
            talker.other.send(answer(await talker.request()))
            await anyio.sleep_forever()
    await until(lambda: probe.lost)
    await talker.is_hung_up_on()


async def test_what_check_raises_comes_out(talker):
    def check(headers):
        raise LookupError(headers["upgrade"])

    async def serve():
        talker.other.send(answer(await talker.request()))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve)
        with pytest.raises(LookupError, match="websocket"):
            await _picows.connect(opening_for(Probe(), check=check), talker.line)
    await talker.is_hung_up_on()


async def test_w10_a_refusal_whose_body_never_ends(talker, monkeypatch):
    """W10: the status is known, so it is told, with what is here of the body"""
    monkeypatch.setattr("flowws.websocket.engines._picows_client.BODY_PATIENCE", 0.02)

    async def serve():
        await talker.request()
        talker.other.send(b"HTTP/1.1 401 No\r\nContent-Length: 100\r\n\r\nbecau")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve)
        with pytest.raises(RefusedError) as caught:
            await _picows.connect(opening_for(Probe()), talker.line)
    assert (caught.value.status, caught.value.body) == (401, b"becau")
    await talker.is_hung_up_on()


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 101 Swi"])
async def test_a_server_that_hangs_up(talker, said):
    async def serve():
        await talker.request()
        talker.other.send(said)
        talker.other.shutdown(socket.SHUT_WR)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve)
        with pytest.raises(ConnectionResetError):
            await _picows.connect(opening_for(Probe()), talker.line)


async def test_w10_a_refusal_of_a_server():
    """W10"""

    def decide(_, respond):
        respond(Response(403, (("X-Why", "because"),), b"go away"))

    async with serving(decide) as listening:
        line = await dialled(listening)
        with pytest.raises(RefusedError, match="the server answered 403 Forbidden") as caught:
            await _picows.connect(opening_for(Probe()), line)
        assert (caught.value.status, caught.value.headers["x-why"], caught.value.body) == (403, "because", b"go away")
        assert line.fileno() == -1


async def test_tls_over_a_socket_that_is_connected():
    ours, theirs = Probe(), Probe()
    certificates = Certificates("far.example")
    async with serving(upgrading(ours), ssl=certificates.server) as listening:
        opening = opening_for(theirs, url="wss://far.example/", ssl=certificates.client)
        await _picows.connect(opening, await dialled(listening))
        assert theirs.connection.is_secure
        for one, other in ((ours, theirs), (theirs, ours)):
            one.connection.write(1, "x" * 70_000)
            await until(lambda: other.frames == [(1, b"x" * 70_000, True, 0)])  # noqa: B023  # waited for here
        theirs.connection.close()
        await until(lambda: ours.lost and theirs.lost)


@pytest.mark.parametrize("url", ["wss://another.example/", "wss://far.example/"])
async def test_a_certificate_that_is_not_right(url):
    certificates = Certificates("far.example")
    context = certificates.client if "another" in url else None  # the default context does not know this authority
    async with serving(upgrading(Probe()), ssl=certificates.server) as listening:
        line = await dialled(listening)
        with pytest.raises(ssl.SSLCertVerificationError):
            await _picows.connect(opening_for(Probe(), url=url, ssl=context), line)
        assert line.fileno() == -1


async def test_cancelled_during_the_handshake_of_tls(talker):
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_picows.connect, opening_for(Probe(), url="wss://a.example/"), talker.line)
            await anyio.wait_readable(talker.other)
            scope.cancel()
    assert talker.other.recv(65536)[:1] == b"\x16"
    await talker.is_hung_up_on()


async def test_a_unix_socket(tmp_path):
    path = str(tmp_path / "socket")
    ours, theirs = Probe(), Probe()
    async with serving(upgrading(ours), listeners=[listener(socket.AF_UNIX, path)]):
        line = socket.socket(socket.AF_UNIX)
        line.connect(path)
        line.setblocking(False)
        await _picows.connect(opening_for(theirs), line)
        theirs.connection.write(1, "hello")
        await until(lambda: ours.texts == ["hello"])
        theirs.connection.close()
        await until(lambda: ours.lost and theirs.lost)


async def test_a_url_that_is_none_leaves_no_socket(talker):
    with pytest.raises(Exception, match="http"):
        await _picows.connect(opening_for(Probe(), url="http://a.example/"), talker.line)


async def test_many_at_once():
    """W18, for an engine"""
    opened = []

    def take(connection, *_):
        probe = Probe()
        opened.append(probe)
        return probe.take(connection)

    def decide(_, respond):
        respond(Upgrade(take))

    clients = [Probe() for _ in range(100)]
    async with serving(decide) as listening:
        url = f"ws://127.0.0.1:{port_of(listening)}/"
        async with anyio.create_task_group() as tasks:
            for each in clients:
                tasks.start_soon(_picows.connect, opening_for(each, url=url), await dialled(listening))
        for number, each in enumerate(clients):
            each.connection.write(1, str(number))
        await until(lambda: sorted(int(text) for each in opened for text in each.texts) == list(range(100)))
        for each in clients:
            each.connection.close()
        await until(lambda: all(each.lost for each in (*clients, *opened)))

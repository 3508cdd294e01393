"""The sansio engine as a client, on both loops: the handshake over a socket, and nothing left where it fails."""

from __future__ import annotations

import socket
from contextlib import suppress

import anyio
import pytest
from websockets.utils import accept_key

from flowws.websocket.engines import RefusedError, Response, _sansio, _sansio_client

from . import picows_ground as ground
from .picows_ground import BOTH_LOOPS, Certificates, Probe, dialled, listener, opening_for, port_of, until, upgrading


@pytest.fixture(scope="module", params=[*BOTH_LOOPS, "trio"])
def anyio_backend(request):
    return request.param


def serving(decide, **options):
    return ground.serving(decide, engine=_sansio, **options)


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


def answer(request, more=b""):
    (key,) = (line.split(b": ")[1] for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    return head + b"Sec-WebSocket-Accept: " + accept_key(key.decode()).encode() + b"\r\n\r\n" + more


async def met(talker, probe, say, **options):
    """Shake hands with a server that says something; what comes of it."""
    outcome = []

    async def serve():
        said = say(await talker.request())
        for start in range(0, len(said), options.get("at_a_time", 65536)):
            talker.other.send(said[start : start + options.get("at_a_time", 65536)])
            await anyio.lowlevel.checkpoint()
        if options.get("hangs_up"):
            talker.other.shutdown(socket.SHUT_WR)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve)
        try:
            await _sansio.connect(opening_for(probe, check=options.get("check", lambda _: None)), talker.line)
        except Exception as error:  # noqa: BLE001  # what the test is about
            outcome.append(error)
    return outcome[0] if outcome else None


@pytest.mark.parametrize("at_a_time", [1, 65536])
async def test_a_session_with_frames_in_the_packet_of_the_handshake(talker, at_a_time):
    probe = Probe()
    say = lambda request: answer(request, b"\x81\x05first")  # noqa: E731  # a line says it
    assert await met(talker, probe, say, at_a_time=at_a_time) is None
    await until(lambda: probe.texts == ["first"])
    probe.connection.abort()
    await talker.is_hung_up_on()
    await until(lambda: probe.lost)


async def test_the_end_right_behind_the_handshake_is_told_to_the_session(talker):
    probe = Probe()
    assert await met(talker, probe, lambda request: answer(request, b"\x81\x04last"), hangs_up=True) is None
    await until(lambda: probe.lost)
    assert (probe.texts, probe.news) == (["last"], ["eof"])


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        (b"HTTP/1.1 403 Forbidden\r\nX-Why: so\r\nContent-Length: 3\r\n\r\nno!", 403, "403 Forbidden"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", 101, "Connection"),
        (b"nonsense\r\n\r\n", None, "not in order"),
    ],
)
async def test_w9_w10_a_refusal_has_status_headers_and_body(talker, said, status, words):
    """W9, W10"""
    probe = Probe()
    error = await met(talker, probe, lambda _: said)
    assert isinstance(error, RefusedError)
    assert error.status == status
    assert words in str(error)
    if status == 403:
        assert (error.headers["X-Why"], error.body) == ("so", b"no!")
    assert probe.connection is None
    await talker.is_hung_up_on()


async def test_w9_an_accept_key_of_another_request(talker):
    """W9"""
    wrong = b"Sec-WebSocket-Key: " + b"A" * 22 + b"==\r\n"
    error = await met(talker, Probe(), lambda _: answer(wrong))
    assert isinstance(error, RefusedError)
    assert "Sec-WebSocket-Accept" in str(error)


async def test_w10_a_refusal_whose_body_never_ends(talker, monkeypatch):
    """W10"""
    monkeypatch.setattr(_sansio_client, "BODY_PATIENCE", 0.02)
    error = await met(talker, Probe(), lambda _: b"HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\nbecause")
    assert isinstance(error, RefusedError)
    assert (error.status, error.body) == (500, b"because")


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 101 Swi"])
async def test_a_server_that_hangs_up(talker, said):
    error = await met(talker, Probe(), lambda _: said, hangs_up=True)
    assert isinstance(error, ConnectionResetError)
    await talker.is_hung_up_on()


async def test_what_check_raises_comes_out(talker):
    def check(headers):
        raise ValueError(headers["Upgrade"])

    error = await met(talker, Probe(), answer, check=check)
    assert isinstance(error, ValueError)
    assert str(error) == "websocket"
    await talker.is_hung_up_on()


async def test_a_cancelled_handshake_leaves_nothing(talker):
    with anyio.move_on_after(0.02) as scope:
        await _sansio.connect(opening_for(Probe()), talker.line)
    assert scope.cancelled_caught
    await talker.is_hung_up_on()
    with socket.socket() as unused:
        line = unused.dup()
    with anyio.CancelScope() as scope:
        scope.cancel()
        with pytest.raises(OSError, match=r".*"):  # it was never connected
            await _sansio.connect(opening_for(Probe()), line)
    assert line.fileno() == -1


async def test_cancelled_in_the_moment_in_which_the_session_opens(talker):
    with anyio.CancelScope() as scope:

        class Cancelling(Probe):
            def take(self, connection, *_):
                scope.cancel()
                return super().take(connection)

        probe = Cancelling()
        await met(talker, probe, answer)
    assert scope.cancelled_caught
    await until(lambda: probe.lost)
    await talker.is_hung_up_on()


async def test_a_url_that_is_none_leaves_no_socket(talker):
    with pytest.raises(Exception, match="isn't a valid URI"):
        await _sansio.connect(opening_for(Probe(), url="nonsense"), talker.line)
    assert talker.line.fileno() == -1


async def test_tls_over_a_socket_that_is_connected():
    certificates, ours, theirs = Certificates(), Probe(), Probe()
    async with serving(upgrading(ours), ssl=certificates.server) as listening:
        url = f"wss://localhost:{port_of(listening)}/"
        await _sansio.connect(opening_for(theirs, url=url, ssl=certificates.client), await dialled(listening))
        assert theirs.connection.is_secure
        theirs.connection.write(2, b"x" * 1_000_000)
        await until(lambda: ours.frames)
        theirs.connection.abort()
        await until(lambda: ours.lost and theirs.lost)


@pytest.mark.parametrize("url", ["wss://elsewhere.example/", "wss://localhost/"])
async def test_a_certificate_that_is_not_right(url):
    certificates = Certificates("localhost")
    trusted = certificates.client if "elsewhere" in url else Certificates().client
    async with serving(upgrading(Probe()), ssl=certificates.server) as listening:
        line = await dialled(listening)
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            await _sansio.connect(opening_for(Probe(), url=url, ssl=trusted), line)
        assert line.fileno() == -1


async def test_cancelled_during_the_handshake_of_tls(talker):
    with anyio.move_on_after(0.02) as scope:
        await _sansio.connect(opening_for(Probe(), url="wss://localhost/"), talker.line)
    assert scope.cancelled_caught
    await talker.is_hung_up_on()


async def test_a_unix_socket(tmp_path):
    ours, theirs = Probe(), Probe()
    async with serving(upgrading(ours), listeners=[listener(socket.AF_UNIX, str(tmp_path / "socket"))]) as listening:
        line = socket.socket(socket.AF_UNIX)
        line.connect(listening.sockets[0].getsockname())
        line.setblocking(False)
        await _sansio.connect(opening_for(theirs), line)
        assert (ours.connection.client_address, theirs.connection.client_address) == (None, None)
        theirs.connection.abort()
        await until(lambda: ours.lost and theirs.lost)


async def test_a_refusal_of_our_own_server():
    async with serving(lambda _, respond: respond(Response(404, (), b"nothing here"))) as listening:
        with pytest.raises(RefusedError, match="404 Not Found") as refused:
            await _sansio.connect(opening_for(Probe()), await dialled(listening))
        assert refused.value.body == b"nothing here"

"""The sansio engine as a server, on both loops: from the first byte to the session, or to the end without one."""

from __future__ import annotations

import socket
import ssl

import anyio
import pytest

from flowws.websocket.engines import Response, ServerLimits, Upgrade, _places, _sansio, _sansio_server, _sansio_visitor

from . import picows_ground as ground
from .conftest import RawPeer
from .picows_ground import BOTH_LOOPS, Certificates, Probe, listener, page, peer_of, port_of, until, upgrading


@pytest.fixture(scope="module", params=[*BOTH_LOOPS, "trio"])
def anyio_backend(request):
    return request.param


def serving(decide, **options):
    return ground.serving(decide, engine=_sansio, **options)


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
        await peer.request("/room?a=b", {"Host": "a", "X-Name": "é"}, method="HEAD")
        assert await peer.read_to_end() == b""
        address = peer.stream.extra(anyio.abc.SocketAttribute.local_address)
        await peer.hang_up()
    (request,) = asked
    assert (request.target, request.method, request.headers["X-Name"]) == ("/room?a=b", "HEAD", "é")
    assert (request.client_address, request.tls) == (address[:2], None)


@pytest.mark.parametrize("at_a_time", [1, 10_000])
async def test_a_session_with_frames_right_behind_the_request(at_a_time):
    probe = Probe()
    async with serving(upgrading(probe, (("X-More", "yes"),))) as listening:
        peer = await peer_of(listening)
        lines = "".join(f"{name}: {value}\r\n" for name, value in peer.handshake().items())
        data = f"GET / HTTP/1.1\r\n{lines}\r\n".encode() + peer.frame(1, b"early") + peer.frame(2, b"bird")
        for start in range(0, len(data), at_a_time):
            await peer.write(data[start : start + at_a_time])
        await peer.answer()
        assert (peer.status, peer.headers["x-more"]) == (101, "yes")
        await until(lambda: probe.frames)
        assert (probe.texts, probe.frames) == (["early"], [(2, b"bird", True, 0)])
        await peer.hang_up()


async def test_w19_what_a_session_says_as_it_opens_follows_the_101():
    """W19"""

    class Talkative(Probe):
        def take(self, connection, *_):
            connection.write(1, "welcome")
            return super().take(connection)

    async with serving(upgrading(Talkative())) as listening:
        peer = await peer_of(listening)
        await peer.request("/", peer.handshake())
        assert peer.status == 101
        assert await peer.next() == (1, b"welcome")
        await peer.hang_up()


@pytest.mark.parametrize(
    ("data", "status"),
    [(b"POST / HTTP/1.1\r\n\r\n", 405), (b"nonsense\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000, 431)],
)
async def test_what_is_no_request_is_never_asked_about(data, status):
    async with serving(lambda *_: pytest.fail("asked")) as listening:
        peer = await peer_of(listening)
        await peer.write(data)
        await peer.write(b"and so on " * 10_000)  # unread, it must not cost the answer
        await peer.answer()
        assert peer.status == status
        await peer.read_to_end()
        await peer.hang_up()


async def test_an_answer_that_takes_its_time():
    waiting, probe = [], Probe()
    async with serving(lambda _, respond: waiting.append(respond)) as listening:
        peer, gone = await peer_of(listening), await peer_of(listening)
        for each in (peer, gone):
            lines = "".join(f"{name}: {value}\r\n" for name, value in each.handshake().items())
            await each.write(f"GET / HTTP/1.1\r\n{lines}\r\n".encode())
        await until(lambda: len(waiting) == 2)
        await peer.write(peer.frame(1, b"early"))
        await gone.reset()
        waiting[0](Upgrade(probe.take))
        waiting[0](Response(500))  # a second answer is none
        await peer.answer()
        await until(lambda: probe.texts == ["early"])
        waiting[1](Upgrade(Probe().take))  # to nobody
        await peer.hang_up()


async def test_an_upgrade_that_was_not_asked_for_by_get():
    async with serving(upgrading(Probe())) as listening:
        peer = await peer_of(listening)
        await peer.request("/", peer.handshake(), method="HEAD")
        assert peer.status == 405
        await peer.hang_up()


async def test_a_session_that_cannot_open_is_the_end_of_its_connection_only(monkeypatch):
    reported = []
    monkeypatch.setattr(_sansio_visitor, "report", lambda message, error: reported.append((message, error)))

    def fail(_):
        raise ValueError("a bug")

    async with serving(lambda _, respond: respond(Upgrade(fail))) as listening:
        peer = await peer_of(listening)
        await peer.request("/", peer.handshake())
        assert await peer.read_to_end() == b""
        await peer.hang_up()
    ((message, error),) = reported
    assert (message, str(error)) == ("a session could not be opened", "a bug")


# Limits


async def test_a_request_that_does_not_come_in_time_is_the_end():
    async with serving(page, limits=ServerLimits(1000, head_timeout=0.05)) as listening:
        peer = await peer_of(listening)
        await peer.write(b"GET / HTTP/1.1\r\n")
        assert await peer.read_to_end() == b""
        await peer.hang_up()


async def test_a_client_that_does_not_take_its_answer_is_cut(monkeypatch):
    monkeypatch.setattr(_sansio_visitor, "LINGER", 0.05)
    async with serving(lambda _, respond: respond(Response(200, (), b"x" * 30_000_000))) as listening:
        peer = await peer_of(listening)
        await peer.write(b"GET / HTTP/1.1\r\n\r\n")
        listening.close()
        with anyio.fail_after(5):
            await listening.wait_closed()
        assert len(await peer.read_to_end()) < 30_000_000
        await peer.hang_up()


async def test_a_full_server_says_503_and_one_address_429_and_there_is_room_again_later():
    for limits, status in (
        (ServerLimits(1000, max_connections=1), 503),
        (ServerLimits(1000, max_connections_per_address=1), 429),
    ):
        async with serving(page, limits=limits) as listening:
            first, second = await peer_of(listening), await peer_of(listening)
            await second.request("/", {"Host": "a"})
            assert second.status == status
            await second.hang_up()
            await first.hang_up()
            with anyio.fail_after(5):
                while second.status != 200:
                    second = await peer_of(listening)
                    await second.request("/", {"Host": "a"})
                    await second.hang_up()


async def test_out_of_descriptors_the_server_waits_and_goes_on(monkeypatch, caplog):
    monkeypatch.setattr(_sansio_server, "RECOVERY", 0.02)
    made = listener()

    class Exhausted:
        times = 2

        def accept(self):
            if Exhausted.times:
                Exhausted.times -= 1
                raise OSError(24, "too many open files")
            return made.accept()

        def __getattr__(self, name):
            return getattr(made, name)

    async with serving(page, listeners=[Exhausted()]):
        peer = RawPeer(await anyio.connect_tcp(*made.getsockname()))
        await peer.request("/", {"Host": "a"})
        assert peer.status == 200
        await peer.hang_up()
    assert caplog.text.count("no more clients can be taken") == 2


async def test_a_crowd_is_hung_up_on_without_a_word(monkeypatch):
    monkeypatch.setattr(_places, "CROWD", 1)
    async with serving(page, limits=ServerLimits(1000, max_connections=1)) as listening:
        peers = [await peer_of(listening) for _ in range(3)]
        answers = [await peer.read_to_end() for peer in peers[1:]]
        assert [answer[9:12] for answer in answers] == [b"503", b""]
        for peer in peers:
            await peer.hang_up()


async def test_a_client_that_is_gone_before_it_is_taken_in(monkeypatch):
    def gone(*_):
        raise OSError(22, "the system says so of a socket that was reset")

    async with serving(page) as listening:
        with monkeypatch.context() as patched:
            patched.setattr(_sansio_visitor, "Wire", gone)
            peer = await peer_of(listening)
            assert await peer.read_to_end() == b""
            await peer.hang_up()
        peer = await peer_of(listening)
        await peer.request("/", {"Host": "a"})
        assert peer.status == 200
        await peer.hang_up()


# Where, and the end


async def test_several_listeners_one_of_them_a_unix_socket(tmp_path):
    path, asked = str(tmp_path / "socket"), []

    def decide(request, respond):
        asked.append(request.client_address)
        page(request, respond)

    async with serving(decide, listeners=[listener(), listener(socket.AF_UNIX, path)]) as listening:
        assert len(listening.sockets) == 2
        peer = RawPeer(await anyio.connect_unix(path))
        await peer.request("/", {"Host": "a"})
        other = await peer_of(listening)
        await other.request("/", {"Host": "a"})
        assert (peer.status, other.status) == (200, 200)
        assert (asked[0], asked[1][0]) == (None, "127.0.0.1")
        for each in (peer, other):
            await each.hang_up()
        listening.close()
        assert listening.sockets == ()


async def test_tls_and_what_is_known_of_it():
    asked, probe = [], Probe()

    def decide(request, respond):
        asked.append(request.tls)
        respond(Upgrade(probe.take))

    certificates = Certificates()
    certificates.server.verify_mode = ssl.CERT_REQUIRED
    certificates.authority.issue_cert("me@client.example").configure_cert(certificates.client)
    async with serving(decide, ssl=certificates.server) as listening:
        stream = await anyio.connect_tcp("127.0.0.1", port_of(listening), ssl_context=certificates.client)
        peer = RawPeer(stream)
        await peer.request("/", peer.handshake(), more=peer.frame(1, b"early"))
        (tls,) = asked
        assert (tls.version, tls.cipher.partition("_")[0]) == ("TLSv1.3", "TLS")
        assert ("email", "me@client.example") in tls.peer_certificate["subjectAltName"]
        await until(lambda: probe.texts == ["early"])
        await peer.hang_up()
        await until(lambda: probe.lost)


async def test_a_tls_handshake_that_is_none_or_does_not_come_in_time():
    certificates = Certificates()
    limits = ServerLimits(1000, head_timeout=0.1, max_connections=2)
    async with serving(page, ssl=certificates.server, limits=limits) as listening:
        nonsense, silent = await peer_of(listening), await peer_of(listening)
        await nonsense.write(b"GET / HTTP/1.1\r\n\r\n")
        await nonsense.read_to_end()
        assert await silent.read_to_end() == b""
        for peer in (nonsense, silent):
            await peer.hang_up()


@pytest.mark.parametrize("secure", [False, True])
async def test_the_end_of_a_server_with_clients_in_every_state(secure):
    waiting = []
    context = Certificates().server if secure else None
    async with serving(lambda _, respond: waiting.append(respond), ssl=context) as listening:
        silent, other = await peer_of(listening), await peer_of(listening)
        await other.write(b"GET / HTTP/1.1\r\n\r\n" if not secure else b"\x16\x03\x01")
        await until(lambda: waiting or secure)
        listening.close()
        listening.cut_all()
        with anyio.fail_after(5):
            await listening.wait_closed()
        for peer in (silent, other):
            await peer.read_to_end()
            await peer.hang_up()

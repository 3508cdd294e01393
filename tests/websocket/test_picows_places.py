"""The picows engine as a server: how many clients, over which sockets, with TLS, and how all of it ends."""

from __future__ import annotations

import socket
import ssl

import anyio
import pytest

from flowws.websocket.engines import ServerLimits, Upgrade

from .conftest import RawPeer
from .picows_ground import LIMITS, Certificates, Probe, listener, page, peer_of, port_of, serving, until, upgrading

pytestmark = pytest.mark.engine_only("picows", "another engine has tests of its own")

# How many


async def test_a_full_server_says_503_and_has_room_again_later():
    limits = ServerLimits(1 << 20, max_connections=1)
    probe = Probe()
    async with serving(upgrading(probe), limits=limits) as listening:
        first = await peer_of(listening)
        await first.request("/", first.handshake())
        assert first.status == 101
        second = await peer_of(listening)
        await second.answer()
        assert second.status == 503
        await second.read_to_end()
        await second.hang_up()
        await first.hang_up()
        await until(lambda: probe.lost)
        third = await peer_of(listening)
        await third.request("/", third.handshake())
        assert third.status == 101
        await third.hang_up()


async def test_too_many_from_one_address_are_told_429():
    limits = ServerLimits(1 << 20, max_connections_per_address=2)
    async with serving(page, limits=limits) as listening:
        peers = [await peer_of(listening) for _ in range(3)]
        await peers[2].answer()
        assert peers[2].status == 429
        for peer in peers[:2]:
            await peer.request("/", {"Host": "a"})
            assert peer.status == 200
        for peer in peers:
            await peer.hang_up()


async def test_a_crowd_is_hung_up_on_without_a_word():
    limits = ServerLimits(1 << 20, max_connections=1)
    async with serving(page, limits=limits) as listening:
        peers = [await peer_of(listening) for _ in range(70)]
        answers = []
        for peer in peers[1:]:
            data = await peer.read_to_end()
            answers.append(data.split(b" ", 2)[1] if data else b"")
        assert answers.count(b"503") == 64
        assert answers.count(b"") == 5
        for peer in peers:
            await peer.hang_up()


# Where


async def test_several_listeners_one_of_them_a_unix_socket(tmp_path):
    asked = []

    def decide(request, respond):
        asked.append(request.client_address)
        page(request, respond)

    path = str(tmp_path / "socket")
    listeners = [listener(), listener(), listener(socket.AF_UNIX, path)]
    async with serving(decide, listeners=listeners) as listening:
        assert len(listening.sockets) == 3
        streams = [await anyio.connect_tcp(*each.getsockname()) for each in listening.sockets[:2]]
        streams.append(await anyio.connect_unix(path))
        for stream in streams:
            peer = RawPeer(stream)
            await peer.request("/", {"Host": "a"})
            assert peer.status == 200
            await peer.hang_up()
        assert asked[2] is None
        assert None not in asked[:2]
    assert listening.sockets == ()


async def test_a_session_on_a_unix_socket(tmp_path):
    path = str(tmp_path / "socket")
    probes = [Probe(), Probe()]
    openers = [probe.take for probe in probes]
    limits = ServerLimits(1 << 20, max_connections_per_address=1)  # there is no address

    def decide(_, respond):
        respond(Upgrade(openers.pop(0)))

    async with serving(decide, listeners=[listener(socket.AF_UNIX, path)], limits=limits):
        peers = [RawPeer(await anyio.connect_unix(path)) for _ in range(2)]
        for peer in peers:
            await peer.request("/", peer.handshake())
            assert peer.status == 101
        for peer, probe in zip(peers, probes, strict=True):
            assert probe.connection.client_address is None
            probe.connection.write(1, "hello")
            assert await peer.next() == (1, b"hello")
            await peer.hang_up()
            await until(lambda: probe.lost)  # noqa: B023  # waited for here


async def test_tls_and_what_is_known_of_it():
    asked = []
    probe = Probe()

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
        assert peer.status == 101
        (tls,) = asked
        assert tls.version == "TLSv1.3"
        assert tls.cipher.startswith("TLS_")
        assert ("email", "me@client.example") in tls.peer_certificate["subjectAltName"]
        assert probe.connection.is_secure
        await until(lambda: probe.texts == ["early"])
        probe.connection.write(2, b"x" * 100_000)
        assert await peer.next() == (2, b"x" * 100_000)
        await peer.hang_up()
        await until(lambda: probe.lost)


async def test_a_page_over_tls_to_a_client_without_a_certificate():
    asked = []

    def decide(request, respond):
        asked.append(request.tls.peer_certificate)
        page(request, respond)

    certificates = Certificates()
    async with serving(decide, ssl=certificates.server) as listening:
        stream = await anyio.connect_tcp("127.0.0.1", port_of(listening), ssl_context=certificates.client)
        peer = RawPeer(stream)
        await peer.request("/", {"Host": "a"})
        assert (peer.status, await peer.read(6)) == (200, b"a page")
        assert asked == [None]
        await peer.hang_up()


async def test_a_tls_handshake_that_is_none_or_does_not_come_in_time():
    certificates = Certificates()
    limits = ServerLimits(1 << 20, head_timeout=0.1, max_connections=2)
    async with serving(page, ssl=certificates.server, limits=limits) as listening:
        nonsense, silent = await peer_of(listening), await peer_of(listening)
        await nonsense.write(b"GET / HTTP/1.1\r\n\r\n")
        await nonsense.read_to_end()
        assert await silent.read_to_end() == b""
        stream = await anyio.connect_tcp("127.0.0.1", port_of(listening), ssl_context=certificates.client)
        again = RawPeer(stream)  # there is room again
        await again.request("/", {"Host": "a"})
        assert again.status == 200
        for peer in (nonsense, silent, again):
            await peer.hang_up()


async def test_the_end_of_a_server_with_clients_in_every_state():
    certificates = Certificates()
    waiting = []
    async with serving(lambda _, respond: waiting.append(respond), limits=LIMITS) as listening:
        silent, deciding = await peer_of(listening), await peer_of(listening)
        await deciding.write(b"GET / HTTP/1.1\r\n\r\n")
        await until(lambda: waiting)
        listening.close()
        assert listening.sockets == ()
        listening.cut_all()
        with anyio.fail_after(5):
            await listening.wait_closed()
        for peer in (silent, deciding):
            assert await peer.read_to_end() == b""
            await peer.hang_up()
    async with serving(page, ssl=certificates.server) as listening:
        shaking_hands = await peer_of(listening)
        await until(lambda: listening._tasks)
        listening.close()
        listening.cut_all()
        with anyio.fail_after(5):
            await listening.wait_closed()
        assert await shaking_hands.read_to_end() == b""
        await shaking_hands.hang_up()


async def test_out_of_descriptors_the_server_waits_and_goes_on(monkeypatch, caplog):
    monkeypatch.setattr("flowws.websocket.engines._picows_server._RECOVERY", 0.05)
    made = listener()

    class Exhausted:
        times = 3

        def accept(self):
            if Exhausted.times:
                Exhausted.times -= 1
                raise OSError(24, "too many open files")
            return made.accept()

        def __getattr__(self, name):
            return getattr(made, name)

    async with serving(page, listeners=[Exhausted()]) as listening:
        peer = RawPeer(await anyio.connect_tcp(*made.getsockname()))
        await peer.request("/", {"Host": "a"})
        assert peer.status == 200
        await peer.hang_up()
        assert len(listening.sockets) == 1
    assert caplog.text.count("no more clients can be taken") == 3

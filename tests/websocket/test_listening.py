"""Where a server listens: ports, unix sockets, several at once, TLS."""

from __future__ import annotations

import socket
import ssl
import stat

import anyio
import pytest
import trustme

from flowws.websocket import WebSocketServer
from flowws.websocket.engines import Abilities
from tests.websocket.dialling import Dialler, echo, echo_server, is_alive


@pytest.fixture
def app(engine):
    return echo_server(engine)


@pytest.fixture
async def dial(raw):
    async with Dialler(raw) as dial:
        yield dial


async def test_a_unix_socket(app, dial, tmp_path):
    path = tmp_path / "app.sock"
    calls = []

    @app.websocket("/call")
    async def call(session):
        calls.append(session.call)

    async with app.serve(uds=path, grace=0) as server:
        assert repr(server) == "<Serving at a unix socket, 0 sessions>"
        assert (server.port, len(server.sockets)) == (0, 1)
        assert await is_alive(await dial(path))
        peer = await dial(path, "/call")
        await peer.next_close()
        await peer.say_close()
        assert calls[0].client_address is None
    assert not path.exists()


async def test_what_a_dead_server_left_behind_is_no_obstacle_a_living_one_is(app, dial, tmp_path):
    path = tmp_path / "app.sock"
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(path))
    dead.close()
    assert stat.S_ISSOCK(path.stat().st_mode)
    async with app.serve(uds=path, grace=0):
        assert await is_alive(await dial(path))
        with pytest.raises(OSError, match="in use"):
            async with app.serve(uds=path, grace=0):
                pass
        assert await is_alive(await dial(path))


async def test_the_socket_of_a_successor_is_left_alone(app, dial, tmp_path, engine):
    path, successor = tmp_path / "app.sock", echo_server(engine)
    async with app.serve(uds=path, grace=0) as server:
        await server.stop()
        async with successor.serve(uds=path, grace=0):
            await server.stop()
            assert await is_alive(await dial(path))


async def test_a_file_that_is_no_socket_is_left_alone(app, tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    with pytest.raises(OSError, match="in use"):
        async with app.serve(uds=file, grace=0):
            pass
    assert file.read_text() == "mine"


async def test_several_addresses_at_once(app, dial, tmp_path):
    ready = socket.create_server(("127.0.0.1", 0))
    path = tmp_path / "app.sock"
    bind = [("127.0.0.2", 0), str(path), ready]
    async with app.serve("127.0.0.1", 0, bind=bind, grace=0) as server:
        names = [each.getsockname() for each in server.sockets]
        assert server.port == names[0][1]
        for name in names:
            assert await is_alive(await dial(name if isinstance(name, str) else name[:2]))
    assert ready.fileno() == -1


async def test_a_name_with_two_addresses_has_one_port(app, dial, monkeypatch):
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{last}", 0)) for last in (1, 2)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    async with app.serve("both.example", grace=0) as server:
        monkeypatch.undo()
        assert [each.getsockname() for each in server.sockets] == [(f"127.0.0.{n}", server.port) for n in (1, 2)]


@pytest.mark.parametrize("strange", [(9999, "127.0.0.1"), (socket.AF_INET, "192.0.2.1")])
async def test_an_address_of_a_name_that_this_machine_does_not_have(app, dial, monkeypatch, strange):
    """No IPv6 at all; or no such address."""
    there, absent = ((family, socket.SOCK_STREAM, 0, "", (host, 0)) for family, host in ((2, "127.0.0.1"), strange))
    for found in ([there, absent], [absent, there]):
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, found=found, **__: found)
        async with app.serve("both.example", grace=0) as server:
            monkeypatch.undo()
            assert [each.getsockname() for each in server.sockets] == [("127.0.0.1", server.port)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [absent])
    with pytest.raises(OSError, match=r"family not supported|cannot listen at '192.0.2.1', port 0"):
        async with app.serve("both.example"):
            pass


async def test_one_address_that_is_taken_frees_the_others(app, tmp_path):
    path = tmp_path / "app.sock"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for _ in range(2):
            with pytest.raises(OSError, match="in use"):
                async with app.serve(bind=[("127.0.0.1", 0), path, taken.getsockname()], grace=0):
                    pass
            assert not path.exists()


async def test_an_engine_that_fails_leaves_nothing_behind(app, tmp_path, monkeypatch):
    class Broken:
        can = Abilities()

        async def serve(self, decide, listeners, **_):
            sockets.extend(listeners)
            raise OSError("broken")

    sockets: list[socket.socket] = []
    monkeypatch.setattr("flowws.websocket.server._serving.choose", lambda _: Broken())
    with pytest.raises(OSError, match="broken"):
        async with app.serve("127.0.0.1", 0, uds=tmp_path / "app.sock"):
            pass
    assert [each.fileno() for each in sockets] == [-1, -1]
    assert not (tmp_path / "app.sock").exists()


@pytest.mark.parametrize(
    ("options", "error", "problem"),
    [
        ({"bind": ("127.0.0.1", 0)}, TypeError, "not 0$"),  # an address in place of a list of them
        ({"bind": "app.sock"}, TypeError, r"such as \['app\.sock'\]"),
        ({"bind": [("127.0.0.1",)]}, TypeError, r"not \('127\.0\.0\.1',\)"),
        ({"bind": [8080]}, TypeError, "not 8080"),
        ({"host": 8080}, TypeError, r"not \(8080, 0\)"),
        ({"host": "127.0.0.1", "port": "http"}, TypeError, "not .*'http'"),
        ({"port": 65536}, ValueError, "not 65536"),
        ({"port": -1}, ValueError, "not -1"),
    ],
)
def test_what_is_no_address_is_refused_at_the_door(options, error, problem):
    with pytest.raises(error, match=problem):
        WebSocketServer().serve(**options)


async def test_an_address_that_is_taken_is_named(app, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"cannot listen at '127.0.0.1', port {port}: .* in use"):
            async with app.serve("127.0.0.1", port):
                pass
    with pytest.raises(OSError, match=f"cannot listen at {str(tmp_path)!r}: .* in use"):
        async with app.serve(uds=tmp_path):
            pass


async def test_a_busy_server_at_a_unix_socket_is_no_stale_file(app, tmp_path):
    path = str(tmp_path / "app.sock")
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as waiting:
        busy.bind(path)
        busy.listen(0)
        waiting.connect(path)  # nobody else fits in
        with pytest.raises(OSError, match="in use"):
            async with app.serve(uds=path):
                pass


async def test_a_block_is_entered_once(app):
    server = app.serve("127.0.0.1", 0, grace=0)
    async with server:
        with pytest.raises(RuntimeError, match="entered already"):
            await server.__aenter__()
    with pytest.raises(RuntimeError, match="entered already"):
        await server.__aenter__()


@pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="ports are not shared here")
async def test_two_servers_share_a_port(app, dial):
    other = WebSocketServer()
    other.websocket("/")(echo)
    async with app.serve("127.0.0.1", 0, reuse_port=True, grace=0) as one:
        async with other.serve("127.0.0.1", one.port, reuse_port=True, grace=0) as two:
            assert one.port == two.port
        assert await is_alive(await dial(one.port))


async def test_reuse_port_where_it_does_not_exist(app, monkeypatch):
    monkeypatch.delattr(socket, "SO_REUSEPORT")
    with pytest.raises(ValueError, match="reuse_port=True"):
        async with app.serve("127.0.0.1", 0, reuse_port=True, grace=0):
            pass


async def test_tls(app, dial):
    authority, context, trust = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(trust)
    calls = []

    @app.websocket("/call")
    async def call(session):
        calls.append(session.call)

    async with app.serve("127.0.0.1", 0, ssl=context, grace=0) as server:
        assert await is_alive(await dial(server.port, tls=trust))
        peer = await dial(server.port, "/call", tls=trust)
        await peer.next_close()
        await peer.say_close()
    (said,) = calls
    assert (said.scheme, said.client_address[0]) == ("wss", "127.0.0.1")
    assert said.tls.version.startswith("TLSv1.")
    assert said.tls.cipher
    assert not said.tls.peer_certificate


async def test_w15_secure_behind_a_trusted_proxy(raw):
    """W15"""
    app, calls = WebSocketServer(trusted_proxies=["127.0.0.1"]), []

    @app.websocket("/")
    async def call(session):
        calls.append(session.call)

    async with app.serve("127.0.0.1", 0, grace=0) as server:
        peer = raw(await anyio.connect_tcp("127.0.0.1", server.port))
        said = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https", "Cookie": "__Secure-id=7"}
        await peer.request("/", {**peer.handshake(), **said})
        await peer.next_close()
        await peer.say_close()
        await peer.hang_up()
    assert (calls[0].client_address, calls[0].scheme) == (("192.0.2.1", 0), "wss")
    assert calls[0].cookies == {"__Secure-id": "7"}

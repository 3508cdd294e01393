"""Contexts of TLS that call back into Python: the engine must not crash the interpreter."""

from __future__ import annotations

from ssl import PROTOCOL_TLS_SERVER, SSLContext, create_default_context

import pytest
import trustme

from flowws.websocket import WebSocketClient, WebSocketServer
from flowws.websocket.client._way import default_context

pytestmark = pytest.mark.engine_only("picows", "the others take TLS from the standard library as it is")


async def echo(session):
    async for frame in session.incoming:
        await session.send(frame)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def ours(authority):
    context = SSLContext(PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture
def theirs(authority):
    context = create_default_context()
    authority.configure_trust(context)
    return context


async def echoed(ours: SSLContext, theirs: SSLContext | None) -> bytes:
    app = WebSocketServer()
    app.websocket("/")(echo)
    async with app.serve("127.0.0.1", 0, ssl=ours, engine="picows") as server:
        client = WebSocketClient(engine="picows", ssl=theirs)
        async with client.websocket(f"wss://localhost:{server.port}/") as session:
            await session.send("x" * 100_000)
            return (await session.incoming.receive()).data


async def test_a_server_that_looks_at_the_name(ours, theirs):
    names = []
    ours.sni_callback = lambda line, name, context: names.append(name)
    assert len(await echoed(ours, theirs)) == 100_000
    assert names == ["localhost"]


@pytest.mark.parametrize("side", ["server", "client"])
async def test_keys_are_logged(ours, theirs, side, tmp_path):
    """As everybody who sets SSLKEYLOGFILE wants it"""
    (ours if side == "server" else theirs).keylog_filename = str(tmp_path / "keys")
    assert len(await echoed(ours, theirs)) == 100_000
    assert "CLIENT_TRAFFIC_SECRET" in (tmp_path / "keys").read_text(encoding="ascii")


@pytest.fixture
def default_anew():
    """The default context is kept once it is made: with or without what this test sets."""
    default_context.cache_clear()
    yield
    default_context.cache_clear()


@pytest.mark.usefixtures("default_anew")
async def test_keys_are_logged_where_the_context_is_the_default(ours, authority, tmp_path, monkeypatch):
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    with authority.cert_pem.tempfile() as file:
        monkeypatch.setenv("SSL_CERT_FILE", file)
        assert len(await echoed(ours, None)) == 100_000
    assert "CLIENT_TRAFFIC_SECRET" in (tmp_path / "keys").read_text(encoding="ascii")


@pytest.mark.parametrize("side", ["server", "client"])
async def test_messages_are_traced(ours, theirs, side):
    seen = []
    context = ours if side == "server" else theirs
    context._msg_callback = lambda *message: seen.append(message)
    assert len(await echoed(ours, theirs)) == 100_000
    assert seen

"""The way to a server through a proxy: HTTP, HTTPS, SOCKS."""

from __future__ import annotations

import ssl

import anyio
import pytest

from flowws.websocket import ProxyError, WebSocketClient
from tests.websocket.client.answering import (
    Answering,
    Proxying,
    answer_with,
    speak_http,
    speak_socks4,
    speak_socks5,
)


async def echoes(client, url, **options):
    """One message there and back, and the close handshake."""
    async with client.websocket(url, **options) as session:
        await session.send("hi")
        assert (await session.incoming.receive()).read_text() == "hi"
    assert (await session.close_reason).code == 1000


@pytest.mark.parametrize("user", ["", "me:se%20cret@"])
async def test_an_http_proxy(client, user):
    async with Answering() as server, Proxying(speak_http, server.port).at_work() as proxy:
        await echoes(client, "ws://example.org:81/x?y", proxy=f"http://{user}127.0.0.1:{proxy.port}")
    assert proxy.asked == ["CONNECT example.org:81 HTTP/1.1"]
    assert proxy.credentials == (["me:se cret"] if user else [])
    assert (server.headers[0]["host"], server.requests[0].path) == ("example.org:81", "/x?y")
    assert "proxy-authorization" not in server.headers[0]
    assert server.closes == [(1000, "")]


async def test_w13_the_port_of_wss_is_443(client, ours, theirs):
    """W13; and TLS through a proxy is the server's, not the proxy's."""
    async with Answering(tls=ours) as server, Proxying(speak_http, server.port).at_work() as proxy:
        address = f"http://127.0.0.1:{proxy.port}"
        await echoes(client, "wss://example.org/", proxy=address, ssl=theirs)
        with pytest.raises(ssl.SSLCertVerificationError):
            await client.websocket_session("wss://other.example/", proxy=address, ssl=theirs)
        await echoes(client, "wss://other.example/", proxy=address, ssl=theirs, server_hostname="example.org")
    assert proxy.asked[0] == "CONNECT example.org:443 HTTP/1.1"


@pytest.mark.parametrize("tls", [False, True], ids=["ws", "wss"])
async def test_an_https_proxy(client, ours, theirs, tls):
    async with (
        Answering(tls=ours if tls else None) as server,
        Proxying(speak_http, server.port, tls=ours).at_work() as proxy,
    ):
        url = "wss://example.org/" if tls else "ws://example.org/"
        options = {"proxy": f"https://127.0.0.1:{proxy.port}", "proxy_ssl": theirs, "ssl": theirs}
        await echoes(client, url, **options)
        async with client.websocket(url, **options) as session:
            for size in (10, 3_000_000):
                await session.send(bytes(size))
                assert len((await session.incoming.receive()).data) == size
        with pytest.raises(ssl.SSLCertVerificationError):
            await client.websocket_session(url, **{**options, "proxy_ssl": None})
    assert server.closes == [(1000, ""), (1000, "")]


@pytest.mark.parametrize(
    ("scheme", "speak", "asked"),
    [
        ("socks5h", speak_socks5, "example.org:81"),
        ("socks5", speak_socks5, "127.0.0.1:81"),
        ("socks4a", speak_socks4, "example.org:81"),
        ("socks4", speak_socks4, "127.0.0.1:81"),
    ],
)
async def test_a_socks_proxy(client, scheme, speak, asked):
    host = "example.org" if asked.startswith("example") else "127.0.0.1"
    async with Answering() as server, Proxying(speak, server.port).at_work() as proxy:
        await echoes(client, f"ws://{host}:81/", proxy=f"{scheme}://127.0.0.1:{proxy.port}")
    assert proxy.asked == [asked]


async def test_a_socks_proxy_that_wants_to_know_who_we_are(client):
    async with Answering() as server, Proxying(speak_socks5, server.port).at_work() as proxy:
        await echoes(client, "ws://example.org/", proxy=f"socks5h://me:se%20cret@127.0.0.1:{proxy.port}")
    assert proxy.credentials == ["me:se cret"]


async def test_a_socks_proxy_that_refuses(client):
    async with Proxying(speak_socks5, 0).at_work() as proxy:
        address = f"socks5h://me:secret@127.0.0.1:{proxy.port}"
        with pytest.raises(ProxyError, match=r"no way through the proxy .*: it answered: .*refused") as caught:
            await client.websocket_session("ws://refused.invalid/", proxy=address)
    assert "secret" not in str(caught.value)


REFUSALS = [
    (b"HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic\r\n\r\n", 407, "it answered 407 Who are you"),
    (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\nbody", 502, "it answered 502"),
    (b"nonsense\r\n\r\n", None, "its answer is no HTTP"),
    (b"HTTP/1.1 200 OK\r\nX", None, "it ended the connection"),
    (b"", None, "it ended the connection"),
    (b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 ", None, "the server spoke before it was asked"),
]


@pytest.mark.parametrize(("says", "status", "words"), REFUSALS, ids=[words for _, _, words in REFUSALS])
async def test_an_http_proxy_that_refuses(client, says, status, words):
    async with Proxying(answer_with(says), 0).at_work() as proxy:
        with pytest.raises(ProxyError, match=words) as caught:
            await client.websocket_session("ws://example.org/", proxy=f"http://me:secret@127.0.0.1:{proxy.port}")
    assert caught.value.status == status
    assert isinstance(caught.value, ConnectionError)
    assert "secret" not in str(caught.value)


async def test_a_proxy_that_is_not_there(client):
    async with Proxying(speak_http, 0).at_work() as proxy:
        pass
    with pytest.raises(ConnectionRefusedError, match=str(proxy.port)):
        await client.websocket_session("ws://example.org/", proxy=f"http://127.0.0.1:{proxy.port}")


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
async def test_a_proxy_that_says_nothing_sees_the_end(client, scheme):
    heard, ended = anyio.Event(), anyio.Event()

    async def listen(stream, _):
        try:
            while True:
                await stream.receive()
                heard.set()
        finally:
            ended.set()

    async def give_up():
        await heard.wait()
        tasks.cancel_scope.cancel()

    async with Proxying(listen, 0).at_work() as proxy:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(give_up)
            await client.websocket_session("ws://example.org/", proxy=f"{scheme}://127.0.0.1:{proxy.port}")
        with anyio.fail_after(5):
            await ended.wait()


async def test_the_environment_is_asked_only_when_told_to(client, monkeypatch):
    async with Answering() as server, Proxying(speak_http, server.port).at_work() as proxy:
        monkeypatch.setenv("ws_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", "localhost")
        await echoes(client, server.url())
        assert proxy.asked == []
        await echoes(client, "ws://example.org/", proxy="environment")
        assert proxy.asked == ["CONNECT example.org:80 HTTP/1.1"]
        await echoes(client, server.url(host="localhost"), proxy="environment")
        assert len(proxy.asked) == 1


async def test_a_client_has_a_proxy_unless_told_otherwise():
    async with Answering() as server, Proxying(speak_http, server.port).at_work() as proxy:
        client = WebSocketClient(proxy=f"http://127.0.0.1:{proxy.port}")
        await echoes(client, "ws://example.org/")
        await echoes(client, server.url(), proxy=None)
    assert len(proxy.asked) == 1

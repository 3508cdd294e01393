"""Redirects: followed as far as it is safe."""

from __future__ import annotations

import pytest

from flowws.websocket import HandshakeError
from tests.websocket.client.answering import Answering, answer


def moved(location, status=302):
    return answer(status, ("Location", location))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed(client, status):
    async with Answering(moved("/there?x=1", status), None) as server:
        headers = {"Authorization": "x", "X-Trace": "1"}
        async with client.websocket(server.url("/here"), headers=headers, cookies={"a": "1"}) as session:
            await session.send("hi")
            assert (await session.incoming.receive()).read_text() == "hi"
            assert session.url == server.url("/there?x=1")
    assert [each.path for each in server.requests] == ["/here", "/there?x=1"]
    told = [[said.get(name) for name in ("authorization", "x-trace", "cookie")] for said in server.headers]
    assert told == [["x", "1", "a=1"]] * 2


async def test_secrets_do_not_go_to_another_host(client):
    asked = []

    async def auth(error):
        asked.append(error)
        return {"X-Key": "secret"}

    async with Answering() as other, Answering(moved(other.url("/x"))) as server:
        url = server.url().replace("ws://", "ws://me:secret@")
        options = {"headers": {"X-Trace": "1"}, "cookies": {"a": "1"}, "subprotocols": ["chat"], "auth": auth}
        async with client.websocket(url, **options) as session:
            assert session.url == other.url("/x")
        assert {"authorization", "cookie", "x-key", "x-trace"} <= set(server.headers[0])
        assert not {"authorization", "cookie", "x-key"} & set(other.headers[0])
        assert (other.headers[0]["x-trace"], other.headers[0]["sec-websocket-protocol"]) == ("1", "chat")
        other.answers = [answer(401)]
        with pytest.raises(HandshakeError) as caught:
            await client.websocket_session(url, **options)
    assert caught.value.status == 401
    assert asked == [None, None], "the credentials of one host are no answer to the 401 of another"


async def test_an_http_address_is_that_of_a_session(client):
    async with (
        Answering() as other,
        Answering(moved(other.url(scheme="http"))) as server,
        client.websocket(server.url()) as session,
    ):
        assert session.url == other.url()


async def test_never_from_wss_to_ws(client, ours, theirs):
    async with Answering() as plain, Answering(moved(plain.url()), tls=ours) as server:
        with pytest.raises(HandshakeError, match=f"away from TLS, to {plain.url()}") as caught:
            await client.websocket_session(server.url(scheme="wss"), ssl=theirs)
    assert caught.value.status == 302
    assert plain.connections == 0


@pytest.mark.parametrize(("most", "connections"), [(1, 2), (3, 4)])
async def test_there_is_an_end_to_it(client, most, connections):
    async with Answering(moved("/again")) as server:
        with pytest.raises(HandshakeError, match=r"once too often, to ws://.*/again") as caught:
            await client.websocket_session(server.url(), max_redirects=most)
    assert caught.value.status == 302
    assert server.connections == connections


async def test_none_is_followed_where_none_is_wanted(client):
    async with Answering(moved("/there")) as server:
        with pytest.raises(HandshakeError, match="expected status 101, the server answered 302") as caught:
            await client.websocket_session(server.url(), max_redirects=0)
    assert caught.value.headers["location"] == "/there"


@pytest.mark.parametrize(
    "says",
    [
        answer(302),
        answer(300, ("Location", "/x")),
        answer(304, ("Location", "/x")),
        answer(302, ("Location", "/x"), ("Location", "/y")),
    ],
)
async def test_what_is_no_redirect(client, says):
    async with Answering(says) as server:
        with pytest.raises(HandshakeError, match="expected status 101, the server answered 30"):
            await client.websocket_session(server.url())
    assert server.connections == 1


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/", "ws://h:port/", "//[/", "ws://a..b/"])
async def test_a_redirect_to_what_is_no_session(client, location):
    async with Answering(moved(location)) as server:
        with pytest.raises(HandshakeError, match="redirects to what is no session") as caught:
            await client.websocket_session(server.url())
    assert caught.value.status == 302


async def test_a_unix_socket_redirects_to_itself_only(client, tmp_path):
    path = str(tmp_path / "socket")
    async with (
        Answering(moved("/there"), None, path=path),
        client.websocket("ws://localhost/here", uds=path) as session,
    ):
        assert session.url == "ws://localhost/there"
    async with Answering(moved("ws://other.example/"), path=str(tmp_path / "other")) as server:
        with pytest.raises(HandshakeError, match=r"away from its unix socket, to ws://other\.example/"):
            await client.websocket_session("ws://localhost/", uds=tmp_path / "other")
    assert server.connections == 1

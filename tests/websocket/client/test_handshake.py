"""The client against servers that answer otherwise, or nothing: what its handshake makes of them."""

from __future__ import annotations

import anyio
import pytest

from flowws.websocket import HandshakeError, WebSockets


def url(server, path="/"):
    return f"ws://127.0.0.1:{server.port}{path}"


class Canned:
    """A TCP server that says what it is told to, whatever it is asked."""

    def __init__(self, answer: bytes | None, *, stays: bool = True) -> None:
        self.answer = answer
        self.stays = stays
        self.received = b""
        self.connections = 0
        self.ended = 0

    async def __aenter__(self):
        self.listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        self.port = self.listener.extra(anyio.abc.SocketAttribute.local_port)
        self.tasks = await anyio.create_task_group().__aenter__()
        self.tasks.start_soon(self.listener.serve, self._talk)
        return self

    async def _talk(self, stream):
        self.connections += 1
        try:
            async with stream:
                request = b""
                while b"\r\n\r\n" not in request:
                    request += await stream.receive()
                if self.answer is not None:
                    await stream.send(self.answer)
                while self.stays:
                    await stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            self.ended += 1

    async def sees_the_end(self):
        """Wait until every client has hung up."""
        with anyio.fail_after(5):
            while self.ended < self.connections:  # none, where the time was over before
                await anyio.lowlevel.checkpoint()

    async def __aexit__(self, *error):
        self.tasks.cancel_scope.cancel()
        await self.tasks.__aexit__(None, None, None)
        await self.listener.aclose()


@pytest.mark.parametrize("status", [200, 302, 401, 404, 500])
async def test_w10_another_status_than_101(client, status):
    """W10"""
    async with Canned(b"HTTP/1.1 %d Reason\r\nX-Why: because\r\nContent-Length: 4\r\n\r\nbody" % status) as server:
        with pytest.raises(HandshakeError) as caught:
            await client.websocket_session(url(server))
    assert f"expected status 101, the server answered {status}" in str(caught.value)
    assert (caught.value.status, caught.value.headers["x-why"], caught.value.body) == (status, "because", b"body")


def accept_for(request: bytes) -> bytes:
    from websockets.utils import accept_key

    (key,) = (line.split(": ")[1] for line in request.decode().split("\r\n") if line.startswith("Sec-WebSocket-Key"))
    return accept_key(key).encode()


class Opening(Canned):
    """Opens the session properly, except for what it is told to add."""

    def __init__(self, headers: bytes, after: bytes = b"", *, stays: bool = True) -> None:
        super().__init__(None, stays=stays)
        self.headers = headers
        self.after = after

    def head(self, accept: bytes) -> bytes:
        lines = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n"
        return b"HTTP/1.1 101 Switching Protocols\r\n" + lines + self.headers + b"\r\n"

    async def _talk(self, stream):
        self.connections += 1
        async with stream:
            while b"\r\n\r\n" not in self.received:
                self.received += await stream.receive()
            await stream.send(self.head(accept_for(self.received)) + self.after)
            try:
                while self.stays:
                    self.received += await stream.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                self.ended += 1


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(b"Sec-WebSocket-Protocol: other\r\n", id="W4 a subprotocol that was not offered"),
        pytest.param(b"Sec-WebSocket-Protocol: a, b\r\n", id="two subprotocols"),
        pytest.param(b"Sec-WebSocket-Extensions: permessage-deflate\r\n", id="an extension that was not offered"),
    ],
)
async def test_w4_a_server_that_chooses_what_was_not_offered(client, headers):
    """W4"""
    async with Opening(headers) as server:
        with pytest.raises(HandshakeError, match="the server chose"):
            await client.websocket_session(url(server), subprotocols=["a", "b"])


async def test_w9_a_wrong_accept_value(client):
    """W9"""
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    answer = head + b"Sec-WebSocket-Accept: bm9uc2Vuc2U=\r\n\r\n"
    async with Canned(answer) as server:
        with pytest.raises(HandshakeError, match="Sec-WebSocket-Accept") as caught:
            await client.websocket_session(url(server))
        await server.sees_the_end()
    assert caught.value.status == 101


ACCEPT = b"Sec-WebSocket-Accept: %s\r\n"


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"Connection: Upgrade\r\n" + ACCEPT, id="no Upgrade"),
        pytest.param(b"Upgrade: h2c\r\nConnection: Upgrade\r\n" + ACCEPT, id="another Upgrade"),
        pytest.param(b"Upgrade: websocket\r\n" + ACCEPT, id="no Connection"),
        pytest.param(b"Upgrade: websocket\r\nConnection: close\r\n" + ACCEPT, id="another Connection"),
        pytest.param(b"Upgrade: websocket\r\nConnection: Upgrade\r\n", id="no accept value"),
        pytest.param(b"Upgrade: websocket\r\nConnection: Upgrade\r\n" + ACCEPT + ACCEPT, id="two accept values"),
    ],
)
async def test_w9_a_101_that_is_not_in_order(client, head):
    """W9; RFC 6455, section 4.1"""

    class Odd(Opening):
        def head(self, accept):
            return b"HTTP/1.1 101 Switching\r\n" + head.replace(b"%s", accept) + b"\r\n"

    async with Odd(b"") as server:
        with pytest.raises(HandshakeError) as caught:
            await client.websocket_session(url(server))
        await server.sees_the_end()
    assert caught.value.status == 101


async def test_w9_a_101_by_http_1_0(client):
    """W9: all else is in order"""

    class Old(Opening):
        def head(self, accept):
            return super().head(accept).replace(b"HTTP/1.1", b"HTTP/1.0")

    async with Old(b"") as server:
        with pytest.raises(HandshakeError, match=r"the server's handshake is not in order: .* HTTP/1\.0") as caught:
            await client.websocket_session(url(server))
        await server.sees_the_end()
    assert caught.value.status == 101


async def test_w10_a_refusal_by_http_1_0(client):
    """W10"""
    async with Canned(b"HTTP/1.0 403 Forbidden\r\nX-Why: because\r\n\r\nbody", stays=False) as server:
        with pytest.raises(HandshakeError, match="the server answered 403") as caught:
            await client.websocket_session(url(server))
    assert (caught.value.status, caught.value.headers["x-why"], caught.value.body) == (403, "because", b"body")


async def test_w5_the_words_of_a_101_in_any_case(client):
    """W5, for the client"""

    class Odd(Opening):
        def head(self, accept):
            lines = b"upgrade: WebSocket\r\nconnection: keep-alive, upgrade\r\nsec-websocket-accept: %s\r\n\r\n"
            return b"HTTP/1.1 101 \r\n" + lines % accept

    async with Odd(b"", after=b"\x88\x02\x03\xe8", stays=False) as server:
        session = await client.websocket_session(url(server))
        assert (await session.close_reason).code == 1000
        await session.ended()


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 101", b"nonsense\r\n\r\n"])
async def test_a_server_that_talks_nonsense(client, answer):
    async with Canned(answer or b" ") as server:
        with pytest.raises((HandshakeError, TimeoutError)):
            await client.websocket_session(url(server), open_timeout=0.1)


async def test_a_server_that_does_not_answer_in_time_sees_the_end(client):
    async with Canned(None) as server:
        with pytest.raises(TimeoutError):
            await client.websocket_session(url(server), open_timeout=0.05)
        with anyio.move_on_after(0.05) as scope:
            await client.websocket_session(url(server))
        assert scope.cancelled_caught
        await server.sees_the_end()


async def test_frames_in_the_packet_of_the_handshake(new_client):
    async with Opening(b"", after=b"\x81\x05first\x88\x02\x0f\xa0") as server:  # noqa: SIM117  # one needs the other
        async with new_client(WebSockets(close_timeout=0.05)).websocket(url(server)) as session:
            assert [frame.data.decode() async for frame in session.incoming] == ["first"]
            assert (await session.close_reason).code == 4000


async def test_w100_a_masked_frame_of_a_server(new_client, raw):
    """W100"""
    async with Opening(b"", after=raw.frame(1, b"x")) as server:  # noqa: SIM117  # one needs the other
        async with new_client(WebSockets(close_timeout=0.05)).websocket(url(server)) as session:
            reason = await session.close_reason
            assert (reason.code, reason.by) == (1002, "us")


async def test_w52_each_frame_is_masked_with_a_key_of_its_own(new_client):
    """W52"""
    async with Opening(b"") as server:
        session = await new_client(WebSockets(close_timeout=0.01)).websocket_session(url(server))
        for _ in range(10):
            await session.send("same")
        while len(server.received.partition(b"\r\n\r\n")[2]) < 100:
            await anyio.lowlevel.checkpoint()
        data = server.received.partition(b"\r\n\r\n")[2]
        assert len({data[start + 2 : start + 6] for start in range(0, 100, 10)}) == 10
        await session.close()


async def test_the_client_waits_for_the_end_of_tcp_but_not_for_ever(new_client):
    async with Opening(b"", after=b"\x88\x02\x03\xe8") as server:
        async with new_client(WebSockets(close_timeout=0.05)).websocket(url(server)) as session:
            await session.close_reason
        assert session.job.is_completed


async def test_a_block_whose_end_is_cancelled_cuts_the_connection(new_client):
    """The server never answers our Close: whoever cancels the wait for it does not wait either."""
    async with Opening(b"") as server:
        with anyio.move_on_after(0.05) as scope:
            async with new_client(WebSockets(close_timeout=60)).websocket(url(server)) as session:
                session.launch(anyio.sleep_forever)
        assert scope.cancelled_caught
        assert session.job.is_completed
        assert (await session.close_reason).code == 1000


@pytest.mark.parametrize(
    ("head", "body", "kept"),
    [
        pytest.param(b"Content-Length: 5000000", bytes(5_000_000), None, id="a large one"),
        pytest.param(b"Content-Length: 100", b"half", b"half", id="one that breaks off"),
        pytest.param(b"Connection: close", b"until the end", b"until the end", id="one that ends with the connection"),
        pytest.param(b"Transfer-Encoding: chunked", b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"abcde", id="one in chunks"),
        pytest.param(b"Content-Length: 0", b"", b"", id="none"),
    ],
)
async def test_w10_the_body_of_a_refusal(client, head, body, kept):
    """W10: as much of it as there is, within reason"""
    async with Canned(b"HTTP/1.1 503 Busy\r\n" + head + b"\r\n\r\n" + body, stays=False) as server:
        with pytest.raises(HandshakeError, match="503") as caught:
            await client.websocket_session(url(server))
    assert caught.value.status == 503
    assert caught.value.body == kept if kept is not None else len(caught.value.body) <= 1 << 20

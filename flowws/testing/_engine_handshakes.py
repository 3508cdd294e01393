"""What every engine over sockets promises about handshakes, one function per promise; the table is at the end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple, TypeVar

import anyio
from websockets.datastructures import Headers

from flowws.websocket.engines import Answer, Decide, RefusedError, Request, Response, ServerLimits, Upgrade

from ._engine_trial import MAX_FRAME_SIZE, TEXT, Opposite, Role, ScriptedEndpoint, eventually, opening_of
from ._settling import settle_now
from ._socket_ground import REQUEST, SocketGround, SocketLine, head_of, switching

E = TypeVar("E", bound=BaseException)


# The engine as a server


async def _page(ground: SocketGround) -> None:
    def decide(request: Request, respond: Callable[[Answer], object]) -> None:
        asked.append(request)
        respond(Response(418, (("X-Why", "teapot"), ("Content-Type", "text/plain")), b"no coffee"))

    asked: list[Request] = []
    async with ground.serving(decide) as connect:
        line = await connect()
        await line.write(b"GET /coffee?milk=1 HTTP/1.1\r\nHost: x\r\nX-Cup: one\r\nX-Cup: two\r\n\r\n")
        answer = await _to_the_end(line)
    assert answer.startswith(b"HTTP/1.1 418 "), f"a page came as {answer[:40]!r}"
    assert b"x-why: teapot\r\n" in answer.lower()
    assert answer.endswith(b"\r\n\r\nno coffee")
    (request,) = asked
    assert (request.method, request.target) == ("GET", "/coffee?milk=1")
    assert request.headers.get_all("x-cup") == ["one", "two"]
    assert request.client_address is None or request.client_address[0] == "127.0.0.1"


async def _late_answer(ground: SocketGround) -> None:
    endpoint, waiting = ScriptedEndpoint(), list[Callable[[Answer], object]]()
    async with ground.serving(lambda _, respond: waiting.append(respond)) as connect:
        line = await connect()
        peer = Opposite(line, "server")
        await line.write(REQUEST + peer.bytes_of(TEXT, b"too early, and kept"))
        await eventually(lambda: bool(waiting))
        await settle_now()
        waiting[0](Upgrade(endpoint.take, (("X-Late", "yes"),)))
        head, rest = await head_of(line)
        assert b"x-late: yes\r\n" in head.lower()
        line.rest = rest
        assert await endpoint.until() == [("text", "too early, and kept")]
        line.close()
        await endpoint.until_told("lost")


async def _answer_to_nobody(ground: SocketGround) -> None:
    endpoint, waiting = ScriptedEndpoint(), list[Callable[[Answer], object]]()
    async with ground.serving(lambda _, respond: waiting.append(respond)) as connect:
        line = await connect()
        await line.write(REQUEST)
        await eventually(lambda: bool(waiting))
        line.reset()
        await anyio.sleep(0.02)
        waiting[0](Upgrade(endpoint.take))
        await settle_now()
        assert endpoint.log in ([], [("lost",)]), f"a client that is gone: {endpoint.log!r}"


async def _first_words(ground: SocketGround) -> None:
    class Eager(ScriptedEndpoint):
        def take(self, connection: Any) -> ScriptedEndpoint:
            connection.write(TEXT, "at once")
            return super().take(connection)

    endpoint = Eager()
    async with ground.served(endpoint) as line:
        assert (await Opposite(line, "server").next())[1] == b"at once"


async def _no_http(ground: SocketGround) -> None:
    async with ground.serving(_unasked) as connect:
        line = await connect()
        await line.write(b"\x16\x03\x01 what is this\r\n\r\n")
        answer = await _to_the_end(line)
        assert answer.startswith(b"HTTP/1.1 400 ") or not answer, f"no HTTP, answered with {answer[:40]!r}"


async def _endless_head(ground: SocketGround) -> None:
    async with ground.serving(_unasked, ServerLimits(MAX_FRAME_SIZE, max_head_size=2000)) as connect:
        line = await connect()
        await line.write(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-Long: " + b"x" * 4000)
        answer = await _to_the_end(line)
        assert answer.startswith(b"HTTP/1.1 431 ") or not answer, f"an endless head, answered with {answer[:40]!r}"


async def _slow_head(ground: SocketGround) -> None:
    async with ground.serving(_unasked, ServerLimits(MAX_FRAME_SIZE, head_timeout=0.05)) as connect:
        line = await connect()
        await line.write(b"GET / HTTP/1.1\r\n")
        answer = await _to_the_end(line)
        assert not answer or answer.startswith(b"HTTP/1.1 408 "), f"a slow head, answered with {answer[:40]!r}"


async def _stopped(ground: SocketGround) -> None:
    endpoint = ScriptedEndpoint()
    async with ground.serving(_opening(endpoint)) as connect:
        line = await connect()
        await line.write(REQUEST)
        await head_of(line)
        assert len(connect.listening.sockets) == 1
        connect.listening.close()
        assert list(connect.listening.sockets) == []
        endpoint.connection.write(TEXT, "still here")
        assert (await Opposite(line, "server").next())[1] == b"still here"
        connect.listening.cut_all()
        await connect.listening.wait_closed()
        await endpoint.until_told("lost")


# The engine as a client


async def _refused(ground: SocketGround) -> None:
    answer = b"HTTP/1.1 403 Forbidden\r\nX-Why: because\r\nContent-Length: 4\r\n\r\nno!!"
    async with ground.dialling(lambda _: answer) as dial:
        error = await _raises(RefusedError, dial(opening_of(ScriptedEndpoint())))
    assert (error.status, error.headers["X-Why"], error.body) == (403, "because", b"no!!"), repr(error)
    assert "101" in error.problem
    assert "403" in error.problem, f"the status is missing in {error.problem!r} (W10)"


async def _wrong_accept(ground: SocketGround) -> None:
    async with ground.dialling(lambda _: switching("of another key")) as dial:
        await _raises(RefusedError, dial(opening_of(ScriptedEndpoint())))


async def _checked(ground: SocketGround) -> None:
    class OddError(Exception):
        pass

    def check(_: Headers) -> None:
        raise OddError

    endpoint = ScriptedEndpoint()
    async with ground.dialling(switching) as dial:
        await _raises(OddError, dial(opening_of(endpoint, check)))
    assert not hasattr(endpoint, "connection"), "the session was opened all the same"


async def _hung_up_on(ground: SocketGround) -> None:
    async with ground.dialling(lambda _: b"") as dial:
        await _raises(OSError, dial(opening_of(ScriptedEndpoint())))


async def _greeted(ground: SocketGround) -> None:
    endpoint = ScriptedEndpoint()
    greeting = b"\x81\x05hello"
    async with ground.dialling(lambda key: switching(key) + greeting) as dial:
        await dial(opening_of(endpoint))
        assert await endpoint.until() == [("text", "hello")]
        endpoint.connection.abort()
        await endpoint.until_told("lost")


async def _cancelled(ground: SocketGround) -> None:
    async with ground.dialling(None) as dial:
        with anyio.move_on_after(0.02) as patience:
            await dial(opening_of(ScriptedEndpoint()))
        assert patience.cancelled_caught
        assert await _to_the_end(dial.line), "there was no request"


def _opening(endpoint: ScriptedEndpoint) -> Decide:
    return lambda _, respond: respond(Upgrade(endpoint.take))


def _unasked(request: Request, respond: Callable[[Answer], object]) -> None:
    raise AssertionError(f"{request!r} is no request to decide on")


async def _to_the_end(line: SocketLine) -> bytes:
    arrived = b""
    try:
        while data := await line.read():
            arrived += data
    except ConnectionError:
        pass
    return arrived


async def _raises(kind: type[E], waited_for: Awaitable[object]) -> E:
    try:
        await waited_for
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was expected")


class HandshakePromise(NamedTuple):
    words: str
    """In words, for the one who has broken it."""
    role: Role
    check: Callable[[SocketGround], Awaitable[None]]


HANDSHAKE_PROMISES: Final = (
    HandshakePromise("a page is sent as it was decided, then the connection ends (W7)", "server", _page),
    HandshakePromise("an answer may come later; frames that came too early are kept", "server", _late_answer),
    HandshakePromise("an answer to a client that is gone does no harm", "server", _answer_to_nobody),
    HandshakePromise("what a server says at once is not lost (W19)", "server", _first_words),
    HandshakePromise("what is no HTTP is answered with 400, or hung up on", "server", _no_http),
    HandshakePromise("a head that does not end is answered with 431, or hung up on", "server", _endless_head),
    HandshakePromise("a head that does not come in time is hung up on", "server", _slow_head),
    HandshakePromise(
        "a stopped server takes nobody, keeps who is here, and cuts them when told to", "server", _stopped
    ),
    HandshakePromise("a refusal has status, headers and body (W10)", "client", _refused),
    HandshakePromise("a wrong answer to the key is a refusal (W9)", "client", _wrong_accept),
    HandshakePromise("what `check` raises comes out, and no session is opened", "client", _checked),
    HandshakePromise("a server that hangs up is an OSError", "client", _hung_up_on),
    HandshakePromise("what a server says at once is not lost (W19)", "client", _greeted),
    HandshakePromise("a cancelled handshake leaves no socket open", "client", _cancelled),
)

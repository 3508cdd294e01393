"""The picows engine: asyncio and uvloop, frames parsed in C. With `flowws._core` the only place here that knows
asyncio.

picows looks after the HTTP upgrade, cuts the stream into frames and writes them. Its parser answers violations by
itself; the engine only finds that out. What it does not look at (version, reserved bits, UTF-8, order of fragments)
is for the session.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from ssl import SSLContext
from typing import Any, Final

from picows import (
    WSFrame,
    WSHandshakeError,
    WSInvalidStatusError,
    WSListener,
    WSMsgType,
    WSParsedURL,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_connect,  # pyright: ignore[reportUnknownVariableType]  # it passes untyped arguments on
    ws_create_server,  # pyright: ignore[reportUnknownVariableType]  # as above
)
from websockets.datastructures import Headers

from flowws._core import Waiter

from . import Answer, Connection, Endpoint, Listening, Request, Response

_TEXT: Final = WSMsgType.TEXT

READ_BUFFER: Final = 4096  # bytes per connection to begin with; it doubles as larger frames come in


class _Quiet(logging.LoggerAdapter[logging.Logger]):
    """picows reports connections as INFO, and what peers do wrong as ERROR. Here that is DEBUG: the session reports
    what matters.
    """

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802  # the name is logging's
        return self.logger.isEnabledFor(logging.DEBUG) and level > logging.DEBUG

    def log(self, level: int, msg: object, *args: Any, **kwargs: Any) -> None:
        if self.isEnabledFor(level):
            self.logger.debug(msg, *args, **kwargs)


QUIET: Final = _Quiet(logging.getLogger("flowws.websocket.picows"), {})


class PicowsConnection(WSListener, asyncio.BufferedProtocol):
    """One connection: what picows calls, and what the session calls.

    ::

        transport  -->  PicowsConnection  -->  picows' protocol  -->  PicowsConnection.on_ws_frame  -->  Endpoint
                        (as the protocol)      (parses)               (as the listener)

    It stands before picows' own protocol because that keeps to itself why a connection ended, and that its parser
    failed it. Reading goes past it, straight into the parser, but for the time in which `heard` has to be known:
    benchmarks/bench_echo.py.
    """

    def __init__(self, open_endpoint: Callable[[Connection], Endpoint]) -> None:
        # Stored state
        self._open_endpoint: Callable[[Connection], Endpoint] | None = open_endpoint
        self._endpoint: Endpoint | None = None
        self._loop = asyncio.get_running_loop()
        self.new_waiter: Callable[[], Waiter[Any]] = partial(asyncio.Future, loop=self._loop)
        self._ended_by: BaseException | None = None
        self._we_closed = False
        self.is_secure = False
        self.is_writable = True
        self.heard = False
        self.client_address: tuple[str, int] | None = None

    # The handshake is done

    def on_ws_connected(self, transport: WSTransport) -> None:
        ws: Any = transport  # its methods take plain numbers as well as its enums; its stubs say enums only
        self._ws = ws
        self._tcp = tcp = transport.underlying_transport
        self._picows: Any = tcp.get_protocol()
        picows: Any = self._picows
        self._parse: Callable[[int], object] = picows.buffer_updated
        self.is_secure = transport.is_secure
        setattr(self, "get_buffer", picows.get_buffer)  # noqa: B010  # a method to type checkers
        self._read_with(self._parse)
        self.write: Callable[[int, str | bytes], object] = ws.send
        peer = tcp.get_extra_info("peername")
        if isinstance(peer, tuple):
            self.client_address = (peer[0], peer[1])
        assert self._open_endpoint is not None  # called once
        open_endpoint, self._open_endpoint = self._open_endpoint, None
        self._endpoint = endpoint = open_endpoint(self)
        self._text_received = endpoint.text_received

    # Reading

    def _read_with(self, buffer_updated: Callable[[int], object]) -> None:
        setattr(self, "buffer_updated", buffer_updated)  # noqa: B010  # a method to type checkers
        self._tcp.set_protocol(self)  # uvloop and TLS keep hold of the method, not of its name

    def listen_for_life(self) -> None:
        self.heard = False
        self._read_with(self._hear)

    def _hear(self, nbytes: int) -> None:
        self.heard = True
        self._read_with(self._parse)
        self._parse(nbytes)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if kind is _TEXT and frame.fin and not (frame.rsv1 or frame.rsv2 or frame.rsv3):
            try:
                text = frame.get_payload_as_utf8_text()
            except UnicodeDecodeError:
                pass
            else:
                self._text_received(text)
                return
        if self._endpoint is not None:
            rsv = (4 if frame.rsv1 else 0) | (2 if frame.rsv2 else 0) | (1 if frame.rsv3 else 0)
            self._endpoint.frame_received(kind.value, frame.get_payload_as_bytes(), bool(frame.fin), rsv)

    def _look_for_failure(self) -> None:
        """Picows' parser fails a connection by sending Close, and ends it soon after; nothing else tells of it."""
        handshake = self._ws.close_handshake
        if handshake is not None and handshake.sent is not None and not self._we_closed and self._endpoint is not None:
            self._we_closed = True
            self._endpoint.failed(int(handshake.sent.code), handshake.sent.reason)

    def pause_reading(self) -> None:
        self._tcp.pause_reading()

    def resume_reading(self) -> None:
        self._tcp.resume_reading()

    # Writing

    def write_close(self, code: int, message: str) -> None:
        self._we_closed = True
        self._ws.send_close(code, message)

    def pause_writing(self) -> None:
        self.is_writable = False
        if self._endpoint is not None:
            self._endpoint.writing_paused()

    def resume_writing(self) -> None:
        self.is_writable = True
        if self._endpoint is not None:
            self._endpoint.writing_resumed()

    # Ending

    def close(self) -> None:
        self._tcp.close()

    def abort(self) -> None:
        self._tcp.abort()

    def eof_received(self) -> bool:
        self._look_for_failure()
        if self._endpoint is not None:
            self._ended_by = EOFError("the connection ended without a Close frame")
            self._endpoint.eof_received()
        return not self.is_secure  # TLS cannot be closed by halves

    def connection_lost(self, exc: Exception | None) -> None:
        self._look_for_failure()
        endpoint, self._endpoint = self._endpoint, None
        self._picows.connection_lost(exc)
        self._mark_as_retrieved()
        # The circles through picows end here.
        del self.__dict__["get_buffer"], self.__dict__["buffer_updated"]
        del self._picows, self._parse, self._text_received
        if endpoint is not None:
            endpoint.connection_lost(exc or self._ended_by)

    def _mark_as_retrieved(self) -> None:
        """A client's parser failure waits in a future, which complains when nobody asks for it."""
        waiting = self._ws.wait_disconnected()
        try:
            waiting.send(None)
        except (Exception, asyncio.CancelledError):  # noqa: BLE001  # the endpoint knows already
            return
        waiting.close()

    def call_later(self, delay: float, call: Callable[[], object]) -> asyncio.TimerHandle:
        return self._loop.call_later(delay, call)


# The server


async def serve(
    decide: Callable[[Request], Answer],
    host: str | None,
    port: int,
    *,
    ssl: SSLContext | None,
    max_frame_size: int,
    handshake_timeout: float,
) -> Listening:
    """Listen. `decide` answers every request, on the loop; it must not raise."""

    def answer(request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
        decision = decide(Request(request.path.decode("latin-1"), _headers(request.headers)))
        if isinstance(decision, Response):
            return WSUpgradeResponseWithListener(_response(decision), None)
        # picows wants one single token here, where RFC 6455 allows a list. `decide` has read the list.
        request.headers["Connection"] = "Upgrade"
        response = WSUpgradeResponse.create_101_response(decision.headers)
        return WSUpgradeResponseWithListener(response, PicowsConnection(decision.open))

    return await ws_create_server(
        answer,
        host,
        port,
        ssl=ssl,
        max_frame_size=max_frame_size,
        websocket_handshake_timeout=handshake_timeout,
        enable_auto_pong=False,
        read_buffer_init_size=READ_BUFFER,
        logger_name=QUIET,
    )


def cut_all(server: Listening) -> None:
    """End every connection of the server at once, those without a session included."""
    picows_server: Any = server  # asyncio's own has the method only from 3.13 on
    picows_server.abort_clients()


def _response(response: Response) -> WSUpgradeResponse:
    made: WSUpgradeResponse = WSUpgradeResponse.create_ok_response(response.body, response.headers)
    made.status = HTTPStatus(response.status)
    return made


def _headers(raw: Mapping[str, str]) -> Headers:
    # Beyond ASCII, picows keeps the bytes as surrogates. HTTP's own reading of them is Latin-1.
    return Headers(
        [
            (name, value if value.isascii() else value.encode("ascii", "surrogateescape").decode("latin-1"))
            for name, value in raw.items()
        ]
    )


# The client


class RefusedError(Exception):
    """The server answered, but not with a proper 101."""

    def __init__(self, problem: str, status: int | None, headers: Headers, body: bytes) -> None:
        super().__init__(problem)
        self.problem, self.status, self.headers, self.body = problem, status, headers, body


async def connect(
    url: str,
    check: Callable[[Headers], None],
    open_endpoint: Callable[[Connection, Headers], Endpoint],
    *,
    headers: list[tuple[str, str]],
    ssl: SSLContext | None,
    max_frame_size: int,
    open_timeout: float,
) -> None:
    """Open a connection; `open_endpoint` is called with the server's headers as soon as the handshake is done.

    Raises `OSError` where nobody answers, `RefusedError`, and what `check` has against the server's headers.
    """
    dialled: list[socket.socket] = []

    async def dial(address: WSParsedURL) -> socket.socket:
        dialled.append(await _dial(address.host, address.port))
        return dialled[-1]

    def listener(_: WSUpgradeRequest, response: WSUpgradeResponse) -> WSListener:
        answer = _headers(response.headers)
        check(answer)
        return PicowsConnection(lambda connection: open_endpoint(connection, answer))

    try:
        async with asyncio.timeout(open_timeout):
            _, connection = await ws_connect(
                listener,
                url,
                ssl_context=ssl,
                extra_headers=headers,
                max_frame_size=max_frame_size,
                websocket_handshake_timeout=None,
                enable_auto_pong=False,
                max_redirects=0,
                read_buffer_init_size=READ_BUFFER,
                logger_name=QUIET,
                socket_factory=dial,
            )
    except WSHandshakeError as error:
        raise _refused(error) from error
    except BaseException:
        for line in dialled:
            _hang_up(line)  # picows leaves it open when it is cancelled in the middle of the handshake
        raise
    if connection is None:  # pyright: ignore[reportUnnecessaryComparison]  # what picows says when the server hangs up
        raise ConnectionResetError("the server ended the connection during the handshake")


async def _dial(host: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    failure: OSError | None = None
    for family, kind, protocol, _, address in found:
        line = socket.socket(family, kind, protocol)
        line.setblocking(False)
        try:
            await loop.sock_connect(line, address)
        except OSError as error:
            line.close()
            failure = failure or error
        except BaseException:
            line.close()
            raise
        else:
            return line
    raise failure or OSError(f"{host!r} has no address")


def _hang_up(line: socket.socket) -> None:
    """The transport that has it, if there is one by now, sees the end of the connection and closes."""
    try:
        line.shutdown(socket.SHUT_RDWR)
    except OSError:
        line.close()


def _refused(error: WSHandshakeError) -> RefusedError:
    response = error.response
    status = None if response is None or not hasattr(response, "status") else int(response.status)
    headers = _headers(response.headers) if response is not None and hasattr(response, "headers") else Headers()
    if isinstance(error, WSInvalidStatusError) and status is not None:
        problem = f"expected status 101, the server answered {status} {HTTPStatus(status).phrase}"
    else:
        problem = f"the server's handshake is not in order: {error}"
    return RefusedError(problem, status, headers, error.raw_body or b"")

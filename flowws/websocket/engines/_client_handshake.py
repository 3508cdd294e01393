"""`ClientHandshake`: a client's request, and what the server makes of it. Writing, reading and checking are
`websockets`'.
"""

from __future__ import annotations

from collections.abc import Generator
from http import HTTPStatus
from http.client import responses
from typing import Final

from websockets.client import ClientProtocol
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake
from websockets.extensions import Extension
from websockets.http11 import Response as Answer
from websockets.http11 import read_body
from websockets.streams import StreamReader
from websockets.uri import parse_uri

from . import Opening, RefusedError

MAX_HEAD: Final = 64 * 1024  # bytes of an answer without its body
BODY_PATIENCE: Final = 2.0  # seconds for the body of a refusal, once its head is here; then `give_up`


class _Checks(ClientProtocol):
    """Key and answer belong together (RFC 6455, section 4.1). What was offered, the client knows."""

    def process_extensions(self, headers: Headers) -> list[Extension]:
        return []

    def process_subprotocol(self, headers: Headers) -> None:
        return None


class ClientHandshake:
    """One handshake: write `request`, then `feed` what arrives until there are the headers of a proper 101.

    Anything else is a `RefusedError`, which has status, headers and body of the answer. What has come behind a 101 is
    in `rest`: frames.
    """

    __slots__ = ("_checks", "_fed", "_head", "_parsing", "_status_line", "_stream", "request")

    def __init__(self, opening: Opening) -> None:
        self._checks = _Checks(parse_uri(opening.url))
        self._stream = StreamReader()
        self._parsing = self._read()
        self._fed = 0
        self._head: Answer | None = None
        self._status_line: bytes | bytearray = b""  # of the head that is read
        self.request: bytes = self._written(opening)
        """What the client says first."""

    def _written(self, opening: Opening) -> bytes:
        request = self._checks.connect()
        for name, value in opening.headers:
            if name.lower() == "host":
                del request.headers["Host"]
            request.headers[name] = value
        return request.serialize()

    @property
    def rest(self) -> bytes:
        """What has come behind the head."""
        return bytes(self._stream.buffer)

    @property
    def waits_for_body(self) -> bool:
        """Whether the server has refused, and only the body of its answer is not complete."""
        return self._head is not None

    def feed(self, data: bytes) -> Headers | None:
        """The headers of a 101 that is in order; None while the answer is not complete. Raises `RefusedError`."""
        self._stream.feed_data(data)
        self._fed += len(data)
        answer = self._advance()
        if answer is None and self._head is None and self._fed > MAX_HEAD:
            raise _out_of_order("the head of the answer does not end")
        return answer

    def feed_eof(self) -> None:
        """The server says nothing more. Raises what comes of that: `RefusedError`, or `ConnectionResetError`."""
        self._stream.feed_eof()
        self._advance()

    def give_up(self) -> RefusedError:
        """The refusal, with what is here of its body. Only while the handshake `waits_for_body`."""
        assert self._head is not None  # see above
        return _refused(self._head, bytes(self._stream.buffer))

    def _advance(self) -> Headers | None:
        try:
            next(self._parsing)
        except StopIteration as complete:
            return self._checked(complete.value)
        except Exception as error:
            # Whatever the parser says of these bytes, it has no family of its own for that.
            if self._head is not None:
                raise self.give_up() from error
            if isinstance(error, EOFError) and self._stream.eof:
                raise ConnectionResetError("the server ended the connection during the handshake") from error
            raise _out_of_order(error) from error
        return None

    def _checked(self, answer: Answer) -> Headers:
        if answer.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            raise _refused(answer, bytes(answer.body))
        if not self._status_line.startswith(b"HTTP/1.1 "):  # there is no Upgrade in 1.0 (RFC 9110, section 7.8)
            raise _out_of_order("a 101 is an answer of HTTP/1.1, not of HTTP/1.0", answer)
        try:
            self._checks.process_response(answer)
        except InvalidHandshake as error:
            raise _out_of_order(error, answer) from error
        return answer.headers

    def _read(self) -> Generator[None, None, Answer]:
        stream = self._stream
        answer = yield from self._read_head()
        while HTTPStatus.OK > answer.status_code != HTTPStatus.SWITCHING_PROTOCOLS:  # RFC 9110, section 15.2
            answer = yield from self._read_head()
        if answer.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            self._head = answer
            answer.body = yield from read_body(
                answer.status_code, answer.headers, stream.read_line, stream.read_exact, stream.read_to_eof
            )
        return answer

    def _read_head(self) -> Generator[None, None, Answer]:
        # Read as that of a proxy: then the parser stops where the body begins. It takes HTTP/1.0 then, too.
        stream = self._stream
        self._status_line = b""
        return Answer.parse(self._read_line, stream.read_exact, stream.read_to_eof, proxy=True)

    def _read_line(self, limit: int, error: type[Exception]) -> Generator[None, None, bytes | bytearray]:
        line = yield from self._stream.read_line(limit, error)
        self._status_line = self._status_line or line
        return line


def _refused(answer: Answer, body: bytes) -> RefusedError:
    status = answer.status_code
    says = f"{status} {responses.get(status, answer.reason_phrase)}"
    return RefusedError(f"expected status 101, the server answered {says}", status, answer.headers, body)


def _out_of_order(problem: object, answer: Answer | None = None) -> RefusedError:
    status = None if answer is None else answer.status_code
    headers = Headers() if answer is None else answer.headers
    return RefusedError(f"the server's handshake is not in order: {problem}", status, headers, b"")

"""`HeadReader`: reads the head of a client's request. The parsing is `websockets`'."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from websockets.exceptions import SecurityError
from websockets.http11 import Request as RequestHead

from . import Response
from ._answers import plain

METHODS: Final = ("GET", "HEAD")  # what `decide` is asked about

_NO_REQUEST: Final = plain(400, "this is no HTTP/1.1 request that is understood here")
_TOO_LARGE: Final = plain(431, "the head of this request is too large")
_OTHER_METHOD: Final = plain(405, "only GET and HEAD are answered here", (("Allow", ", ".join(METHODS)),))


class HeadReader:
    """Reads the request line and headers of one request, cut as they happen to arrive.

    `feed` it bytes until it has an answer: the head, or a `Response` that says what is wrong with it. What has come
    behind the head is in `rest`; it belongs to the session that may open.
    """

    __slots__ = ("_fed", "_max_size", "_parsing", "_read")

    def __init__(self, max_size: int) -> None:
        self._max_size = max_size
        self._fed = bytearray()
        self._read = 0  # how much of it
        self._parsing = RequestHead.parse(self._read_line)

    def _read_line(self, _: int, too_long: type[Exception]) -> Generator[None, None, bytearray]:
        """One budget for the whole head instead of one for each line."""
        start = seen = self._read
        while not (end := self._fed.find(b"\n", seen) + 1):
            seen = len(self._fed)
            if seen - start > self._max_size:
                raise too_long
            yield
        self._read = end
        return self._fed[start:end]

    def feed(self, data: bytes | bytearray) -> RequestHead | Response | None:
        """The head, or the answer to something else; None while it is not complete. Not to be called after that."""
        self._fed += data
        try:
            next(self._parsing)
        except StopIteration as complete:
            head: RequestHead = complete.value
            return _TOO_LARGE if self._read > self._max_size else _checked(head)
        except SecurityError:  # a line that is too long, too many headers
            return _TOO_LARGE
        except (ValueError, EOFError, NotImplementedError):  # not ASCII, not HTTP, bare line feeds; a body
            return _NO_REQUEST
        return _TOO_LARGE if len(self._fed) > self._max_size else None

    @property
    def has_begun(self) -> bool:
        """Whether a byte has come."""
        return bool(self._fed)

    @property
    def rest(self) -> bytes:
        """What has come behind the head."""
        return bytes(self._fed[self._read :])


def _checked(head: RequestHead) -> RequestHead | Response:
    if head.method not in METHODS:
        return _OTHER_METHOD
    return head if head.protocol == "HTTP/1.1" else _NO_REQUEST

"""The bytes of a server's answers to a request. Nobody here writes HTTP by hand: `websockets` serializes."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from http.client import responses
from time import time
from typing import Final

from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake
from websockets.http11 import Response as Answer
from websockets.utils import accept_key

from . import Response, Upgrade

_OURS: Final = {"connection", "content-length", "transfer-encoding", "date"}

_log: Final = logging.getLogger("flowws.websocket")


def plain(status: int, words: str, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """An answer in words."""
    return Response(status, (("Content-Type", "text/plain; charset=utf-8"), *headers), f"{words}\n".encode())


FAILED: Final = plain(500, "something went wrong here")
NOT_BY_GET: Final = plain(405, "a session is opened by GET", (("Allow", "GET"),))
"""For an `Upgrade` where the request was another one than GET (RFC 6455, section 4.1)."""


def response_bytes(response: Response, method: str = "GET") -> bytes:
    """An answer that opens no session; the connection ends after it.

    One that cannot be written, such as a header with a line break in it, becomes a 500 and is logged: it must not
    end more than its own connection.
    """
    try:
        return _serialized(response, method)
    except (ValueError, InvalidHandshake):  # text that is no Latin-1; what `Headers` refuses
        _log.exception("an answer with status %r cannot be written", response.status)
        return _serialized(FAILED, method)


def upgrade_bytes(upgrade: Upgrade, key: str) -> bytes | None:
    """The 101 for a request with this ``Sec-WebSocket-Key``. None where it cannot be written, which is logged."""
    try:
        shared = _welcome(tuple(map(tuple, upgrade.headers)), int(time()))
        return shared + f"Sec-WebSocket-Accept: {accept_key(key)}\r\n\r\n".encode()
    except (ValueError, InvalidHandshake):  # as above
        _log.exception("the headers of an upgrade cannot be written")
        return None


@lru_cache(maxsize=8)
def _welcome(extra: tuple[tuple[str, str], ...], second: int) -> bytes:
    """What the 101s of this second have in common, up to their last header: benchmarks/bench_session.py, `connect`."""
    headers = _headers((("Upgrade", "websocket"), ("Connection", "Upgrade"), *extra), second)
    return Answer(101, HTTPStatus.SWITCHING_PROTOCOLS.phrase, headers).serialize().removesuffix(b"\r\n")


def _serialized(response: Response, method: str) -> bytes:
    ours = ((name, value) for name, value in response.headers if name.lower() not in _OURS)
    headers = _headers(ours, int(time()))
    headers["Connection"] = "close"
    body = b""
    if _may_have_body(response.status):
        headers["Content-Length"] = str(len(response.body))
        body = response.body if method != "HEAD" else b""
    return Answer(response.status, responses.get(response.status, ""), headers, body).serialize()


def _headers(pairs: Iterable[tuple[str, str]], second: int) -> Headers:
    headers = Headers()
    headers["Date"] = _date(second)  # RFC 9110, section 6.6.1
    for name, value in pairs:
        headers[name] = value
    return headers


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


def _may_have_body(status: int) -> bool:
    """RFC 9110, section 6.4.1."""
    return status >= HTTPStatus.OK and status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)

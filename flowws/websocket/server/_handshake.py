"""`Handshake`: what a request asks for, and whether it asks properly."""

from __future__ import annotations

import re
from typing import Final

from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake, InvalidHeaderValue, InvalidOrigin
from websockets.headers import parse_subprotocol
from websockets.http11 import Request as UpgradeRequest
from websockets.server import ServerProtocol

from ..engines import Request, Response
from ._call import path_of
from ._origins import Origins
from ._pages import Pages, text
from ._route import Match, RouteTable, choose

# What most clients that are no browsers say, to the letter. benchmarks/bench_session.py, `connect`.
_AS_USUAL: Final[tuple[tuple[str, list[str]], ...]] = (
    ("Upgrade", ["websocket"]),
    ("Connection", ["Upgrade"]),
    ("Sec-WebSocket-Version", ["13"]),
    ("Origin", []),
    ("Sec-WebSocket-Protocol", []),
)
_KEY: Final = re.compile("[A-Za-z0-9+/]{22}==")  # 16 bytes in base64


class Handshake:
    """Reads requests. It knows routes, pages and origins, and nothing of connections.

    ::

        another method     ->  405
        not one Host       ->  400 (RFC 9112, section 3.2)
        no Upgrade header  ->  a page, /healthz, or 404; 426 on the path of a session
        Upgrade: h2c       ->  the same but for the path of a session: nobody has to heed it (RFC 9110, section 7.8)
        Upgrade            ->  404 no such path, 403 a page of others, 426 another version, 400 anything else amiss
                           ->  the route
    """

    def __init__(self, routes: RouteTable, pages: Pages, origins: Origins) -> None:
        self._routes = routes
        self._pages = pages
        self._origins = origins
        self._reader = ServerProtocol()  # for all requests: it takes longer to make one than to have it read

    def examine(self, request: Request) -> Response | Match:
        """The route of a proper handshake, or the answer to anything else."""
        if request.method != "GET":
            return text(405, "this server answers GET alone", (("Allow", "GET"),))
        if len(request.headers.get_all("Host")) != 1 and not request.scope:  # a server below a framework has looked
            return text(400, "a request names one host")
        path = path_of(request.target)
        matches = self._routes.find(path)
        if not matches:
            return text(404) if _wants_session(request) else self._pages.get(path)
        if "Upgrade" not in request.headers:
            return _upgrade_required()
        if not _is_as_usual(request.headers) and (refusal := self._refusal(request)) is not None:
            return refusal
        return _accept(request, matches)

    def _refusal(self, request: Request) -> Response | None:
        """Why this is no proper handshake of a welcome client; None if it is one. The reading is `websockets`'."""
        try:
            self._reader.origins = self._origins.welcome(request.headers)
            self._reader.process_request(UpgradeRequest(request.target, request.headers))
        except InvalidOrigin:
            return text(403, "sessions are not opened for pages of this origin")
        except InvalidHeaderValue as error:
            if error.name == "Sec-WebSocket-Version":
                return text(426, "the version of this protocol is 13", (("Sec-WebSocket-Version", "13"),))
            return text(400, f"this is no WebSocket handshake: {_printable(error)}")
        except InvalidHandshake as error:
            return text(400, f"this is no WebSocket handshake: {_printable(error)}")
        return None


def _is_as_usual(headers: Headers) -> bool:
    """Whether this is a proper handshake at a glance. Of any other, `websockets` is to judge."""
    for name, lines in _AS_USUAL:
        if headers.get_all(name) != lines:
            return False
    keys = headers.get_all("Sec-WebSocket-Key")
    return len(keys) == 1 and _KEY.fullmatch(keys[0]) is not None


def _wants_session(request: Request) -> bool:
    return any("websocket" in line.lower() for line in request.headers.get_all("Upgrade"))


def _accept(request: Request, matches: list[Match]) -> Response | Match:
    offered = [name for line in request.headers.get_all("Sec-WebSocket-Protocol") for name in parse_subprotocol(line)]
    match = choose(matches, offered)
    if match is None:
        wanted = ", ".join(str(each.route.subprotocol) for each in matches)
        return text(400, f"a session here needs one of these subprotocols: {wanted}")
    return match


def _upgrade_required() -> Response:
    return text(426, "this is the address of a WebSocket", (("Upgrade", "websocket"),))


def _printable(error: Exception) -> str:
    return str(error).encode("ascii", "backslashreplace").decode()

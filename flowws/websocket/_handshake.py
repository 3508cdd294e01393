"""`Handshake`: the answer to every request: a session, a page, or why not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias
from urllib.parse import unquote

from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake, InvalidHeaderValue, InvalidOrigin
from websockets.headers import parse_subprotocol
from websockets.http11 import Request as UpgradeRequest
from websockets.server import ServerProtocol
from websockets.typing import Origin

from ._call import path_of
from ._pages import Pages, text
from ._router import Match, Router, choose
from .engines import Answer, Connection, Endpoint, Request, Response, Upgrade

Opener: TypeAlias = Callable[[Request, Match, Connection], Endpoint]
"""Makes the session of a request."""

ANY_ORIGIN: Final = "*"


class Handshake:
    """Answers requests. It knows routes, pages and origins, and nothing of connections.

    ::

        no Upgrade header  ->  a page, /healthz, or 404; 426 on the path of a session
        Upgrade            ->  404 no such path, 403 a page of others, 426 another version, 400 anything else amiss
                           ->  101
    """

    def __init__(self, router: Router, pages: Pages, origins: Iterable[str]) -> None:
        self._router = router
        self._pages = pages
        self._origins = [Origin(_checked(origin)) for origin in _listed(origins)]

    def answer(self, request: Request, open_session: Opener) -> Answer:
        """What to do about a request."""
        matches = self._router.find(path_of(request.target))
        if "Upgrade" not in request.headers:
            return _upgrade_required() if matches else self._pages.get(path_of(request.target))
        if not matches:
            return text(404)
        return self._refusal(request) or _accept(request, matches, open_session)

    def _refusal(self, request: Request) -> Response | None:
        """Why this is no proper handshake of a welcome client; None if it is one. The reading is `websockets`'."""
        try:
            ServerProtocol(origins=self._welcome(request.headers)).process_request(
                UpgradeRequest(request.target, request.headers)
            )
        except InvalidOrigin:
            return text(403, "sessions are not opened for pages of this origin")
        except InvalidHeaderValue as error:
            if error.name == "Sec-WebSocket-Version":
                return text(426, "the version of this protocol is 13", (("Sec-WebSocket-Version", "13"),))
            return text(400, f"this is no WebSocket handshake: {_printable(error)}")
        except InvalidHandshake as error:
            return text(400, f"this is no WebSocket handshake: {_printable(error)}")
        return None

    def _welcome(self, headers: Headers) -> list[Origin | None] | None:
        """Those who say no origin (they are no browsers), the pages of this server, and those who are on the list."""
        if ANY_ORIGIN in self._origins:
            return None
        hosts = headers.get_all("Host")[:1]
        same = [Origin(f"{scheme}://{host}") for host in hosts for scheme in ("http", "https")]
        return [None, *same, *self._origins]


def _accept(request: Request, matches: list[Match], open_session: Opener) -> Answer:
    offered = [name for line in request.headers.get_all("Sec-WebSocket-Protocol") for name in parse_subprotocol(line)]
    match = choose(matches, offered)
    if match is None:
        wanted = ", ".join(str(each.route.subprotocol) for each in matches)
        return text(400, f"a session here needs one of these subprotocols: {wanted}")
    chosen = match.route.subprotocol
    headers = () if chosen is None else (("Sec-WebSocket-Protocol", chosen),)
    return Upgrade(lambda connection: open_session(request, match, connection), headers)


def _upgrade_required() -> Response:
    return text(426, "this is the address of a WebSocket", (("Upgrade", "websocket"),))


def _printable(error: Exception) -> str:
    return str(error).encode("ascii", "backslashreplace").decode()


def _listed(origins: Iterable[str]) -> list[str]:
    if isinstance(origins, str):
        if origins != ANY_ORIGIN:
            raise TypeError(f"origins is a list, such as [{origins!r}], or '*' for any; not the text {origins!r}")
        return [origins]
    return list(origins)


def _checked(origin: str) -> str:
    scheme, separator, host = origin.partition("://")
    if origin != ANY_ORIGIN and (not separator or not scheme or not host or "/" in host or unquote(host) != host):
        raise ValueError(f"an origin is like 'https://example.org', without a path; not {origin!r}")
    return origin.lower()

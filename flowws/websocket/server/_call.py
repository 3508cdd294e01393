"""`Call`: what the opening request said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import SimpleNamespace
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, unquote

from websockets.datastructures import Headers

from ..engines import Tls
from ._kept_headers import KeptHeaders


class QueryParameters(dict[str, str]):
    """The parameters behind the ``?``: by name, and of a name that comes twice the last; `get_all` gives each.

    >>> QueryParameters("room=blue&tag=a&tag=b").get_all("tag")
    ['a', 'b']
    """

    def __init__(self, query: str) -> None:
        self._pairs = parse_qsl(query, keep_blank_values=True)
        super().__init__(self._pairs)

    def get_all(self, name: str) -> list[str]:
        """Every value of the name, in order."""
        return [value for key, value in self._pairs if key == name]


@dataclass(frozen=True, eq=False)
class Call:
    """The request that opened a session, seen from the server. Kotlin: `ApplicationCall`, as far as it is a request."""

    target: str
    """Path and query as they were sent."""
    headers: Headers
    """By name without regard to case; ``get_all(name)`` where one may come twice."""
    path_parameters: Mapping[str, Any]
    """What stood in the places of the route: a text for ``{room}``, a number for ``{id:int}``."""
    client_address: tuple[str, int] | None
    """Host and port of the client; None where there is none, as on a unix socket. Behind a proxy that is trusted
    (`TrustedProxies`) what that says, with the port 0 if it says none.
    """
    subprotocol: str | None
    """The subprotocol that was agreed on."""
    scheme: Literal["ws", "wss"]
    """Whether the client spoke TLS, with us or with a proxy that is trusted."""
    route: str = ""
    """The path of the route, with its places as they were written."""
    tls: Tls | None = None
    """What is known of the TLS that we speak; None without."""
    state: SimpleNamespace = field(default_factory=SimpleNamespace)
    """The server's ``app.state``."""
    asgi_scope: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The framework's scope, with its `state` and `user`, where the engine is ASGI; else empty."""
    attributes: dict[str, Any] = field(default_factory=dict[str, Any])
    """Yours: what middleware tells the handler. Kotlin: `attributes`."""

    def _keep(self) -> None:
        """A session has this call from now on."""
        object.__setattr__(self, "headers", KeptHeaders(self.headers))

    @cached_property
    def path(self) -> str:
        """The path, decoded."""
        return unquote(path_of(self.target))

    @cached_property
    def query_parameters(self) -> QueryParameters:
        """The parameters behind the ``?``, decoded."""
        return QueryParameters(self.target.partition("?")[2])

    @cached_property
    def cookies(self) -> Mapping[str, str]:
        """The cookies of the client, by name, read as browsers write them: one that is odd does not hide the others."""
        from starlette.requests import cookie_parser  # here: it takes its time to load

        return cookie_parser("; ".join(self.headers.get_all("Cookie")))


def printable(path: str) -> str:
    """The path for logs, reprs and names: escaped where it holds what does harm to a terminal or a file of lines."""
    return path if path.isprintable() else quote(path, errors="replace")


def path_of(target: str) -> str:
    """The path of a request, as it was sent. A proxy may send a whole URL (RFC 9112, section 3.2.2)."""
    path = target.partition("?")[0]
    if path.startswith("/") or "://" not in path:
        return path
    return "/" + path.partition("://")[2].partition("/")[2]

"""`Origins`: whose pages may open sessions (RFC 6455, section 10.2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote

from websockets.datastructures import Headers
from websockets.typing import Origin

ANY: Final = "*"

_PORTS: Final = {"http": ":80", "https": ":443"}


class Origins:
    """The origins that are welcome beside the server's own: a list, or ``"*"`` for any.

    Raises `TypeError` or `ValueError`, quoting it, for what is no origin.
    """

    def __init__(self, origins: Iterable[str]) -> None:
        if isinstance(origins, str):
            if origins != ANY:
                raise TypeError(f"origins is a list, such as [{origins!r}], or '*' for any; not the text {origins!r}")
            origins = [origins]
        self._origins = [Origin(_checked(origin)) for origin in origins]

    def welcome(self, headers: Headers) -> list[Origin | None] | None:
        """Those who say no origin (they are no browsers), the pages of this server, and those who are on the list.
        None: everybody, or none is said.
        """
        if ANY in self._origins or "Origin" not in headers:
            return None
        hosts = headers.get_all("Host")[:1]
        same = [Origin(_serialized(scheme, host)) for host in hosts for scheme in _PORTS]
        return [None, *same, *self._origins]


def _checked(origin: str) -> str:
    scheme, separator, host = origin.partition("://")
    if origin != ANY and (not separator or not scheme or not host or "/" in host or unquote(host) != host):
        raise ValueError(f"an origin is like 'https://example.org', without a path; not {origin!r}")
    return _serialized(scheme, host).lower() if separator else origin


def _serialized(scheme: str, host: str) -> str:
    """As browsers write it: without the port that goes without saying (RFC 6454, section 6.2)."""
    return f"{scheme}://{host.removesuffix(_PORTS.get(scheme.lower(), ''))}"

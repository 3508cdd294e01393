"""`Target`: the address of a session, taken apart."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, cast
from urllib.parse import urljoin, urlsplit

from websockets.exceptions import InvalidURI
from websockets.headers import build_host
from websockets.uri import WebSocketURI, parse_uri

_LIKE_OURS: Final = {"http": "ws", "https": "wss"}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a session leads: scheme, host, port, path and query. RFC 6455, section 3."""

    url: str
    """The address as it is asked for: ASCII only, without user and password."""
    uri: WebSocketURI = field(repr=False)
    """Its parts, as `websockets` reads them."""

    @property
    def user(self) -> tuple[str, str] | None:
        """User and password, if the address named them."""
        return self.uri.user_info

    def is_safe_from(self, other: Target) -> bool:
        """Whether what was meant for `other` may be told here: the same host and port, and no less secure."""
        here, there = self.uri, other.uri
        if here.host != there.host or (there.secure and not here.secure):
            return False
        return here.port == there.port or (here.secure and (there.port, here.port) == (80, 443))

    def to(self, location: str) -> Target:
        """Where a ``Location`` header leads from here; its ``http`` is ``ws``, its ``https`` is ``wss``, and a user in
        it counts for nothing. Raises `ValueError` where it leads to no session.
        """
        found = urlsplit(urljoin(self.url, location))
        scheme = _LIKE_OURS.get(found.scheme, found.scheme)
        there = target_of(found._replace(scheme=scheme, fragment="").geturl())
        return replace(there, uri=replace(there.uri, username=None, password=None))


def target_of(url: str, base: str | None = None) -> Target:
    """The target of an address; of a relative one, seen from `base`. Raises `ValueError` if it leads to no session."""
    if not isinstance(cast("object", url), str):
        raise TypeError(f"the address of a session is a text, not {url!r}")
    whole = url if base is None else urljoin(base, url)
    try:
        uri = parse_uri(whole)
        uri.host.encode("idna")  # else it is the look-up that fails, and not with an OSError
        printable = whole.isprintable() and " " not in whole
    except (InvalidURI, ValueError) as error:
        raise ValueError(
            f"the address of a session is like 'ws://host:port/path' or 'wss://...', not {without_user(url)!r}: "
            f"{_why(error)}"
        ) from None  # its text quotes the address, and with it a password
    if not printable:
        raise ValueError(f"the address of a session is percent-encoded, unlike {without_user(url)!r}")
    scheme = "wss" if uri.secure else "ws"
    return Target(f"{scheme}://{build_host(uri.host, uri.port, uri.secure)}{uri.resource_name}", uri)


def without_user(url: str) -> str:
    """An address for the eyes of everybody: user and password are not shown."""
    before, at, after = url.rpartition("@")
    return f"{before.partition('://')[0]}://...@{after}" if at else url


def _why(error: Exception) -> str:
    return error.msg if isinstance(error, InvalidURI) else "it cannot be read"

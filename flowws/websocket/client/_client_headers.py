"""The headers that a client adds to its handshake, checked at the door."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http.cookiejar import CookieJar
from typing import Final, TypeAlias, cast
from urllib.request import Request as HttpRequest

from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake
from websockets.headers import parse_subprotocol

from ._target import Target

HeadersLike: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]]
"""Headers by name, or pairs where a name may come twice."""

Cookies: TypeAlias = Mapping[str, str] | CookieJar
"""Cookies by name for this server, or a jar that knows what belongs where."""

_OURS: Final = {
    "connection",
    "upgrade",
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-extensions",
    "sec-websocket-protocol",
    "content-length",
    "transfer-encoding",
}
_FOR_ONE_HOST: Final = {"authorization", "cookie", "host", "proxy-authorization"}


def checked_headers(headers: HeadersLike) -> list[tuple[str, str]]:
    """The pairs. Raises `TypeError` or `ValueError` for what cannot be sent, or not by hand."""
    pairs = _pairs(headers)
    for name, value in pairs:
        if not _are_texts(name, value):
            raise TypeError(f"a header is a name and a text, not {name!r}: {value!r}")
        if name.lower() in _OURS:
            raise ValueError(f"{name!r} belongs to the handshake and cannot be set")
        if not _is_token(name):
            raise ValueError(f"{name!r} is no name of a header")
        if set("\r\n\0") & set(value) or max(value, default="") > "\xff":
            raise ValueError(f"the value of {name!r} must be one line of Latin-1, not {value!r}")
    return pairs


def together(defaults: Sequence[tuple[str, str]], own: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Both, but of a name that both have, only `own`."""
    named = {name.lower() for name, _ in own}
    return [*(pair for pair in defaults if pair[0].lower() not in named), *own]


def for_other_hosts(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """What may be told to another host than the one that the headers were given for."""
    return [pair for pair in headers if pair[0].lower() not in _FOR_ONE_HOST]


# Cookies: RFC 6265, section 5.4


def checked_cookies(cookies: Cookies) -> Cookies:
    """The cookies. Raises `TypeError` or `ValueError` for one that its header cannot carry."""
    if isinstance(cookies, CookieJar):
        return cookies
    if not isinstance(cast("object", cookies), Mapping):
        raise TypeError(f"cookies are a mapping or a CookieJar, not {cookies!r}")
    for name, value in cookies.items():
        if not _are_texts(name, value):
            raise TypeError(f"a cookie is a name and a text, not {name!r}: {value!r}")
        if not _is_token(name):
            raise ValueError(f"{name!r} is no name of a cookie")
        if set(';, "\\') & set(value) or not value.isascii() or (value and not value.isprintable()):
            raise ValueError(
                f"the value of the cookie {name!r} needs an encoding, such as urllib.parse.quote: {value!r}"
            )
    return dict(cookies)


def cookie_header(cookies: Cookies, target: Target) -> list[tuple[str, str]]:
    """The one header with the cookies that belong to this target; none if there are none."""
    if isinstance(cookies, CookieJar):
        # A jar knows http and https, of which ws and wss are the likes: a secure cookie goes over wss only.
        request = HttpRequest("http" + target.url.removeprefix("ws"))  # noqa: S310  # never opened
        cookies.add_cookie_header(request)
        line = request.get_header("Cookie")
    else:
        line = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return [("Cookie", line)] if line else []


# Subprotocols: RFC 6455, section 4.1


def checked_subprotocols(subprotocols: Sequence[str]) -> tuple[str, ...]:
    """The names. Raises `TypeError` or `ValueError` where they are no tokens, each another one."""
    if isinstance(subprotocols, str):
        raise TypeError(f"subprotocols is a list, such as [{subprotocols!r}], not the text {subprotocols!r}")
    if not isinstance(cast("object", subprotocols), Iterable):
        raise TypeError(f"subprotocols is a list of names, not {subprotocols!r}")
    names = tuple(subprotocols)
    if not all(map(_is_token, names)) or len(set(names)) < len(names):
        raise ValueError(f"subprotocols are single tokens, each another one, not {list(names)!r}")
    return names


def chosen_subprotocol(answer: Headers, offered: Sequence[str]) -> str | None:
    """What the server chose; None for nothing. Raises `ValueError` for what was not offered."""
    lines = answer.get_all("Sec-WebSocket-Protocol")
    chosen = [name for line in lines for name in (_parsed(line) or [line])]
    if not chosen:
        return None
    if len(chosen) > 1 or chosen[0] not in offered:
        raise ValueError(f"the server chose the subprotocol {', '.join(chosen)!r}, of {list(offered)!r} offered")
    return chosen[0]


def _parsed(line: str) -> list[str] | None:
    try:
        return [str(name) for name in parse_subprotocol(line)]
    except InvalidHandshake:
        return None


def _pairs(headers: HeadersLike) -> list[tuple[str, str]]:
    if isinstance(cast("object", headers), str):
        raise TypeError(f"headers are a mapping or pairs, not the text {headers!r}")
    if isinstance(headers, Headers):
        return list(headers.raw_items())
    if isinstance(headers, Mapping):
        return list(cast("Mapping[str, str]", headers).items())
    return [(name, value) for name, value in headers]


def _are_texts(*values: object) -> bool:
    return all(isinstance(value, str) for value in values)


def _is_token(name: str) -> bool:
    """RFC 9110, section 5.6.2."""
    return name.isascii() and name.isprintable() and bool(name) and not set(' "(),/:;<=>?@[\\]{}') & set(name)

"""`Plan`: the options of one connection, checked."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from ssl import SSLContext
from typing import Any, Final

from websockets.headers import build_authorization_basic

from flowws._core import to_seconds

from ._auth import Auth
from ._client_headers import (
    Cookies,
    checked_cookies,
    checked_headers,
    checked_subprotocols,
    cookie_header,
    for_other_hosts,
    together,
)
from ._connect_options import ConnectOptions
from ._proxy import FindProxy, find_proxy
from ._target import Target, target_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where a connection leads, and how: `ConnectOptions` of the client and of the call together."""

    target: Target
    headers: list[tuple[str, str]]
    cookies: Cookies
    subprotocols: tuple[str, ...] = ()
    auth: Auth | None = None
    ssl: SSLContext | None = None
    server_hostname: str | None = None
    proxy: FindProxy | None = None
    proxy_ssl: SSLContext | None = None
    uds: str | None = None
    max_redirects: int = 5
    open_timeout: float | None = 10.0

    def __post_init__(self) -> None:
        named = {name.lower() for name, _ in self.headers}
        if "cookie" in named and self.cookies:
            raise ValueError("there is a header 'Cookie' beside the option cookies: one of them has to go")
        if "authorization" in named and self.target.user is not None:
            raise ValueError("there is a header 'Authorization' beside the user in the address: one of them has to go")
        if self.uds is not None and self.proxy is not None:
            raise ValueError(f"a unix socket is reached without a proxy: uds={self.uds!r}")

    def headers_for(self, target: Target, credentials: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """What is sent to a target: all of it to the first one, and what is no secret to others."""
        if target.is_safe_from(self.target):
            user = self.target.user
            basic = [] if user is None else [("Authorization", build_authorization_basic(*user))]
            pairs = [*together([*basic, *self.headers], credentials), *cookie_header(self.cookies, target)]
        else:
            pairs = for_other_hosts(self.headers)
            if not isinstance(self.cookies, dict):  # a jar knows what is whose
                pairs += cookie_header(self.cookies, target)
        return pairs


def plan_for(url: str, base: str | None, defaults: ConnectOptions, own: ConnectOptions) -> Plan:
    """What a call asks for. Raises `TypeError` and `ValueError`, quoting what makes no sense."""
    options: Mapping[str, Any] = {**defaults, **own}
    return Plan(
        target=target_of(url, base),
        headers=together(checked_headers(defaults.get("headers", ())), checked_headers(own.get("headers", ()))),
        cookies=_together(checked_cookies(defaults.get("cookies", {})), checked_cookies(own.get("cookies", {}))),
        **{name: _checked(name, value) for name, value in options.items() if name not in ("headers", "cookies")},
    )


def _together(defaults: Cookies, own: Cookies) -> Cookies:
    if isinstance(defaults, dict) and isinstance(own, dict):
        return {**defaults, **own}
    # A jar that is empty now may have cookies when they are asked for: `auth` may fetch them.
    if own == {}:
        return defaults
    if defaults == {}:
        return own
    raise ValueError("a jar of cookies cannot be put together with other cookies")


def _checked(name: str, value: Any) -> Any:
    if name not in _CHECKS:
        known = ", ".join(ConnectOptions.__annotations__)
        raise TypeError(f"{name!r} is no option of a connection; there are {known}")
    return _CHECKS[name](name, value)


def _subprotocols(_: str, value: Any) -> tuple[str, ...]:
    return checked_subprotocols(value)


def _function(name: str, value: object) -> object:
    if not callable(value):
        raise TypeError(f"{name} is a function that gives headers, not {value!r}")
    return value


def _context(name: str, value: object) -> SSLContext:
    if not isinstance(value, SSLContext):
        raise TypeError(f"{name} is an ssl.SSLContext, not {value!r}")
    return value


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} is a text, not {value!r}")
    return value


def _proxy(_: str, value: Any) -> FindProxy:
    return find_proxy(value)


def _path(name: str, value: Any) -> str:
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"{name} is a path, not {value!r}")
    return os.fspath(value)


def _count(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} is a number, not {value!r}")
    if value < 0:
        raise ValueError(f"{name} is zero or more, not {value!r}")
    return value


def _limit(name: str, value: Any) -> float:
    seconds = to_seconds(value, name)
    if not isfinite(seconds) or seconds <= 0:
        raise ValueError(f"{name} must be more than zero, not {value!r}")
    return seconds


def _or_none(check: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    return lambda name, value: None if value is None else check(name, value)


_CHECKS: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "subprotocols": _subprotocols,
    "auth": _or_none(_function),
    "ssl": _or_none(_context),
    "server_hostname": _or_none(_text),
    "proxy": _or_none(_proxy),
    "proxy_ssl": _or_none(_context),
    "uds": _or_none(_path),
    "max_redirects": _count,
    "open_timeout": _or_none(_limit),
}

"""`ConnectOptions`: what may be said about one connection of a client."""

from __future__ import annotations

import os
from collections.abc import Sequence
from ssl import SSLContext
from typing import TypedDict

from flowws._core import Duration

from ._auth import Auth
from ._client_headers import Cookies, HeadersLike


class ConnectOptions(TypedDict, total=False):
    """The keyword arguments of `WebSocketClient`'s methods, and of the client itself, where they are defaults.

    Headers and cookies of a call are added to the client's, and replace those of the same name. Any other option of a
    call replaces that of the client.
    """

    headers: HeadersLike
    """Sent with the handshake: a mapping, or pairs where a name may come twice."""
    cookies: Cookies
    """Sent as the ``Cookie`` header: by name, or a `http.cookiejar.CookieJar`, of which those are sent that belong to
    the address; the jar's secure ones only over ``wss``.
    """
    subprotocols: Sequence[str]
    """What is offered, the best first. The server chooses one, or none: `session.subprotocol`."""
    auth: Auth | None
    """Gives the headers that prove who we are: ``await auth(None)`` before the handshake, and after a 401 once more,
    ``await auth(error)``, for another attempt. None from it: nothing to add, or give up.
    """
    ssl: SSLContext | None
    """For ``wss``; None is the system's trust store."""
    server_hostname: str | None
    """Whose certificate is expected; None: the address's host."""
    proxy: str | None
    """``"http://host:port"``, ``"https://..."``, ``"socks5h://..."`` (the proxy looks names up), ``"socks5://..."`` (we
    do), ``"socks4a://..."``, ``"socks4://..."``, each perhaps with ``user:password@``; ``"environment"`` for what the
    environment or the system says; None for no proxy.
    """
    proxy_ssl: SSLContext | None
    """For a proxy with ``https``; None is the system's trust store."""
    uds: str | os.PathLike[str] | None
    """The path of a unix socket to connect to, instead of the address's host and port."""
    max_redirects: int
    """How many redirects are followed, 5 by default. Never from ``wss`` to ``ws``; credentials, cookies and `auth`
    stay with the host that they are for.
    """
    open_timeout: Duration | None
    """Seconds until the session must be open, all in all: names, proxies, TLS, redirects. 10 by default; None: no
    limit.
    """

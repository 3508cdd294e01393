"""`Proxy`: the way to a server that leads through another one."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

import anyio
from anyio.abc import ByteStream
from websockets.exceptions import InvalidHandshake, InvalidProxy
from websockets.http11 import Response
from websockets.proxy import Proxy as ProxyParts
from websockets.proxy import get_proxy, parse_proxy, prepare_connect_request
from websockets.streams import StreamReader

from .._errors import ProxyError
from ._target import Target, without_user

ENVIRONMENT: Final = "environment"

SOCKS_PORT: Final = 1080

_LOOKS_NAMES_UP: Final = {"socks5h", "socks4a"}


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where a proxy is, and what it speaks."""

    address: str
    """For people: without user and password."""
    parts: ProxyParts = field(repr=False)
    """As `websockets` reads them."""

    @property
    def is_secure(self) -> bool:
        """Whether TLS is spoken to the proxy itself."""
        return self.parts.scheme == "https"

    async def ask(self, line: ByteStream, target: Target) -> None:
        """Have the proxy connect this line to the target. Raises `ProxyError` where it does not."""
        try:
            if self.parts.scheme.startswith("socks"):
                await self._ask_socks(line, target)
            else:
                await self._ask_http(line, target)
        except (anyio.EndOfStream, anyio.BrokenResourceError, BrokenPipeError, ConnectionResetError) as error:
            raise ProxyError(self.address, "it ended the connection") from error

    async def _ask_http(self, line: ByteStream, target: Target) -> None:
        """RFC 9110, section 9.3.6."""
        await line.send(prepare_connect_request(self.parts, target.uri))
        reader = StreamReader()
        answer = Response.parse(reader.read_line, reader.read_exact, reader.read_to_eof, proxy=True)
        try:
            response = await _read(answer, reader, line)
        except (ValueError, LookupError, EOFError, InvalidHandshake) as error:
            raise ProxyError(self.address, f"its answer is no HTTP: {error}") from error
        if not 200 <= response.status_code < 300:
            status = response.status_code
            raise ProxyError(self.address, f"it answered {status} {response.reason_phrase}", status=status)
        if reader.buffer:
            raise ProxyError(self.address, "the server spoke before it was asked")

    async def _ask_socks(self, line: ByteStream, target: Target) -> None:
        """RFC 1928, RFC 1929. The words are python-socks'."""
        from python_socks import ProxyError as SocksError
        from python_socks import ProxyType
        from python_socks.async_.anyio import Proxy as SocksProxy

        class Ready(SocksProxy):
            """The proxy in front of the proxy, as far as `SocksProxy` knows: it gives the line that is there."""

            async def connect(self, *_: Any, **__: Any) -> Any:
                return line

        at, kind = self.parts, ProxyType.SOCKS5 if self.parts.scheme.startswith("socks5") else ProxyType.SOCKS4
        ready = Ready(kind, at.host, at.port)
        socks = SocksProxy(kind, at.host, at.port, at.username, at.password, at.scheme in _LOOKS_NAMES_UP, ready)
        try:
            await socks.connect(target.uri.host, target.uri.port, timeout=inf)
        except SocksError as error:
            raise ProxyError(self.address, f"it answered: {error}") from error


async def _read(answer: Generator[None, None, Response], reader: StreamReader, line: ByteStream) -> Response:
    while True:
        try:
            next(answer)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # of the generator
        reader.feed_data(await line.receive())


FindProxy: TypeAlias = Callable[[Target], Proxy | None]
"""Which proxy leads to a target; None where none is needed."""


def find_proxy(url: str) -> FindProxy:
    """What finds the proxy that the option `proxy` names. Raises `ValueError` if it names none."""
    if not isinstance(url, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # what is typed may still be wrong
        raise TypeError(f"proxy is an address, or {ENVIRONMENT!r}, not {url!r}")
    if url == ENVIRONMENT:
        return _of_the_environment
    proxy = _proxy_at(url)
    return lambda _: proxy


def _of_the_environment(target: Target) -> Proxy | None:
    url = get_proxy(target.uri)
    return None if url is None else _proxy_at(url)


def _proxy_at(url: str) -> Proxy:
    shown = without_user(url)
    try:
        parts = parse_proxy(url)
        parts.host.encode("idna")  # as for a `Target`
        if parts.scheme.startswith("socks") and urlsplit(url).port is None:
            parts.port = SOCKS_PORT  # websockets' is that of HTTP
    except (InvalidProxy, ValueError) as error:
        why = error.msg if isinstance(error, InvalidProxy) else "it cannot be read"
        raise ValueError(f"a proxy is like 'http://host:port' or 'socks5h://host:port', not {shown!r}: {why}") from None
    return Proxy(shown, parts)

"""`Address`: where a Redis server is, and who we are there."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from anyio import connect_tcp
from anyio.abc import ByteStream

from ._unix_stream import connect_unix

_PASSWORD: Final = re.compile(r"^((?:[^:/@]*://)?[^:@]*:).*@", re.DOTALL)
_EXAMPLES: Final = "redis://[user:password@]host[:port][/db], rediss://... or unix:///path/to/socket[?db=0]"


def without_password(url: str) -> str:
    """The address as it may be shown.

    >>> without_password("redis://ada:secret@example.org/1")
    'redis://ada:***@example.org/1'
    """
    return _PASSWORD.sub(r"\1***@", url)


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """Where a server is, who we are there, and which of its databases is meant."""

    url: str
    """As it may be shown."""
    host: str
    """Empty: a unix socket."""
    port: int
    path: str
    db: int = 0
    username: str | None = None
    password: str | None = None
    ssl_context: ssl.SSLContext | None = None

    @classmethod
    def parse(cls, url: str, username: str | None, password: str | None, ssl_context: ssl.SSLContext | None) -> Address:
        """What a URL says. Raises `ValueError`, quoting the URL without its password, for what is none."""
        if not isinstance(url, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
            raise TypeError(f"the address of a broker must be a string, not {url!r}")
        try:
            return cls._parse(url, username, password, ssl_context)
        except ValueError as problem:
            raise ValueError(f"{without_password(url)!r} is no address of a broker: {problem}") from None

    @classmethod
    def _parse(
        cls, url: str, username: str | None, password: str | None, ssl_context: ssl.SSLContext | None
    ) -> Address:
        parts = urlsplit(url)
        if parts.scheme not in ("redis", "rediss", "unix"):
            raise ValueError(f"it should be like {_EXAMPLES}")
        if parts.fragment:
            raise ValueError("nothing may follow a '#'")
        is_unix = parts.scheme == "unix"
        if is_unix and (parts.hostname or not parts.path.strip("/")):
            raise ValueError("the path of the socket must follow three slashes, as in unix:///run/redis.sock")
        if not is_unix and not parts.hostname:
            raise ValueError("it names no host")
        asked = parse_qs(parts.query, keep_blank_values=True)
        if set(asked) - {"db"}:
            raise ValueError("the only option is 'db'")
        of_path = "" if is_unix else parts.path.strip("/")
        if of_path and asked:
            raise ValueError("it names the database twice")
        db = asked["db"][-1] if asked else of_path or "0"
        if re.fullmatch("[0-9]{1,5}", db, re.ASCII) is None:
            raise ValueError("the database must be a number")  # not quoted: it may be a piece of a password
        if ssl_context is not None and parts.scheme != "rediss":
            raise ValueError("an ssl_context asks for rediss://")
        if parts.scheme == "rediss" and ssl_context is None:
            ssl_context = ssl.create_default_context()
        try:
            port = parts.port or 6379
        except ValueError:
            raise ValueError("the port must be a number up to 65535") from None
        named, secret = parts.username, parts.password
        return cls(
            url=without_password(url),
            host="" if is_unix else unquote(parts.hostname or ""),
            port=port,
            path=unquote(parts.path) if is_unix else "",
            db=int(db),
            username=username if username is not None else unquote(named) if named else None,
            password=password if password is not None else unquote(secret) if secret else None,
            ssl_context=ssl_context,
        )

    async def connect(self) -> ByteStream:
        """A new connection, on which nothing has been said yet. Raises `OSError` and `ssl.SSLError`."""
        if not self.host:
            return await connect_unix(self.path)
        if self.ssl_context is None:
            return await connect_tcp(self.host, self.port)
        return await connect_tcp(
            self.host, self.port, tls=True, ssl_context=self.ssl_context, tls_standard_compatible=False
        )

    def __repr__(self) -> str:
        return f"<Address {self.url}>"

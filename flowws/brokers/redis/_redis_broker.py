"""`RedisBroker`: topics on a Redis server."""

from __future__ import annotations

import ssl
from typing import Final

import anyio

from flowws._core import Duration, to_seconds
from flowws.brokers._broker import Broker
from flowws.brokers._retention import Retention

from ._address import Address
from ._keeper import Keeper
from ._redis_topic import RedisTopic


class RedisBroker(Broker):
    """Topics on a Redis server of version 6.2 or later, or on what speaks like one: each is a stream.

    A server that cannot be reached is tried again and again (`status`), also when the block is entered. A wrong user or
    password raises `BrokerRefusedError` there, and later ends the broker.

    Args:
        url: ``redis://[user:password@]host[:port][/db]``, ``rediss://...`` with TLS, or ``unix:///path/to/socket``.
        prefix: what the names of all keys begin with, in braces.
        username: instead of that in the URL.
        password: likewise.
        ssl_context: for ``rediss://``; by default the certificates of the system are trusted, and the name is checked.
        timeout: after so many seconds without an answer the server counts as away.
        connect_timeout: after so many seconds an attempt to connect has failed.
        flush_timeout: for so many seconds leaving the block waits until everything is written.

    Raises `ValueError` for a bad URL, quoting it without its password, and for other bad arguments.

    Two connections serve all topics: one on which it is asked, and one on which it waits for news. With some hundred
    topics that are listened to at once, several brokers are quicker than one.

    The server has to allow: the commands for hashes, strings, streams and scripts, INFO, and CLIENT UNBLOCK. As it is
    only a log's own expiry that may remove something, `maxmemory-policy` should be ``noeviction``.
    """

    def __init__(
        self,
        url: str,
        *,
        prefix: str = "flowws",
        username: str | None = None,
        password: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        timeout: Duration = 5.0,
        connect_timeout: Duration = 5.0,
        flush_timeout: Duration = 5.0,
    ) -> None:
        super().__init__(flush_timeout=flush_timeout)
        if not isinstance(prefix, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
            raise TypeError(f"prefix must be a text, not {prefix!r}")
        if not prefix.isprintable() or set("{}") & set(prefix):
            raise ValueError(f"prefix must be a printable text without braces, not {prefix!r}")
        self._prefix: Final = prefix
        self._address: Final = Address.parse(url, username, password, ssl_context)
        self._keeper: Final = Keeper(
            self._address,
            _above_zero(timeout, "timeout"),
            _above_zero(connect_timeout, "connect_timeout"),
            on_connected=self._is_connected,
            on_reconnecting=self._is_reconnecting,
            on_failure=self._has_failed,
        )

    def topic(self, name: str, retention: Retention = Retention()) -> RedisTopic:  # noqa: B008  # it is frozen
        return RedisTopic(self._keeper, self._prefix, name, retention)

    async def _open(self) -> None:
        assert self._scope is not None  # the block is being entered
        tried = anyio.Event()
        self._scope.launch(self._keeper.run, tried, name=f"keeper of {self._address.url}")
        await tried.wait()
        self._keeper.check()

    async def _close(self) -> None:
        self._keeper.close()

    def __repr__(self) -> str:
        return f"<RedisBroker {self._address.url}>"


def _above_zero(duration: Duration, name: str) -> float:
    seconds = to_seconds(duration, name)
    if not seconds > 0:
        raise ValueError(f"{name} must be above 0 seconds, not {duration!r}")
    return seconds

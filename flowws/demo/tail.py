"""`follow`: a client that shows a feed until one side has enough."""

from __future__ import annotations

import signal
from typing import Any, Final, Protocol

from flowws import coroutine_scope
from flowws.feeds import FeedState, LiveFeed, Position, ReconnectPolicy
from flowws.websocket import PingTimeoutError, SessionClosedError, WebSocketClient

from .signals import stop_signal

_BY_DEFAULT: Final = ReconnectPolicy().is_fatal


class Lines(Protocol):
    """Where the news go."""

    def show(self, news: Any, at: Position | None) -> None:
        """Shows a `Snapshot`, an update, a `Gap` or `Reconnected`, behind which the feed is at this position."""

    def tell(self, state: FeedState) -> None:
        """Is told how the connection is doing."""


def feed_at(
    url: str, *, topic: str = "", wanted: str | list[Any] | None = None, reconnect: bool = True
) -> LiveFeed[Any]:
    """The feed at an address, under the filter that is `wanted`, with all that can be known of it.

    A connection that is lost comes back by itself, unless `reconnect` is off; but where there is none to begin with,
    the feed fails. Raises `ValueError` for what is no address of a feed, or no filter.
    """
    policy = ReconnectPolicy(is_fatal=_Patience(reconnect).is_worn_out_by)
    return WebSocketClient().feeds(url, policy=policy).subscribe(topic, filter=wanted, markers=True)


async def follow(feed: LiveFeed[Any], lines: Lines) -> signal.Signals | None:
    """Shows a feed until it ends; or until SIGINT or SIGTERM, and says which.

    After a signal the session is closed with 1001, as by a browser whose tab is closed. Raises what the feed does.
    """
    with stop_signal() as stop:
        async with coroutine_scope() as scope:

            async def end() -> None:
                await stop.wait()
                scope.cancel()

            scope.launch(end)
            feed.state.on_each(lines.tell).launch_in(scope)
            await feed.collect(lambda news: lines.show(news, feed.position))
            scope.cancel()
    return stop.signal


class _Patience:
    """What is fatal for who watches: that there is no server at all is worth knowing at once."""

    def __init__(self, reconnect: bool) -> None:
        self._reconnect = reconnect
        self._was_open = False

    def is_worn_out_by(self, cause: Exception) -> bool:
        self._was_open = self._was_open or isinstance(cause, SessionClosedError | PingTimeoutError)
        return not (self._was_open and self._reconnect) or _BY_DEFAULT(cause)

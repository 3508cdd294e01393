"""`FeedConnection`: several feeds of one server over one connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypeVar, Unpack, overload
from urllib.parse import parse_qsl, urlsplit

from flowws._core import Look, repr_html
from flowws.flows import StateFlow
from flowws.websocket import ChannelOverflow, Frame, JsonConverter, WebSockets

from .._position import Position
from .._snapshot import Snapshot
from ..filters import Filter, parse_filter
from ._feed_state import FeedState
from ._keeper import Keeper
from ._live_feed import LiveFeed
from ._markers import Gap, Reconnected
from ._reconnect_policy import ReconnectPolicy, checked

if TYPE_CHECKING:
    from flowws.websocket import ConnectOptions, WebSocketClient

T = TypeVar("T")

FilterLike: TypeAlias = Filter | str | list[Any] | None
"""A filter, its name, or what is sent of it; None is everything."""

_OF_THE_PROTOCOL: Final = ("subscribe", "filter", "after")


class FeedConnection:
    """Several feeds of one server over one connection: ``orders = connection.subscribe("orders", Order)``.

    The connection is there while somebody collects one of its feeds, and comes back by itself when it is lost. A slow
    collector slows all of them; whoever waits, in the loop over one feed, for another may wait for ever: give such
    feeds connections of their own.

    Made by `WebSocketClient.feeds`, with the arguments that stand there.
    """

    def __init__(
        self,
        client: WebSocketClient,
        url: str,
        *,
        policy: ReconnectPolicy | None = None,
        **options: Unpack[ConnectOptions],
    ) -> None:
        policy = checked(policy)
        client.websocket(url, **options)  # refuses what makes no sense
        _refuse_requests(url)
        _refuse_losses(client.config)
        own = client.config.content_converter
        self._converter = own if own is not None and own.is_applicable(Frame.Text("")) else JsonConverter()
        self._keeper: Final = Keeper(_without_user(url), lambda: client.websocket(url, **options), policy)

    @property
    def state(self) -> StateFlow[FeedState]:
        """How the connection is doing."""
        return self._keeper.state.as_state_flow()

    @overload
    def subscribe(
        self,
        topic: str,
        type: type[T],
        *,
        filter: FilterLike = None,
        after: Position | str | None = None,
        markers: Literal[False] = False,
    ) -> LiveFeed[T]: ...
    @overload
    def subscribe(
        self,
        topic: str,
        type: type[T],
        *,
        filter: FilterLike = None,
        after: Position | str | None = None,
        markers: Literal[True],
    ) -> LiveFeed[T | Snapshot[T] | Gap | Reconnected]: ...
    @overload
    def subscribe(
        self,
        topic: str,
        type: Any = Any,
        *,
        filter: FilterLike = None,
        after: Position | str | None = None,
        markers: bool = False,
    ) -> LiveFeed[Any]: ...
    def subscribe(
        self,
        topic: str,
        type: Any = Any,
        *,
        filter: FilterLike = None,
        after: Position | str | None = None,
        markers: bool = False,
    ) -> LiveFeed[Any]:
        """One of the feeds, as a flow. Nothing is asked of the server before somebody collects it.

        Args:
            topic: its name; ``""`` where the server has but one feed at this address.
            type: what its values are, and the items of its snapshot: a class, a union, a generic. Without it they are
                what JSON gives.
            filter: what is wanted of it: a `Filter`, the name of one, or what `Filter.to_json` gives. None: all.
            after: where to go on, instead of beginning with a snapshot: the `LiveFeed.position` of an earlier time.
            markers: whether there are also `Snapshot`, `Gap` and `Reconnected`; see `LiveFeed`.

        Raises `BadFilterError`, `ValueError` and `TypeError` for arguments that make no sense.
        """
        if not isinstance(topic, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
            raise TypeError(f"topic is a text, not {topic!r}")
        if isinstance(type, (str, list, Filter)):  # what a filter looks like
            raise TypeError(f"type says what the values are, and is not {type!r}: a filter is given as filter=")
        position = Position.parse(after) if isinstance(after, str) else after
        if not isinstance(position, Position | None):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
            raise TypeError(f"after is a Position, its text, or None, not {after!r}")
        return LiveFeed(
            self._keeper, self._converter, topic, type, parse_filter(filter), position, markers=bool(markers)
        )

    def _look(self) -> Look:
        state = self._keeper.state.value
        return Look("FeedConnection", self._keeper.url, state=state._state, tone=state._tone, values=state._details)

    _repr_html_ = repr_html

    def __repr__(self) -> str:
        return f"<FeedConnection {self._keeper.url} {self._keeper.state.value!r}>"


def _refuse_requests(url: str) -> None:
    """A server takes these for a subscription of its own making, whose updates nobody would look at."""
    for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        if name in _OF_THE_PROTOCOL:
            raise ValueError(f"{name}= in the address asks for a second subscription: say it to subscribe() instead")


def _refuse_losses(config: WebSockets) -> None:
    """What gave way in the queue of a session would be missing without a word."""
    policy = config.channels.incoming.on_overflow
    if policy not in (ChannelOverflow.SUSPEND, ChannelOverflow.CLOSE):
        raise ValueError(f"a feed loses nothing unsaid: its client cannot have channels(incoming=...) with {policy!r}")


def _without_user(url: str) -> str:
    """The address for everybody's eyes: user and password are not shown."""
    before, at, after = url.rpartition("@")
    return f"{before.partition('://')[0]}://...@{after}" if at else url

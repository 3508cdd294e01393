"""`LiveFeed`: a feed of a server as a flow that survives its connection."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any, Final, TypeVar, cast

import orjson

from flowws._core import Look, closing_itself
from flowws.flows import Flow, StateFlow
from flowws.websocket import ContentConverter, Frame

from .._position import Position
from .._protocol import Json
from .._snapshot import Snapshot
from ..filters import Filter, parse_filter
from ._feed_state import FeedState
from ._keeper import Keeper, Upkeep
from ._markers import Reconnected
from ._wire_subscription import Items, Missing, Progress, Update, WireSubscription

T_co = TypeVar("T_co", covariant=True)


class LiveFeed(Flow[T_co]):
    """A feed of a server, as a flow: ``async for person in client.feed("ws://127.0.0.1:8080/people", Person)``.

    Cold: each collection is a subscription of its own, which ends with it. When the connection is lost it comes back by
    itself, and the collection goes on behind the last value that was received: no value is lost without a `Gap`, and
    none comes twice. A slow collector slows the connection, and with it all that share it; what the server then does is
    its policy (`Lag`).

    The values are the items of the snapshot, one by one, and then each update. With ``markers=True`` a snapshot comes
    whole, as a `Snapshot`, and there are `Gap` and `Reconnected`, too. A feed that cannot be resumed begins again with
    a snapshot, if the server has one.

    Ends when the source of the feed has ended. Fails with `SubscriptionRefusedError` where the server does not serve
    what was asked for, with `SourceFailedError` where the source has failed, with `DeserializeError` where a value is
    not of the type that was asked for; and where the connection is lost for good, as the policy sees it, with
    `FeedClosedError` or with what kept it from being opened.

    Made by `WebSocketClient.feed` and `FeedConnection.subscribe`.
    """

    def __init__(
        self,
        keeper: Keeper,
        converter: ContentConverter,
        topic: str,
        kind: Any,
        wanted: Filter,
        after: Position | None,
        *,
        markers: bool,
    ) -> None:
        # Stored state
        self._keeper: Final = keeper
        self._converter: Final = converter
        self._topic: Final = topic
        self._kind: Final = kind
        self._filter = wanted
        self._after: Final = after
        self._markers: Final = markers
        self._position: Position | None = after
        self._collections: dict[WireSubscription, Upkeep] = {}

    @property
    def state(self) -> StateFlow[FeedState]:
        """How the connection is doing. Kept by all feeds that share it."""
        return self._keeper.state.as_state_flow()

    @property
    def position(self) -> Position | None:
        """Behind the last value that a collection has given out: ``after=`` for who wants to go on from there, in
        another program perhaps. Behind a snapshot once all of it was given out. What was asked for as `after` before
        the first; None: nothing yet.

        Ask where the values are dealt with. A value that waits in a `buffer` behind the feed has been given out, too.
        """
        return self._position

    async def set_filter(self, filter: Filter | str | list[Any] | None) -> None:
        """Ask for something else, without reconnecting: of the collections that are under way and of those to come.

        Returns once the server has agreed; where nobody collects, at once. What was on its way under the old filter
        comes before that; what follows is a snapshot, if the server has them, and then every later update exactly once.
        A connection that is lost in between makes no difference. Cancelling who waits does not take the wish back.

        Raises `BadFilterError` for what is no filter, and `SubscriptionRefusedError` where the server does not know
        it: then the old one stays in force.
        """
        wanted = parse_filter(filter)
        self._filter = wanted
        message = wanted.to_json()
        pending = [(each, upkeep.switch(each, message)) for each, upkeep in self._collections.items()]
        refusals = [(each, refusal) for each, switch in pending if (refusal := await switch.answer) is not None]
        if refusals:
            subscription, refusal = refusals[0]
            if self._filter is wanted:  # nobody has asked for yet another one since
                self._filter = parse_filter(subscription.filter)
            raise refusal

    def __aiter__(self) -> AsyncGenerator[T_co, None]:
        return closing_itself(self._collect())

    async def _collect(self) -> AsyncIterator[T_co]:
        subscription = WireSubscription(self._topic, self._filter.to_json(), self._after)
        upkeep = self._collections[subscription] = self._keeper.enter(subscription)
        try:
            async for news in subscription.news:
                subscription.taken()
                match news:
                    case Update(value, at):
                        read = self._read(value, self._kind)
                        self._position = at
                        yield read
                    case Items(items, at):
                        for item in self._begun_with(items, at):
                            yield item
                    case Progress(at):
                        self._position = at
                    case Missing(gap, at):
                        self._position = at or self._position
                        if self._markers:
                            yield cast("T_co", gap)  # which is what `markers` adds to the type
                    case Reconnected():
                        if self._markers:
                            yield cast("T_co", news)  # as above
        finally:
            del self._collections[subscription]
            await upkeep.leave(subscription)

    def _begun_with(self, items: list[Json], at: Position) -> Iterator[Any]:
        """What a snapshot gives."""
        read = items if self._kind is Any else self._read(items, _list_of(self._kind))
        values: list[Any] = [Snapshot(read)] if self._markers else read
        yield from values[:-1]
        self._position = at
        yield from values[-1:]

    def _read(self, value: Json, kind: Any) -> Any:
        """The value as a message of its own: so it is read by any converter."""
        return value if kind is Any else self._converter.deserialize(Frame.Text(orjson.dumps(value)), kind)

    def _look(self) -> Look:
        state = self._keeper.state.value
        return Look(
            "LiveFeed",
            f"{self._keeper.url} {self._topic}".strip(),
            state=state._state,
            tone=state._tone,
            facts={"collections": len(self._collections)},
            values={"filter": self._filter, "position": self._position} | state._details,
        )

    def __repr__(self) -> str:
        topic = f", {self._topic!r}" if self._topic else ""
        return f"feed({self._keeper.url!r}{topic})"


def _list_of(kind: Any) -> Any:
    return list[kind]

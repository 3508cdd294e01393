"""`Conversation`: what one client says, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

import orjson

from flowws.feeds._errors import BadFilterError, BadMessageError
from flowws.feeds._position import Position
from flowws.feeds._protocol import (
    ErrorMessage,
    Event,
    Subscribe,
    Switch,
    Unsubscribe,
    Unsubscribed,
    read_request,
    written,
)
from flowws.feeds.filters import Filter, parse_filter
from flowws.websocket import Frame, QueryParameters, WebSocketServerSession

from ._hub import Hub
from ._subscription import Subscription

MOST: Final = 64
"""Subscriptions of one session."""

MOST_PARTS: Final = 256
"""Parts of all filters of one session: each is asked about each update, and clients must not make that expensive."""

MOST_BYTES: Final = 64 * 1024
"""Of one message: to read a large one holds up everybody."""


class Conversation:
    """One client, from its first message to its last: an error in a message is answered, and ends nothing."""

    __slots__ = ("_hubs", "_session", "_subscriptions")

    def __init__(self, session: WebSocketServerSession, hubs: Mapping[str, Hub[Any]]) -> None:
        self._session = session
        self._hubs = hubs
        self._subscriptions: dict[int, Subscription] = {}

    async def run(self) -> None:
        """Listen until the session is over."""
        try:
            await self._hear_the_url()
            async for frame in self._session.incoming:
                await self._hear(frame)
        finally:
            subscriptions, self._subscriptions = self._subscriptions, {}  # which know this: no circle is left
            for each in subscriptions.values():
                each.leave()

    async def _hear_the_url(self) -> None:
        """For clients that only listen: a query says what to subscribe to, under the id 0."""
        _, _, query = self._session.call.target.partition("?")
        asked = QueryParameters(query)  # not the call's own, which would keep it for as long as the session lives
        if not asked.keys() & {"subscribe", "filter", "after"}:
            return
        after = asked.get("after")
        try:
            position = None if after is None else Position.parse(after)
        except ValueError as error:
            await self._say(ErrorMessage(str(error), "bad-position", 0))
            return
        await self._subscribe(Subscribe(asked.get("subscribe", ""), 0, _from_query(asked.get("filter")), position))

    async def _hear(self, frame: Frame) -> None:
        try:
            if not isinstance(frame, Frame.Text):
                raise BadMessageError("a message is text")
            if len(frame.data) > MOST_BYTES:
                raise BadMessageError(f"a message has at most {MOST_BYTES} bytes, not {len(frame.data)}")
            request = read_request(frame.data)
        except BadMessageError as error:
            await self._say(ErrorMessage(str(error), error.code, error.id))
            return
        match request:
            case Subscribe():
                await self._subscribe(request)
            case Switch():
                await self._switch(request)
            case Unsubscribe():
                await self._unsubscribe(request.id)

    async def _subscribe(self, asked: Subscribe) -> None:
        hub = self._hubs.get(asked.topic)
        if hub is None:
            await self._refuse("there is no such topic here", "unknown-topic", asked.id)
        elif asked.id in self._subscriptions:
            await self._refuse("there is a subscription with this id", "id-in-use", asked.id)
        elif len(self._subscriptions) >= MOST:
            await self._refuse(f"one connection has at most {MOST} subscriptions", "too-many", asked.id)
        elif (wanted := await self._filter(hub, asked.filter, asked.id)) is not None:
            subscription = Subscription(self._session, hub, asked.topic, asked.id, self._forget)
            self._subscriptions[asked.id] = subscription
            subscription.begin(wanted, asked.after)

    async def _switch(self, asked: Switch) -> None:
        subscription = self._subscriptions.get(asked.id)
        if subscription is None:
            await self._refuse("there is no subscription with this id", "unknown-id", asked.id)
        elif (wanted := await self._filter(subscription.hub, asked.filter, asked.id)) is not None:
            await subscription.switch(wanted)

    async def _unsubscribe(self, id: int) -> None:
        subscription = self._subscriptions.get(id)
        if subscription is None:
            await self._refuse("there is no subscription with this id", "unknown-id", id)
            return
        subscription.leave()
        self._forget(id)
        await self._say(Unsubscribed(id))

    async def _filter(self, hub: Hub[Any], said: Any, id: int) -> Filter | None:
        try:
            wanted = parse_filter(said, names=hub.feed.filters, fields=hub.feed.fields)
        except BadFilterError as error:
            await self._refuse(str(error), "bad-filter", id)
            return None
        others = sum(each.size for number, each in self._subscriptions.items() if number != id)
        if others + wanted.size > MOST_PARTS:
            await self._refuse(f"the filters of one connection have at most {MOST_PARTS} parts", "too-many", id)
            return None
        return wanted

    def _forget(self, id: int) -> None:
        self._subscriptions.pop(id, None)

    async def _refuse(self, problem: str, code: str, id: int) -> None:
        await self._say(ErrorMessage(problem, code, id))

    async def _say(self, event: Event) -> None:
        await self._session.send(Frame.Text(written(event)))


def _from_query(text: str | None) -> Any:
    """A filter in a URL: JSON, or simply the name of a predicate."""
    if text is None:
        return None
    try:
        said: Any = orjson.loads(text)
    except ValueError:
        return text
    is_filter = said is None or isinstance(said, (str, list))
    return cast("Any", said) if is_filter else text

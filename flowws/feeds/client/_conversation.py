"""`Conversation`: what this side says and hears over one session with a server of feeds."""

from __future__ import annotations

from itertools import count
from typing import Final

from flowws.channels import Channel
from flowws.websocket import Frame, WebSocketClientSession

from .._errors import BadMessageError, SubscriptionRefusedError
from .._protocol import (
    ErrorMessage,
    Event,
    Request,
    Subscribe,
    Switch,
    Unsubscribe,
    Unsubscribed,
    read_event,
    written,
)
from ._wire_subscription import WireSubscription


class Conversation:
    """One session, shared by subscriptions that the server knows by number.

    A number is the lowest that is free: clients that ask for the same under the same number are sent the same bytes.
    It is free again once the server has said that nothing of the old subscription follows.
    """

    def __init__(self, session: WebSocketClientSession, attempt: int) -> None:
        self._session: Final = session
        self._attempt: Final = attempt
        self._by_number: dict[int, WireSubscription | None] = {}  # None: given up, and the server is being told
        self._outbox: Final[Channel[bytes]] = Channel(Channel.UNLIMITED)
        self._is_a_feed = False  # something was understood

    # Saying: never waits, as whoever leaves a feed must not

    def subscribe(self, subscription: WireSubscription) -> None:
        """Ask for all that the subscription wants."""
        number = next(each for each in count(1) if each not in self._by_number)
        self._by_number[number] = subscription
        subscription.is_greeted = False
        self._say(Subscribe(subscription.topic, number, subscription.filter, subscription.position))
        for pending in subscription.switches:
            self._say(Switch(number, pending.filter))

    def switch(self, subscription: WireSubscription, wanted: object) -> None:
        """Ask for another filter."""
        number = self._number_of(subscription)
        if number is not None:
            self._say(Switch(number, wanted))

    def unsubscribe(self, subscription: WireSubscription) -> None:
        """Ask for nothing more."""
        number = self._number_of(subscription)
        if number is not None:
            self._by_number[number] = None
            self._say(Unsubscribe(number))

    def _number_of(self, subscription: WireSubscription) -> int | None:
        return next((number for number, each in self._by_number.items() if each is subscription), None)

    def _say(self, request: Request) -> None:
        self._outbox.try_send(written(request))

    # Hearing

    async def hold(self) -> None:
        """Pass on what the server says, until the session is over.

        Raises `BadMessageError` where it speaks another protocol, and `SubscriptionRefusedError` where it says so of
        this side.
        """
        if self._session.is_active:  # else there may be something to hear still
            self._session.launch(self._speak, name="the requests of a feed")
        async for frame in self._session.incoming:
            event = self._read(frame)
            heard_by = None if event is None else self._hear(event)
            if heard_by is not None:
                await heard_by.room()

    async def _speak(self) -> None:
        async for request in self._outbox:
            await self._session.send(Frame.Text(request))

    def _read(self, frame: Frame) -> Event | None:
        """The message; None for one that a later version may understand, but not as the first of all."""
        if not isinstance(frame, Frame.Text):
            raise BadMessageError(f"a feed speaks in texts, not like {frame!r}")
        event = read_event(frame.read_text())
        if event is None and not self._is_a_feed:
            raise BadMessageError(f"this is not how a feed begins: {frame!r}")
        self._is_a_feed = True
        return event

    def _hear(self, event: Event) -> WireSubscription | None:
        """Pass a message on; who it was for, if that was somebody who is still there."""
        number = event.id
        if number is None:
            assert isinstance(event, ErrorMessage)  # the others have one
            raise SubscriptionRefusedError(event.problem, event.code)
        subscription = self._by_number.get(number)
        if subscription is None:
            if isinstance(event, Unsubscribed) or (isinstance(event, ErrorMessage) and event.code == "unknown-id"):
                self._by_number.pop(number, None)
            return None
        if not (isinstance(event, ErrorMessage) and event.code == "unknown-id"):  # a request has crossed an end
            subscription.hear(event, self._attempt)
        if subscription.is_over:
            del self._by_number[number]
        return subscription

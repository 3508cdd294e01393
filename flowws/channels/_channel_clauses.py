"""What a `select` does with a channel."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from flowws._core import NOT_YET, Place, SelectClause, Waiter, check_handler

from ._channel_result import ChannelResult
from ._errors import ClosedReceiveChannelError
from ._queues import END, discard

if TYPE_CHECKING:
    from ._channel import Channel

R_co = TypeVar("R_co", covariant=True)


class SendClause(SelectClause[R_co]):
    """`channel.on_send(element, handler)`."""

    __slots__ = ("_element",)
    subject: Channel[Any]

    def __init__(self, channel: Channel[Any], element: object, handler: Callable[[Any], Any] | None) -> None:
        super().__init__(channel, handler, channel)
        self._element = element

    def new_waiter(self) -> Waiter[Any]:
        return self.subject._new_waiter()

    def poll(self) -> Any:
        return self.subject if self.subject._offer(self._element) else NOT_YET

    def park(self, place: Place) -> None:
        place.ticket = (place, self._element)
        self.subject._queue_of_senders().append(place.ticket)

    def leave(self, place: Place) -> None:
        self.subject._give_up(place.ticket)

    def conclude(self, value: object) -> Channel[Any]:
        return self.subject


class ReceiveClause(SelectClause[R_co]):
    """`channel.on_receive(handler)`."""

    __slots__ = ()
    subject: Channel[Any]

    def __init__(self, channel: Channel[Any], handler: Callable[[Any], Any] | None) -> None:
        if handler is not None:
            check_handler(handler)
        self.subject = self.counter = channel
        self.handler = handler

    def new_waiter(self) -> Waiter[Any]:
        return self.subject._new_waiter()

    def poll(self) -> Any:
        value = self.subject._poll()
        return self.conclude(END) if value is END else value

    def park(self, place: Place) -> None:
        self.subject._queue_of_receivers().append(place)

    def leave(self, place: Place) -> None:
        discard(self.subject._receivers, place)

    def conclude(self, value: Any) -> Any:
        if value is END:
            value = self.subject._look_again()
        if value is END:
            cause = self.subject._receive_error()
            raise ClosedReceiveChannelError("the channel is closed and drained") if cause is None else cause
        return value

    def give_back(self, value: Any) -> None:
        self.subject._give_back(value)


class ReceiveCatchingClause(ReceiveClause[R_co]):
    """`channel.on_receive_catching(handler)`."""

    __slots__ = ()

    def conclude(self, value: Any) -> ChannelResult[Any]:
        if value is END:
            value = self.subject._look_again()
        return ChannelResult.closed(self.subject._cause) if value is END else ChannelResult.success(value)

    def poll(self) -> Any:
        value = self.subject._poll()
        return value if value is NOT_YET else self.conclude(value)

"""`SendChannel`: the end that elements go into."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, TypeVar

from ._channel_result import ChannelResult

E_contra = TypeVar("E_contra", contravariant=True)


class SendChannel(ABC, Generic[E_contra]):
    """The sender's view of a channel. Kotlin: `SendChannel`."""

    __slots__ = ()

    @property
    @abstractmethod
    def is_closed_for_send(self) -> bool:
        """True from `close` or `cancel` on. Kotlin: `isClosedForSend`."""

    @abstractmethod
    async def send(self, element: E_contra) -> None:
        """Hand `element` over; wait where there is neither a receiver nor room.

        Raises the cause of the closing, or `ClosedSendChannelError`. A send that was waiting when the channel was
        closed still completes. When the sender is cancelled while it waits, the element goes to
        ``on_undelivered_element``.

        Kotlin: `SendChannel.send`.
        """

    @abstractmethod
    def try_send(self, element: E_contra) -> ChannelResult[None]:
        """Hand `element` over now or not at all. Never waits, never raises. Kotlin: `trySend`."""

    @abstractmethod
    def close(self, cause: BaseException | None = None) -> bool:
        """Nothing more will be sent. What is in the channel stays receivable; then `cause` is raised, or iteration just
        ends.

        True for the call that closed it. Kotlin: `SendChannel.close`.
        """

    @abstractmethod
    def invoke_on_close(self, handler: Callable[[BaseException | None], object]) -> None:
        """Call ``handler(cause)`` once, synchronously, when the channel is closed or cancelled; at once if it is.

        One handler only: a second one raises `IllegalStateError`. Kotlin: `invokeOnClose`.
        """

"""`SendChannel`: the end that elements go into."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

from flowws._core import SelectClause

from ._channel_result import ChannelResult

if TYPE_CHECKING:
    from ._threads import Bridgehead

E_contra = TypeVar("E_contra", contravariant=True)
R = TypeVar("R")


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

    @overload
    def on_send(self, element: E_contra, handler: None = None) -> SelectClause[Self]: ...
    @overload
    def on_send(self, element: E_contra, handler: Callable[[Self], Coroutine[Any, Any, R]]) -> SelectClause[R]: ...
    @overload
    def on_send(self, element: E_contra, handler: Callable[[Self], R]) -> SelectClause[R]: ...
    def on_send(self, element: E_contra, handler: Callable[[Any], Any] | None = None) -> SelectClause[Any]:
        """A clause for `select`: hand `element` over, then call ``handler(channel)``.

        A closed channel raises in the select. When another clause wins while the element waits here, the element goes
        to ``on_undelivered_element``.

        Kotlin: `onSend`.
        """
        return self._send_clause(element, handler)

    @abstractmethod
    def _send_clause(self, element: E_contra, handler: Callable[[Any], Any] | None) -> SelectClause[Any]: ...

    def send_from_thread(self, element: E_contra) -> None:
        """`send` for a plain thread, which is blocked until the element is taken.

        Fails as `send` does, and also, instead of waiting for ever, when the channel is closed while the thread waits,
        when its event loop has ended, or when the job that the thread works for is cancelled (it was started by
        ``anyio.to_thread.run_sync``). A loop that merely stands still is waited for.

        Raises `IllegalStateError` where an event loop runs, which must not be blocked.

        Kotlin: `runBlocking { send(element) }`.
        """
        from ._threads import send_from_thread

        send_from_thread(self._bridge(), element)

    def try_send_from_thread(self, element: E_contra) -> ChannelResult[None]:
        """`try_send` for a plain thread, which waits for the loop's answer, never for a receiver or for room.

        Raises `IllegalStateError` where an event loop runs: use `try_send` there.

        Kotlin: `trySend`, `trySendBlocking`.
        """
        from ._threads import try_send_from_thread

        return try_send_from_thread(self._bridge(), element)

    @abstractmethod
    def _bridge(self) -> Bridgehead[E_contra]:
        """The channel itself, as the bridge from threads sees it."""

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

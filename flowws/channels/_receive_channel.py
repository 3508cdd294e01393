"""`ReceiveChannel`: the end that elements come out of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from contextlib import asynccontextmanager, contextmanager
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, overload, runtime_checkable

from flowws._core import CancellationError, SelectClause

from ._channel_result import ChannelResult

if TYPE_CHECKING:
    from typing import Self

    from flowws.flows import Flow

E_co = TypeVar("E_co", covariant=True)
E_contra = TypeVar("E_contra", contravariant=True)
R = TypeVar("R")


@runtime_checkable
class _Appending(Protocol[E_contra]):
    def append(self, element: E_contra, /) -> object: ...


class _Adding(Protocol[E_contra]):
    def add(self, element: E_contra, /) -> object: ...


class ReceiveChannel(ABC, Generic[E_co]):
    """The receiver's view of a channel. Every element goes to exactly one of those who receive.

    ``async for element in channel`` ends quietly when the channel was closed without a cause and raises the cause
    otherwise; leaving the loop early neither closes nor cancels anything.

    Kotlin: `ReceiveChannel`.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def is_closed_for_receive(self) -> bool:
        """Closed, and nothing left to take. Kotlin: `isClosedForReceive`."""

    @property
    @abstractmethod
    def is_empty(self) -> bool:
        """Open, and nothing to take just now. Kotlin: `isEmpty`."""

    @abstractmethod
    async def receive(self) -> E_co:
        """The next element; wait for it. Raises the cause of the closing, or `ClosedReceiveChannelError`, once drained.

        Kotlin: `ReceiveChannel.receive`.
        """

    @abstractmethod
    async def receive_catching(self) -> ChannelResult[E_co]:
        """The next element, or that the channel is closed, as a result. Kotlin: `receiveCatching`."""

    @abstractmethod
    def try_receive(self) -> ChannelResult[E_co]:
        """The next element if there is one now. Never waits. Kotlin: `tryReceive`."""

    @overload
    def on_receive(self, handler: None = None) -> SelectClause[E_co]: ...
    @overload
    def on_receive(self, handler: Callable[[E_co], Coroutine[Any, Any, R]]) -> SelectClause[R]: ...
    @overload
    def on_receive(self, handler: Callable[[E_co], R]) -> SelectClause[R]: ...
    def on_receive(self, handler: Callable[[Any], Any] | None = None) -> SelectClause[Any]:
        """A clause for `select`: take the next element, then call ``handler(element)``.

        Once the channel is drained, its end raises in the select, as in `receive`.

        Kotlin: `onReceive`.
        """
        return self._receive_clause(handler)

    @overload
    def on_receive_catching(self, handler: None = None) -> SelectClause[ChannelResult[E_co]]: ...
    @overload
    def on_receive_catching(
        self, handler: Callable[[ChannelResult[E_co]], Coroutine[Any, Any, R]]
    ) -> SelectClause[R]: ...
    @overload
    def on_receive_catching(self, handler: Callable[[ChannelResult[E_co]], R]) -> SelectClause[R]: ...
    def on_receive_catching(self, handler: Callable[[Any], Any] | None = None) -> SelectClause[Any]:
        """As `on_receive`, but the handler gets a result, which may say that the channel is closed.

        Kotlin: `onReceiveCatching`.
        """
        return self._receive_catching_clause(handler)

    @abstractmethod
    def _receive_clause(self, handler: Callable[[Any], Any] | None) -> SelectClause[Any]: ...

    @abstractmethod
    def _receive_catching_clause(self, handler: Callable[[Any], Any] | None) -> SelectClause[Any]: ...

    @abstractmethod
    def cancel(self, cause: CancellationError | None = None) -> None:
        """Close from the receiving side and throw away what is inside.

        Waiting senders and receivers get `cause`. Kotlin: `ReceiveChannel.cancel`.
        """

    @abstractmethod
    async def __anext__(self) -> E_co: ...

    def __aiter__(self) -> Self:
        return self

    # Built from the above

    @contextmanager
    def consume(self) -> Generator[Self]:
        """``with channel.consume() as elements:`` cancels the channel when the block ends, with the block's failure as
        cause.

        Kotlin: `consume`.
        """
        try:
            yield self
        except BaseException as failure:
            self.cancel(_as_cancellation(failure))
            raise
        self.cancel()

    async def consume_each(self, action: Callable[[E_co], Awaitable[object] | object]) -> None:
        """Call `action`, sync or async, with every element, then cancel the channel. Kotlin: `consumeEach`."""
        with self.consume():
            async for element in self:
                done = action(element)
                if isawaitable(done):
                    await done

    @asynccontextmanager
    async def consuming(self) -> AsyncGenerator[Self]:
        """`consume` for those who think in ``async with``: ``async with channel.consuming() as elements:``."""
        with self.consume() as elements:
            yield elements

    async def consume_to(self, collection: _Appending[E_co] | _Adding[E_co]) -> None:
        """Put every element into a list, a deque, a set ... until the channel is closed.

        Raises the cause of the closing; what was received by then stays in the collection.

        Kotlin: `consumeTo`.
        """
        put = collection.append if isinstance(collection, _Appending) else collection.add
        with self.consume():
            async for element in self:
                put(element)

    async def to_list(self) -> list[E_co]:
        """Every element until the channel is closed. Raises the cause of the closing. Kotlin: `toList`."""
        with self.consume():
            return [element async for element in self]

    # The one knot between two floors: a channel is told of its flow, because `incoming.receive_as_flow()` is what
    # people type. The import waits for the call, when both floors stand.

    def receive_as_flow(self) -> Flow[E_co]:
        """A hot flow over this channel: collectors share the elements, and none of them closes the channel.

        Kotlin: `receiveAsFlow`.
        """
        from flowws.flows import receive_as_flow

        return receive_as_flow(self)

    def consume_as_flow(self) -> Flow[E_co]:
        """A flow that can be collected once; the channel is cancelled when that ends, for whatever reason.

        Kotlin: `consumeAsFlow`.
        """
        from flowws.flows import consume_as_flow

        return consume_as_flow(self)


def _as_cancellation(failure: BaseException) -> CancellationError:
    if isinstance(failure, CancellationError):
        return failure
    cancellation = CancellationError(f"the consumer of the channel failed: {failure!r}")
    cancellation.__cause__ = failure
    return cancellation

"""A channel seen as a flow: `receive_as_flow`, `consume_as_flow`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Generic, TypeVar

from flowws._core import Call, CancellationError, CoroutineScope, IllegalStateError, closing_itself
from flowws.channels import ReceiveChannel

from ._flow import Flow
from ._showing import ShownAs

T = TypeVar("T")


def receive_as_flow(channel: ReceiveChannel[T]) -> Flow[T]:
    """A hot flow over a channel: every element goes to exactly one of its collectors, who never close the channel.

    A cause with which the channel was closed is raised in every collection.

    Kotlin: `receiveAsFlow`.
    """
    return _ReceivingFlow(channel)


def consume_as_flow(channel: ReceiveChannel[T]) -> Flow[T]:
    """A flow over a channel that can be collected once; the channel is cancelled when that ends, for whatever reason.

    A second collection raises `IllegalStateError`.

    Kotlin: `consumeAsFlow`.
    """
    return _ConsumingFlow(channel)


class _ReceivingFlow(Flow[T]):
    __slots__ = ("_channel",)

    def __init__(self, channel: ReceiveChannel[T]) -> None:
        self._channel = channel

    def __aiter__(self) -> AsyncGenerator[T, None]:
        return closing_itself(_receive(self._channel))

    def _open(self) -> AsyncIterator[T]:
        return aiter(self._channel)

    def _produce_in(self, scope: CoroutineScope) -> ReceiveChannel[T]:
        return self._channel

    _is_hot = True

    @property
    def _shown_as(self) -> ShownAs:
        return None, (f"{self._channel!r}", Call("receive_as_flow"))


class _ConsumingFlow(Flow[T]):
    __slots__ = ("_channel", "_taken")

    def __init__(self, channel: ReceiveChannel[T]) -> None:
        self._channel = channel
        self._taken = False

    def __aiter__(self) -> AsyncGenerator[T, None]:
        return closing_itself(_consume(_Lease(self._take())))

    def _produce_in(self, scope: CoroutineScope) -> ReceiveChannel[T]:
        return self._take()

    def _take(self) -> ReceiveChannel[T]:
        if self._taken:
            raise IllegalStateError(f"{self!r} can be collected only once")
        self._taken = True
        return self._channel

    _is_hot = True

    @property
    def _shown_as(self) -> ShownAs:
        return None, (f"{self._channel!r}", Call("consume_as_flow"))


class _Lease(Generic[T]):
    """Cancels the channel also when the collection ends before its first step."""

    __slots__ = ("channel",)

    def __init__(self, channel: ReceiveChannel[T]) -> None:
        self.channel = channel

    def __del__(self) -> None:
        self.channel.cancel(CancellationError("the consumer of the channel has gone"))


async def _receive(channel: ReceiveChannel[T]) -> AsyncIterator[T]:
    async for element in channel:
        yield element


async def _consume(lease: _Lease[T]) -> AsyncIterator[T]:
    with lease.channel.consume() as elements:
        async for element in elements:
            yield element

"""A channel on trial: what the promises of `_channel_promises` have in hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol, TypeVar

from flowws._core import CancellationError, CoroutineScope, Job, yield_now
from flowws.channels import BufferOverflow, ChannelResult, ClosedReceiveChannelError, ClosedSendChannelError

E = TypeVar("E", bound=BaseException)


class ChannelLike(Protocol):
    """Both ends of a channel in one: what `check_channel` needs to see."""

    @property
    def is_closed_for_send(self) -> bool: ...
    @property
    def is_closed_for_receive(self) -> bool: ...
    @property
    def is_empty(self) -> bool: ...
    async def send(self, element: Any) -> None: ...
    def try_send(self, element: Any) -> ChannelResult[None]: ...
    def close(self, cause: BaseException | None = None) -> bool: ...
    def invoke_on_close(self, handler: Callable[[BaseException | None], object]) -> None: ...
    async def receive(self) -> Any: ...
    async def receive_catching(self) -> ChannelResult[Any]: ...
    def try_receive(self) -> ChannelResult[Any]: ...
    def cancel(self, cause: CancellationError | None = None) -> None: ...
    def __aiter__(self) -> AsyncIterator[Any]: ...


ChannelFactory = Callable[[Callable[[Any], object]], ChannelLike]
"""Makes a new, empty channel, given what to call with an element that will reach nobody."""


class Trial:
    """One channel on trial, with hands to use it from other tasks."""

    def __init__(self, make: ChannelFactory, room: float, overflow: BufferOverflow, scope: CoroutineScope) -> None:
        self.undelivered: list[Any] = []
        self.channel = make(self.undelivered.append)
        self.room = room
        self.overflow = overflow
        self.scope = scope
        self.log: list[Any] = []

    @property
    def some(self) -> list[int]:
        """As many elements as surely fit, three at most."""
        return list(range(int(min(self.room, 3))))

    async def fill(self) -> list[int]:
        for element in (elements := list(range(int(self.room)))):
            assert self.channel.try_send(element).is_success, f"there is no room for element {element}"
        return elements

    async def parked(self, main: Callable[..., Awaitable[object]], *args: Any) -> Job:
        """A job that runs ``main(*args)``, logs what comes of it, and has had time to park."""

        async def logging() -> None:
            try:
                self.log.append(await main(*args))
            except (CancellationError, ClosedSendChannelError, ClosedReceiveChannelError, CauseError) as error:
                self.log.append(error)

        job = self.scope.launch(logging)
        await settle()
        return job


class CauseError(Exception):
    """A cause that the checks close channels with."""


async def settle() -> None:
    """Let every task run until it waits: nothing here takes more than a few turns."""
    for _ in range(10):
        await yield_now()


async def raises(kind: type[E], main: Callable[[], Awaitable[object]]) -> E:
    try:
        await main()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was expected")

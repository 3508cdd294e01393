"""`Broker`: flows that several processes share."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeVar, overload

import anyio

from flowws._core import CoroutineScope, Duration, to_seconds
from flowws.channels import BufferOverflow
from flowws.flows import StateFlow

from ._brokered_shared_flow import BrokeredSharedFlow
from ._brokered_state_flow import BrokeredStateFlow
from ._codec import Codec, codec_for
from ._entry import Gap
from ._errors import BrokerError, BrokerUnavailableError
from ._ground import Ground
from ._retention import Retention
from ._status import BrokerStatus, Closed, Connected, Reconnecting
from ._topic import Topic

if TYPE_CHECKING:
    from types import TracebackType

T = TypeVar("T")

_log: Final = logging.getLogger("flowws.brokers")

PENDING: Final = 1024
"""So many values may wait to be written."""


class Broker(ABC):
    """Where flows live that several processes share: each topic is a log, in one order for everybody.

    ::

        async with RedisBroker("redis://localhost") as broker:
            prices = broker.shared_flow("prices", Price, replay=50)

    An async context manager, which is entered once. Flows may be made before that, and begin to work inside. At the end
    of the block what was emitted is written, for at most `flush_timeout`; what could not be written raises
    `BrokerUnavailableError` with its number or, if the block has failed already, is logged.

    A backend is a subclass with `topic`, `_open` and `_close`, which sets the status by `_is_connected` and
    `_is_reconnecting`.
    """

    def __init__(self, *, flush_timeout: Duration = 5.0) -> None:
        self._flush_timeout: Final = to_seconds(flush_timeout, "flush_timeout")
        self._ground: Final = Ground()
        self._scope: CoroutineScope | None = None

    @abstractmethod
    def topic(self, name: str, retention: Retention = Retention()) -> Topic:  # noqa: B008  # it is frozen
        """The log of a topic, as bytes."""

    async def _open(self) -> None:  # noqa: B027  # not every backend has something to open
        """The block is entered; `_scope` is there for jobs. Raises what makes it useless to go on."""

    async def _close(self) -> None:  # noqa: B027  # or to close
        """The block has been left, and every job of it has ended."""

    @property
    def status(self) -> StateFlow[BrokerStatus]:
        """How it is doing: `Connected`, `Reconnecting`, or `Closed` before the block and after it."""
        return self._ground.status.as_state_flow()

    # Flows

    @overload
    def shared_flow(
        self,
        name: str,
        type: type[T],
        converter: Codec | None = None,
        *,
        on_gap: Literal["deliver"],
        replay: int = 0,
        extra_buffer_capacity: int = 64,
        on_buffer_overflow: BufferOverflow = BufferOverflow.SUSPEND,
        retention: Retention = ...,
        pending: int = PENDING,
    ) -> BrokeredSharedFlow[T | Gap]: ...
    @overload
    def shared_flow(
        self,
        name: str,
        type: type[T],
        converter: Codec | None = None,
        *,
        on_gap: Literal["raise"] | Callable[[Gap], object] = "raise",
        replay: int = 0,
        extra_buffer_capacity: int = 64,
        on_buffer_overflow: BufferOverflow = BufferOverflow.SUSPEND,
        retention: Retention = ...,
        pending: int = PENDING,
    ) -> BrokeredSharedFlow[T]: ...
    @overload
    def shared_flow(
        self,
        name: str,
        type: Any,
        converter: Codec | None = None,
        *,
        on_gap: Literal["deliver", "raise"] | Callable[[Gap], object] = "raise",
        replay: int = 0,
        extra_buffer_capacity: int = 64,
        on_buffer_overflow: BufferOverflow = BufferOverflow.SUSPEND,
        retention: Retention = ...,
        pending: int = PENDING,
    ) -> BrokeredSharedFlow[Any]: ...
    def shared_flow(
        self,
        name: str,
        type: Any,
        converter: Codec | None = None,
        *,
        replay: int = 0,
        extra_buffer_capacity: int = 64,
        on_buffer_overflow: BufferOverflow = BufferOverflow.SUSPEND,
        retention: Retention = Retention(),  # noqa: B008  # it is frozen
        on_gap: Literal["deliver", "raise"] | Callable[[Gap], object] = "raise",
        pending: int = PENDING,
    ) -> BrokeredSharedFlow[Any]:
        """A `MutableSharedFlow` whose values come from the log of a topic, the same for every process.

        Each call makes a flow of its own, which reads the log for itself: make one for a process, and share that.

        Args:
            name: the topic.
            type: of the values.
            converter: how they are written; None: as JSON.
            replay: how many past values a new subscriber gets. They are taken from the log.
            extra_buffer_capacity: how far, beyond that, the slowest subscriber in this process may lag before reading
                from the log waits. Nobody else waits for it.
            on_buffer_overflow: what happens then, in this process.
            retention: how much the log keeps.
            on_gap: "raise": where something is missing, subscribers get a `FlowGapError`. "deliver": they get the
                `Gap`, as a value. A plain function: it is called with the gap, and subscribers notice nothing.
            pending: how many values may wait to be written before `emit` waits.

        Raises `TypeError` and `ValueError` for bad arguments, among them a type that the converter cannot read.

        >>> async def main():
        ...     async with MemoryBroker() as broker:
        ...         prices = broker.shared_flow("prices", int, replay=2)
        ...         for price in (10, 11, 12):
        ...             await prices.emit(price)
        ...         await prices.flush()
        ...         return await broker.shared_flow("prices", int, replay=2).first()
        >>> from flowws.brokers import MemoryBroker
        >>> run(main)
        11
        """
        return BrokeredSharedFlow(
            _checked(name),
            self.topic(name, retention),
            self._ground,
            type,
            codec_for(type, converter),
            replay=replay,
            extra_buffer_capacity=extra_buffer_capacity,
            on_buffer_overflow=on_buffer_overflow,
            on_gap=on_gap,
            pending=pending,
        )

    def state_flow(
        self,
        name: str,
        initial: T,
        type: Any = None,
        converter: Codec | None = None,
        *,
        retention: Retention = Retention(16, None),  # noqa: B008  # it is frozen
        pending: int = PENDING,
    ) -> BrokeredStateFlow[T]:
        """A `StateFlow` whose value is the newest of a topic, the same for every process.

        Args:
            name: the topic.
            initial: its value as long as the log has none.
            type: of the values; None: that of `initial`.
            converter: how they are written; None: as JSON.
            retention: how much the log keeps.
            pending: how many values may wait to be written before `emit` waits.

        >>> async def main():
        ...     async with MemoryBroker() as broker:
        ...         visits = broker.state_flow("visits", 0)
        ...         await visits.update(lambda visits: visits + 1)
        ...         return visits.value
        >>> from flowws.brokers import MemoryBroker
        >>> run(main)
        1
        """
        kind = initial.__class__ if type is None else type
        topic = self.topic(_checked(name), retention)
        return BrokeredStateFlow(name, topic, self._ground, initial, kind, codec_for(kind, converter), pending=pending)

    # What a backend says

    def _is_connected(self) -> None:
        """It has been reached."""
        self._ground.status.value = Connected()

    def _is_reconnecting(self, status: Reconnecting) -> None:
        """It cannot be reached."""
        self._ground.status.value = status

    def _has_failed(self, error: Exception) -> None:
        """It has refused, for good."""
        self._ground.status.value = Closed(error)

    # The block

    async def __aenter__(self) -> Self:
        if self._scope is not None:
            raise BrokerError(f"{self!r} has been entered already: make another one")
        self._scope = CoroutineScope(repr(self), supervisor=True)
        try:
            await self._open()
        except BaseException as error:
            with anyio.CancelScope(shield=True):
                await self._scope.aclose()
                await self._close()
            self._ground.close()
            self._ground.status.value = Closed(error if isinstance(error, Exception) else None)
            raise
        self._ground.open(self._scope)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        assert self._scope is not None  # it has been entered
        left = 0
        with anyio.CancelScope(shield=True):
            with anyio.move_on_after(self._flush_timeout):
                await self._ground.flush()
            left = self._ground.close()
            await self._scope.aclose()
            await self._close()
        if not isinstance(self._ground.status.value, Closed):
            self._ground.status.value = Closed()
        if left:
            problem = f"{left} values could not be written within {self._flush_timeout:g} s: {self!r} is away"
            if error is None:
                raise BrokerUnavailableError(problem)
            _log.error(problem)
        return None


def _checked(name: str) -> str:
    if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise TypeError(f"the name of a topic must be a text, not {name!r}")
    if not name or not name.isprintable():
        raise ValueError(f"the name of a topic must be a printable text, not {name!r}")
    return name

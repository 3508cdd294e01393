"""`BrokeredSharedFlow`: a hot flow that several processes share."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypeVar, cast

from flowws._core import Look
from flowws.channels import BufferOverflow, ClosedSendChannelError
from flowws.flows import Flow, MutableSharedFlow, SharedFlow, StateFlow

from ._codec import Codec
from ._entry import Entry, Gap, GapReason
from ._errors import BrokerClosedError, FlowGapError, UnreadableEntryError
from ._places import Places
from ._position import Position
from ._positioned_flow import PositionedFlow, SinceFlow
from ._publisher import Publisher
from ._pump import Pump
from ._status import BrokerStatus
from ._topic import Topic

if TYPE_CHECKING:
    from ._ground import Ground

T = TypeVar("T")

OnGap: TypeAlias = Literal["deliver", "raise"] | Callable[[Gap], object]

_log: Final = logging.getLogger("flowws.brokers")


class BrokeredSharedFlow(MutableSharedFlow[T]):
    """A `MutableSharedFlow` whose values come from the log of a topic, the same in every process.

    `Broker.shared_flow` makes one. What is emitted goes into the log, and comes out of it to the subscribers in every
    process, this one included: so everybody hears everything in one order. `emit` returns when the value has its place
    in the queue to the log, and waits while that is full, because the broker is away, say; `flush` waits until the log
    has it.

    Buffer, overflow, replay, taps and the count of subscribers are those of this process. A slow subscriber that
    suspends makes this process read later, and nobody else. What the log has dropped meanwhile is a `Gap`, which
    `on_gap` of `Broker.shared_flow` deals with; taps hear it, among the values, whatever that says. What the replay
    holds is never older than the last gap, unless gaps are values.

    It begins to read when it is first subscribed to, when it has a replay, or by `ready`. Who subscribes right before
    that and emits hears what he emits.
    """

    __slots__ = (
        "_codec",
        "_from_bytes",
        "_ground",
        "_kind",
        "_name",
        "_on_gap",
        "_places",
        "_publisher",
        "_pump",
        "_to_bytes",
        "_topic",
    )

    def __init__(
        self,
        name: str,
        topic: Topic,
        ground: Ground,
        kind: Any,
        codec: Codec,
        *,
        replay: int,
        extra_buffer_capacity: int,
        on_buffer_overflow: BufferOverflow,
        on_gap: OnGap,
        pending: int,
    ) -> None:
        super().__init__(replay, extra_buffer_capacity, on_buffer_overflow)
        if on_gap not in ("deliver", "raise") and not callable(on_gap):
            raise TypeError(f"on_gap must be 'deliver', 'raise' or a plain function, not {on_gap!r}")
        if ground.is_over:
            raise BrokerClosedError(f"the broker has been closed: {name!r} cannot be joined any more")
        self._name = name
        self._topic = topic
        self._ground = ground
        self._kind = kind
        self._to_bytes = codec.to_bytes
        self._from_bytes = codec.from_bytes
        self._on_gap: OnGap = on_gap
        self._places = Places()
        self._pump = Pump(topic, name, ground, self, replay)
        self._publisher = Publisher(topic, name, ground, pending, before=self._before_writing, on_end=self._written)
        ground.enter(self)

    # Emitting

    async def emit(self, value: T) -> None:
        """Give `value` to the log; wait for room where the queue to it is full.

        Cancelling an emitter that waits takes its value back. Raises what the converter does for a value that it cannot
        write, `BrokerError` once the log refuses for good or the broker is closed, and what a closed flow does.
        """
        payload = self._to_bytes(value)
        if self._room < 0:
            self._refuse()
        if not self._publisher.offer(payload):
            await self._publisher.wait_for_room(payload)

    def try_emit(self, value: T) -> bool:
        """Emit without waiting. False if `emit` would have to wait: then nothing happened. Raises what `emit` does."""
        payload = self._to_bytes(value)
        if self._room < 0:
            self._refuse()
        return self._publisher.offer(payload)

    def _refuse(self) -> None:
        self._publisher.raise_failure()
        raise self._fresh_cause() or ClosedSendChannelError(f"{self!r} is closed")

    async def flush(self) -> None:
        """Wait until the log has everything that was emitted so far. Raises `BrokerError` if it never will."""
        await self._publisher.flush()

    def _before_writing(self) -> Any:
        """Whoever subscribes and then emits shall hear what he emits."""
        return self._pump.be_settled() if self._pump.is_joining else None

    # Positions

    async def ready(self) -> Position:
        """Wait until the log is being read: from which position on. Raises `BrokerError` if that will never be."""
        return await self._pump.join()

    @property
    def position(self) -> Position:
        """Behind the newest value that subscribers of this process have been given, or the gap. For a tap that is the
        position of what it hears. ``0-0`` before the log is read.
        """
        places = self._places
        return Position(places.epoch, self._values.tail.index - 1 + places.shift)

    def positioned(self, after: Position | None = None) -> Flow[tuple[Position, T]]:
        """This flow with the position of each value. With `after`: beginning with what followed that, as `since`.

        Where gaps are delivered, a `Gap` comes with the position from which it goes on.
        """
        return PositionedFlow(self, after)

    def since(self, position: Position) -> Flow[T]:
        """What followed a position, from the log, and then what comes: nothing is missing in between, nothing twice.

        What the log does not hold any more is a gap, in front. To begin with, the log is read only as fast as the
        collector takes it.
        """
        return SinceFlow(self, position)

    @property
    def broker_status(self) -> StateFlow[BrokerStatus]:
        """How the broker is doing: `Broker.status`."""
        return self._ground.status.as_state_flow()

    async def history(self, after: Position, limit: int) -> Sequence[tuple[Position, T] | Gap]:
        """What follows a position in the log now, at most `limit` updates of it, each with its position.

        Raises `BrokerUnavailableError` where the log cannot be asked now.
        """
        return self._read(await self._topic.read(after, limit=limit, wait=0))

    async def resolve(self, position: Position) -> Position | None:
        """What a position of an earlier life of the log is called today; None if the log does not go on from there.

        Raises `BrokerUnavailableError` where the log cannot be asked now.
        """
        return await self._topic.resolve(position)

    def _read(
        self, items: Sequence[Entry | Gap], on_problem: Callable[[Gap, Exception], object] | None = None
    ) -> list[tuple[Position, T] | Gap]:
        """Values instead of bytes."""
        read: list[tuple[Position, T] | Gap] = []
        for item in items:
            if isinstance(item, Gap):
                read.append(item)
            else:
                try:
                    read.append((item.position, self._from_bytes(item.payload, self._kind)))
                except Exception as problem:  # noqa: BLE001  # a converter may raise anything
                    read.append(gap := _unreadable(item.position))
                    if on_problem is not None:
                        on_problem(gap, problem)
        return read

    # Subscribing

    def _count_changed(self) -> None:
        if not self._pump.is_wanted and self._subscribers:
            self._pump.want()
        super()._count_changed()

    def _placed(self) -> AsyncGenerator[tuple[Position, T], None]:
        """Begin a collection of positions and values, now."""
        values, number = self._open_numbered()
        return _with_places(values, number, self._places)

    # What the log says

    def _joined(self, newest: Position, entries: Sequence[Entry]) -> None:
        first = entries[0].position if entries else _behind(newest)
        self._places.mark(self._values.tail.index, first, self._values.replayed.index)

    async def _receive(self, items: Sequence[Entry | Gap]) -> Position:
        last = items[-1]
        position = last.resumed if isinstance(last, Gap) else last.position
        if self._mailboxes or self._values.cursors or self._values.replay:
            await self._spread(items)
        elif not callable(self._on_gap):
            self._mark(_behind(position))
        else:
            for item in items:
                if isinstance(item, Gap):
                    self._call(self._on_gap, item)
            self._mark(_behind(position))
        return position

    async def _spread(self, items: Sequence[Entry | Gap]) -> None:
        """Give everything to the subscribers: one pass, and no waiting as long as there is room."""
        values, places, from_bytes, kind = self._values, self._places, self._from_bytes, self._kind
        for item in items:
            if isinstance(item, Gap):
                await self._break(item, None)
                continue
            position, payload = item
            number = values.tail.index
            if position[1] - number != places.shift or position[0] != places.epoch:
                self._mark(position)
            try:
                value = from_bytes(payload, kind)
            except Exception as problem:  # noqa: BLE001  # a converter may raise anything
                await self._break(_unreadable(position), problem)
                continue
            if values.held < self._room:
                values.append(value)
                if self._parked or self._mailboxes:
                    self._tell(value)
            elif self._room < 0:
                return  # a tap has closed it
            else:
                await super().emit(value)
                if values.tail.index == number:  # dropped by its policy
                    self._mark(_behind(position))

    def _mark(self, position: Position) -> None:
        """The next value is the one at this position."""
        values = self._values
        oldest = min([values.replayed.index, *(cursor.node.index for cursor in tuple(values.cursors))])
        self._places.mark(values.tail.index, position, oldest)

    async def _break(self, gap: Gap, problem: Exception | None) -> None:
        """Something is missing: who hears of it, and how."""
        if self._on_gap == "deliver":
            self._mark(gap.resumed)
            await super().emit(cast("T", gap))
            self._mark(_behind(gap.resumed))
            return
        self._mark(_behind(gap.resumed))
        if callable(self._on_gap):
            self._values.forget()
            self._call(self._on_gap, gap)
        else:
            self._break_off(lambda: _error_of(gap, problem))
        if self._taps:
            self._taps.put(cast("T", gap))
            self._taps.tell()

    def _call(self, on_gap: Callable[[Gap], object], gap: Gap) -> None:
        try:
            on_gap(gap)
        except Exception:  # noqa: BLE001  # it is the function's, and the other subscribers' no business
            _log.exception("on_gap has failed: %r", on_gap)

    # The end

    def close(self, cause: BaseException | None = None) -> bool:
        """End the flow in this process: what was emitted is written still, and nothing more is heard.

        See `MutableSharedFlow.close`. Other processes do not notice.
        """
        if not super().close(cause):
            return False
        self._pump.stop(cause or BrokerClosedError(f"{self!r} has been closed"))
        self._publisher.finish()
        return True

    def _opened(self) -> None:
        self._publisher.start()
        if self._pump.is_wanted or self._values.replay:
            self._pump.want()

    def _dried_up(self, failure: Exception) -> None:
        self.close(failure)

    def _written(self, failure: Exception | None) -> None:
        if failure is not None:
            self.close(failure)
        self._ground.leave(self)

    def _evicted(self) -> int:
        left = self._publisher.give_up()
        self.close()
        return left

    # Shown

    def _look(self) -> Look:
        look = super()._look()
        look.kind = "BrokeredSharedFlow"
        look.facts = {
            "topic": self._name,
            "position": str(self.position),
            **look.facts,
            **self._publisher.facts(),
        }
        return look

    def __repr__(self) -> str:
        state = "closed, " if self.is_closed else ""
        return f"<BrokeredSharedFlow {self._name!r} at {self.position}, {state}of {self._subscribers} subscribers>"


def brokered(flow: SharedFlow[Any]) -> BrokeredSharedFlow[Any] | None:
    """The brokered flow that a flow is, or is a read-only view of. None: it is neither.

    >>> from flowws.brokers import MemoryBroker
    >>> prices = MemoryBroker().shared_flow("prices", int)
    >>> brokered(prices.as_shared_flow()) is prices
    True
    """
    seen: Any = flow
    while not (seen is None or isinstance(seen, BrokeredSharedFlow)):
        seen = getattr(seen, "_shared", None)
    return cast("BrokeredSharedFlow[Any] | None", seen)


def _behind(position: Position) -> Position:
    """Where the next one is."""
    return Position(position[0], position[1] + 1)


def _unreadable(position: Position) -> Gap:
    return Gap(GapReason.UNREADABLE, Position(position[0], position[1] - 1), position, 1)


def _error_of(gap: Gap, problem: Exception | None) -> FlowGapError:
    return FlowGapError(gap) if problem is None else UnreadableEntryError(gap, problem)


async def _with_places(
    values: AsyncGenerator[T, None], number: Callable[[], int], places: Places
) -> AsyncGenerator[tuple[Position, T], None]:
    try:
        async for value in values:
            yield places.of(number()), value
    finally:
        await values.aclose()

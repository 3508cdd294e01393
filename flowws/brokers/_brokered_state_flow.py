"""`BrokeredStateFlow`: a state that several processes share."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from flowws._core import Look
from flowws.flows import MutableStateFlow, StateFlow, Tap

from ._codec import Codec
from ._entry import Entry, Gap
from ._errors import BrokerClosedError
from ._patience import Patience
from ._position import Position
from ._publisher import Publisher
from ._pump import Pump
from ._topic import Topic

if TYPE_CHECKING:
    from ._ground import Ground

T = TypeVar("T")

_log: Final = logging.getLogger("flowws.brokers")


class BrokeredStateFlow(StateFlow[T]):
    """A `StateFlow` whose value is the newest in the log of a topic, the same in every process.

    `Broker.state_flow` makes one. It has its initial value until the log is read and has another. What is emitted is
    seen, by this process too, when it comes back out of the log; `compare_and_set` and `update` have it at once. Where
    the log has lost its newest values, the state goes back to the newest that it has, and stays what it is if there is
    none.
    """

    __slots__ = (
        "__weakref__",
        "_failure",
        "_from_bytes",
        "_ground",
        "_kind",
        "_name",
        "_newest",
        "_publisher",
        "_pump",
        "_state",
        "_to_bytes",
        "_topic",
    )

    def __init__(
        self, name: str, topic: Topic, ground: Ground, initial: T, kind: Any, codec: Codec, *, pending: int
    ) -> None:
        if ground.is_over:
            raise BrokerClosedError(f"the broker has been closed: {name!r} cannot be joined any more")
        self._name = name
        self._topic = topic
        self._ground = ground
        self._kind = kind
        self._to_bytes = codec.to_bytes
        self._from_bytes = codec.from_bytes
        self._state = MutableStateFlow(initial)
        self._newest = Position(0, 0)
        self._failure: Exception | None = None
        self._pump = Pump(topic, name, ground, self, 1)
        self._publisher = Publisher(topic, name, ground, pending, before=_nothing, on_end=self._written)
        ground.enter(self)

    # Reading

    @property
    def value(self) -> T:
        """The newest value that is known here."""
        return self._state.value

    @property
    def position(self) -> Position:
        """Where in the log the value is; the end of the log as long as that has none; ``0-0`` before it is read."""
        return self._newest

    async def ready(self) -> Position:
        """Wait until the value is that of the log: where. Raises `BrokerError` if that will never be."""
        return await self._pump.join()

    # Writing

    async def emit(self, value: T) -> None:
        """Give `value` to the log; wait for room where the queue to it is full.

        Cancelling an emitter that waits takes its value back. Raises what the converter does for a value that it cannot
        write, and `BrokerError` once the log refuses for good or the broker is closed.
        """
        payload = self._to_bytes(value)
        self._check()
        if not self._publisher.offer(payload):
            await self._publisher.wait_for_room(payload)

    def try_emit(self, value: T) -> bool:
        """Emit without waiting. False if `emit` would have to wait: then nothing happened. Raises what `emit` does."""
        payload = self._to_bytes(value)
        self._check()
        return self._publisher.offer(payload)

    async def flush(self) -> None:
        """Wait until the log has everything that was emitted so far. Raises `BrokerError` if it never will."""
        await self._publisher.flush()

    async def compare_and_set(self, expect: T, update: T) -> bool:
        """Set the value to `update` if it is equal to `expect`, here and in the log; whether that was done.

        False also where another process has just set something that this one has not heard of yet. Raises
        `BrokerUnavailableError` where the log does not answer: then it may have been done or not.

        Kotlin: `compareAndSet`.
        """
        await self.ready()
        return self._is(expect) and await self._compare(self._newest, update)

    async def update(self, function: Callable[[T], T]) -> None:
        """Set the value to ``function(value)``, which is called again whenever another process was faster.

        The function must be a plain one. Raises `BrokerUnavailableError` where the log does not answer: then it may
        have been done or not.

        >>> async def main():
        ...     async with MemoryBroker() as broker:
        ...         names = broker.state_flow("names", [], list[str])
        ...         await names.update(lambda names: [*names, "Ada"])
        ...         return names.value
        >>> from flowws.brokers import MemoryBroker
        >>> run(main)
        ['Ada']

        Kotlin: `update`.
        """
        await self.ready()
        while True:
            here = self._newest
            value = function(self.value)
            if isinstance(value, CoroutineType):
                value.close()
                raise TypeError(f"function must not be async: the value could change while it waits; got {function!r}")
            if await self._compare(here, value):
                return
            newest, entries = await self._topic.tail(1)
            if self._newest == here:  # else the news have come meanwhile
                self._joined(newest, entries)

    async def _compare(self, here: Position, update: T) -> bool:
        payload = self._to_bytes(update)
        value = self._from_bytes(payload, self._kind)  # what others will see
        self._check()
        there = await self._topic.compare_and_publish(here, payload)
        if there is None:
            return False
        if there > self._newest:
            self._set(there, value)
        return True

    def _is(self, expect: T) -> bool:
        try:
            return self.value is expect or bool(self.value == expect)
        except (TypeError, ValueError):  # an array has no truth value
            return False

    # What the log says

    def _set(self, position: Position, value: T) -> None:
        self._newest = position  # first: who hears of the value may ask where it is
        self._state.value = value

    def _joined(self, newest: Position, entries: Sequence[Entry]) -> None:
        self._newest = newest
        if entries:
            self._show(newest, entries[-1].payload)

    async def _receive(self, items: Sequence[Entry | Gap]) -> Position:
        """Only the newest counts."""
        last = items[-1]
        if isinstance(last, Gap):  # the log is not what it was, and nothing new is in it
            newest, entries = await Patience(self._ground.status).insist(lambda: self._topic.tail(1))
            self._joined(newest, entries)
            return newest
        if last.position > self._newest:
            self._show(*last)
        return last.position

    def _show(self, position: Position, payload: bytes) -> None:
        try:
            value = self._from_bytes(payload, self._kind)
        except Exception as problem:  # noqa: BLE001  # a converter may raise anything
            _log.error("the newest value of %r, at %s, cannot be read: %s", self._name, position, problem)
            self._newest = position
        else:
            self._set(position, value)

    # The end

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure.with_traceback(None)

    def _opened(self) -> None:
        self._publisher.start()
        self._pump.want()

    def _dried_up(self, failure: Exception) -> None:
        self._end(failure)

    def _written(self, failure: Exception | None) -> None:
        if failure is not None:
            self._end(failure)
        self._ground.leave(self)

    def _evicted(self) -> int:
        left = self._publisher.give_up()
        self._end(BrokerClosedError(f"the broker of {self._name!r} has been closed"))
        return left

    def _end(self, failure: Exception) -> None:
        if self._failure is None:
            self._failure = failure
            self._pump.stop(failure)

    # A state like others

    @property
    def _roots(self) -> tuple[MutableStateFlow[Any], ...]:
        return (self._state,)

    def _open(self) -> AsyncIterator[T]:
        return self._state._open()

    def _tap(self, on_value: Callable[[T], object], on_end: Callable[[BaseException | None], object] | None) -> Tap:
        return self._state._tap(on_value, on_end)

    @property
    def subscription_count(self) -> StateFlow[int]:
        """How many collectors there are in this process. Unlike other state flows it shows every change."""
        return self._state.subscription_count

    def _look(self) -> Look:
        look = self._state._look()
        look.kind = "BrokeredStateFlow"
        look.facts = {
            "topic": self._name,
            "position": str(self._newest),
            **look.facts,
            **self._publisher.facts(),
        }
        return look

    def __repr__(self) -> str:
        return f"<BrokeredStateFlow {self._name!r} at {self._newest}: {self.value!r}>"


def _nothing() -> None:
    """A state does not hear what it emits in any order: it has the newest."""

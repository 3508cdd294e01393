"""`Mailbox`: the values that wait for one subscriber for whom nobody waits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from ._errors import LaggedError

T = TypeVar("T")


class Mailbox(ABC, Generic[T]):
    """A queue that gives way instead of growing; true while something is in it. `Lag.mailbox` makes one."""

    __slots__ = ("fault", "lost")

    def __init__(self) -> None:
        self.lost: int = 0
        """How many values did not get through."""
        self.fault: Exception | None = None
        """Why nothing gets through any more."""

    @abstractmethod
    def put(self, value: T) -> None:
        """Take in a value that is emitted. Never waits and never raises."""

    @abstractmethod
    def take(self) -> T:
        """The value whose turn it is."""

    @abstractmethod
    def __bool__(self) -> bool: ...

    def begin(self, replay: tuple[T, ...]) -> None:
        """Take in what a new subscriber gets at once. Nothing of that counts as lost: it was not there to lose it."""
        for value in replay:
            self.put(value)
        self.lost = 0


class NewestMailbox(Mailbox[T]):
    """The newest `room` values: the oldest gives way."""

    __slots__ = ("_room", "_values")

    def __init__(self, room: int) -> None:
        super().__init__()
        self._room: int = room
        self._values = deque[T]()

    def put(self, value: T) -> None:
        if len(self._values) >= self._room:
            self._values.popleft()
            self.lost += 1
        self._values.append(value)

    def take(self) -> T:
        return self._values.popleft()

    def __bool__(self) -> bool:
        return bool(self._values)


class OldestMailbox(NewestMailbox[T]):
    """The oldest `room` values: a new one that finds no room gives way."""

    __slots__ = ()

    def put(self, value: T) -> None:
        if len(self._values) >= self._room:
            self.lost += 1
        else:
            self._values.append(value)


class PatientMailbox(NewestMailbox[T]):
    """Every value, until `room` of them wait. Then they are lost, and it is at fault."""

    __slots__ = ("_replayed",)

    def __init__(self, room: int) -> None:
        super().__init__(room)
        self._replayed = 0

    def begin(self, replay: tuple[T, ...]) -> None:
        self._replayed = len(replay)  # still waiting: they stand in front, and do not count
        self._values.extend(replay)

    def take(self) -> T:
        if self._replayed:
            self._replayed -= 1
        return self._values.popleft()

    def put(self, value: T) -> None:
        self._values.append(value)
        if self.fault is None and len(self._values) - self._replayed >= self._room:
            self.fault = LaggedError(self._room)
        if self.fault is not None:
            self.lost += len(self._values)
            self._values.clear()


class NewestOfEachMailbox(Mailbox[T]):
    """The newest value of every key, in the order in which the keys began to wait."""

    __slots__ = ("_key", "_values")

    def __init__(self, key: Callable[[T], Hashable]) -> None:
        super().__init__()
        self._key = key
        self._values = OrderedDict[Hashable, T]()  # a dict is slow at giving out its first entry again and again

    def put(self, value: T) -> None:
        if self.fault is not None:
            self.lost += 1
            return
        try:
            key = self._key(value)
            self.lost += key in self._values
            self._values[key] = value
        except Exception as failure:  # noqa: BLE001  # the subscriber's, not the emitter's
            self.fault = failure
            self.lost += 1 + len(self._values)
            self._values.clear()

    def take(self) -> T:
        return self._values.popitem(last=False)[1]

    def __bool__(self) -> bool:
        return bool(self._values)

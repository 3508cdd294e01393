"""`SharedValues`: one list of values, read by many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")

_GONE: Final[Any] = object()


class Node(Generic[T]):
    """A place in the list. The last one is empty: it is where the next value will stand."""

    __slots__ = ("index", "next", "value")
    index: int
    next: Node[T] | None
    value: T


class Cursor(Generic[T]):
    """How far one reader has come."""

    __slots__ = ("fault", "node")

    def __init__(self, node: Node[T]) -> None:
        self.node = node
        """The place whose value it wants next."""
        self.fault: BaseException | None = None
        """Why the list ends for it."""


class SharedValues(Generic[T]):
    """The values that somebody may still want, oldest first.

    ::

        replayed ───────┐                        the list: values in the order of emission
                        v
        [a] -> [b] -> [c] -> [d] -> [ ]          [ ] the tail, the place of the next value
         ^             ^             ^
         a cursor      a cursor      a cursor that has caught up
         `late` of them, `held` values from the tail

    A place is held only by those who may still want its value, its cursors and `replayed`: what all have passed goes by
    itself. A cursor moves without telling anybody. How far back the slowest is, is counted anew when a value finds no
    room, and from then on, while emitters wait, by those who leave its place: to count every step of everybody would
    cost a third of a delivery (bench_shared_flow.py). So `held` may be too high, never too low.

    Stored state: `tail`, `replayed`, the `cursors`. Also stored, because it would be counted again and again: `held`,
    the values from the slowest cursor on; `late`, how many stand there; and `kept`, the values from `replayed` on.
    """

    __slots__ = ("cursors", "held", "kept", "late", "replay", "replayed", "tail")

    def __init__(self, replay: int) -> None:
        self.replay = replay
        self.tail = self.replayed = Node[T]()
        self.tail.index, self.tail.next = 0, None
        self.cursors = set[Cursor[T]]()
        self.held = self.late = self.kept = 0

    def append(self, value: T) -> None:
        """Put a value behind the others."""
        node = self.tail
        tail: Node[T] = Node()  # without an `__init__`: a call is a third of emitting (bench_shared_flow.py)
        tail.next = None
        tail.index = node.index + 1
        node.value = value
        node.next = self.tail = tail
        if self.cursors:
            self.held += 1
        if self.kept < self.replay:
            self.kept += 1
        else:
            self.replayed = self.replayed.next or tail

    def enter(self) -> Cursor[T]:
        """A new reader, who begins with the replay."""
        if not self.cursors or self.kept > self.held:
            self.held, self.late = self.kept, 1
        elif self.kept == self.held:
            self.late += 1
        cursor = Cursor(self.replayed)
        self.cursors.add(cursor)
        return cursor

    def leave(self, cursor: Cursor[T]) -> None:
        """A reader goes away."""
        if cursor not in self.cursors:
            return  # the list has ended for it
        self.cursors.discard(cursor)
        if not self.cursors:
            self.held = self.late = 0
        else:
            self.left(cursor.node)

    def left(self, node: Node[T]) -> bool:
        """A reader has left a place: whether that was the slowest, and all have moved on.

        To be called for each step while emitters wait, from the `count` on that has found no room for them.
        """
        if self.tail.index - node.index != self.held:
            return False
        self.late -= 1
        if self.late > 0:
            return False
        self.count()
        return True

    def count(self) -> None:
        """Find out how far the slowest really is."""
        slowest, late = self.tail.index, 0
        for cursor in tuple(self.cursors):  # a dropped reader may leave at any time
            index = cursor.node.index
            if index < slowest:
                slowest, late = index, 1
            elif index == slowest:
                late += 1
        self.held, self.late = self.tail.index - slowest, late

    def leave_behind(self) -> None:
        """Move the slowest readers on by one value. Only after `count`: it is about those who really are there."""
        slowest = self.tail.index - self.held
        late: Node[T] | None = None
        self.late = 0
        for cursor in tuple(self.cursors):  # a dropped reader may leave at any time
            node = cursor.node
            if node.index == slowest:
                assert node.next is not None  # called only while there is a value to lose
                late, cursor.node = node, node.next
                self.late += 1
            elif node.index == slowest + 1:
                self.late += 1
        self.held -= 1
        if late is not None:
            late.next, late.value = None, _GONE  # a reader that is busy would keep alive everything since

    def cut(self, new_fault: Callable[[], BaseException]) -> None:
        """The list ends here for every reader that there is, each with a fault of its own, and begins anew for others.

        Whoever is left behind holds up nobody any more: it has the rest of the old list to itself.
        """
        for cursor in tuple(self.cursors):
            cursor.fault = new_fault()
        self.cursors = set[Cursor[T]]()
        self.held = self.late = 0
        tail: Node[T] = Node()
        tail.index, tail.next = self.tail.index, None
        self.tail = tail
        self.forget()

    def forget(self) -> None:
        """Begin the replay anew. What readers still have to get stays."""
        self.replayed, self.kept = self.tail, 0

    def newest(self) -> tuple[T, ...]:
        """What a new reader begins with."""
        values: list[T] = []
        node = self.replayed
        while node.next is not None:
            values.append(node.value)
            node = node.next
        return tuple(values)

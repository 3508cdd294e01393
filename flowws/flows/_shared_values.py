"""`SharedValues`: one list of values, read by many."""

from __future__ import annotations

from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")

_GONE: Final[Any] = object()


class Node(Generic[T]):
    """A place in the list. The last one is empty: it is where the next value will stand."""

    __slots__ = ("next", "readers", "value")
    next: Node[T] | None
    readers: int
    value: T


def _empty() -> Node[Any]:
    node = Node[Any]()
    node.next, node.readers = None, 0
    return node


class Cursor(Generic[T]):
    """How far one reader has come."""

    __slots__ = ("counted", "node")

    def __init__(self, node: Node[T]) -> None:
        self.node = node
        """The place whose value it wants next."""
        self.counted = node
        """The place at which it is counted, here or further back."""


class SharedValues(Generic[T]):
    """The values that somebody may still want, oldest first.

    ::

        replayed ───────┐                        the list: values in the order of emission
                        v
        [a] -> [b] -> [c] -> [d] -> [ ]          [ ] the tail, the place of the next value
         ^             ^             ^
         slowest       a cursor      a cursor that has caught up

    A node counts its readers, so that the slowest is known without asking all of them. A cursor moves by itself; it is
    counted anew when that matters: when its reader waits, when a value finds no room, and once in a while. To count
    each step would cost a third of a delivery (bench_shared_flow.py). So `slowest` may be too far back, never too far
    ahead. Nobody points further back than `slowest` and `replayed`: what is older goes by itself.

    Stored state: `tail`, `slowest` (the tail if nobody reads), `replayed`, the `cursors`. Also stored, because it would
    be counted again and again: `held`, the values from `slowest` on, and `kept`, those from `replayed` on.
    """

    __slots__ = ("cursors", "held", "kept", "replay", "replayed", "slowest", "tail")

    def __init__(self, replay: int) -> None:
        self.replay = replay
        self.tail: Node[T] = _empty()
        self.slowest = self.replayed = self.tail
        self.cursors = set[Cursor[T]]()
        self.held = self.kept = 0

    def append(self, value: T) -> None:
        """Put a value behind the others."""
        tail: Node[T] = Node()  # not made by `_empty`: a call is a third of emitting (bench_shared_flow.py)
        tail.next = None
        tail.readers = 0
        node = self.tail
        node.value = value
        node.next = self.tail = tail
        if self.cursors:
            self.held += 1
        else:
            self.slowest = tail
        if self.kept < self.replay:
            self.kept += 1
        else:
            self.replayed = self.replayed.next or tail

    def enter(self) -> Cursor[T]:
        """A new reader, who begins with the replay."""
        if not self.cursors or self.kept > self.held:
            self.slowest, self.held = self.replayed, self.kept
        self.replayed.readers += 1
        cursor = Cursor(self.replayed)
        self.cursors.add(cursor)
        return cursor

    def leave(self, cursor: Cursor[T]) -> None:
        """A reader goes away."""
        self.cursors.discard(cursor)
        self.place_of(cursor)
        cursor.counted.readers -= 1
        self.let_go()

    def settle(self, cursor: Cursor[T]) -> None:
        """Count a cursor where it is."""
        now = self.place_of(cursor)
        before = cursor.counted
        if before is not now:
            before.readers -= 1
            now.readers += 1
            cursor.counted = now
            if before is self.slowest:
                self.let_go()

    def settle_all(self) -> None:
        """Find out who really is the slowest."""
        for cursor in tuple(self.cursors):  # a dropped reader may leave at any time
            self.settle(cursor)

    def place_of(self, cursor: Cursor[T]) -> Node[T]:
        """Where the cursor is, or has been moved to."""
        if cursor.node.next is None and cursor.node is not self.tail:
            cursor.node = cursor.counted = self.slowest
        return cursor.node

    def let_go(self) -> None:
        """Find the slowest after the last one at its place has gone on."""
        node = self.slowest
        while not node.readers and node.next is not None:
            node = node.next
            self.held -= 1
        self.slowest = node

    def leave_behind(self) -> None:
        """Move the slowest readers on by one value. They notice when they next read: their node leads nowhere.

        Only after `settle_all`: it is about those who really are there.
        """
        late = self.slowest
        assert late.next is not None  # called only while there is a value to lose
        late.next.readers += late.readers
        self.slowest = late.next
        self.held -= 1
        late.readers, late.value = 0, _GONE
        late.next = None  # else one who does not read for long would keep alive everything since

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

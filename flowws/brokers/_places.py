"""`Places`: at which position each value of a local flow is."""

from __future__ import annotations

from bisect import bisect_right
from operator import itemgetter
from typing import Final

from ._position import Position

_MANY: Final = 32


class Places:
    """From the numbers of the values that were emitted here, to their positions in the log.

    Both count by one. So it is enough to note down where the difference changes: at a gap, at a value that was not
    emitted, in another epoch.
    """

    __slots__ = ("_marks", "epoch", "shift")

    def __init__(self) -> None:
        self.epoch = 0
        self.shift = 1  # before anything: nowhere
        self._marks: list[tuple[int, int, int]] = [(0, 0, 1)]  # from which number on, which epoch, which difference

    def mark(self, number: int, position: Position, oldest: int) -> None:
        """The value with this number, if there will be one, is at this position. Who asks, asks from `oldest` on."""
        marks = self._marks
        self.epoch, self.shift = position.epoch, position.offset - number
        if marks[-1][0] == number:
            marks.pop()
        marks.append((number, self.epoch, self.shift))
        if len(marks) > _MANY:
            del marks[: max(0, bisect_right(marks, oldest, key=_number) - 1)]

    def of(self, number: int) -> Position:
        """Where the value with this number is."""
        marks = self._marks
        mark = marks[-1]
        if number < mark[0] and len(marks) > 1:
            mark = marks[max(0, bisect_right(marks, number, key=_number) - 1)]
        return Position(mark[1], number + mark[2])


_number: Final = itemgetter(0)

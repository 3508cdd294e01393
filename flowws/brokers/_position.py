"""`Position`: where in a log somebody is."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_WRITTEN: Final = re.compile(r"([0-9]{1,16})-([0-9]{1,16})", re.ASCII)  # what a browser's numbers hold, too


class Position(NamedTuple):
    """A place in a log: behind the update with this offset, in the life of the log that this epoch names.

    Positions of one epoch count the updates, whoever reads them. Those of different epochs say nothing about each other
    but which is older, unless it is the log itself that is asked.

    >>> str(Position(1795245816711, 42))
    '1795245816711-42'
    >>> Position.parse("1795245816711-42").offset
    42
    >>> Position(2, 1) > Position(1, 99)
    True
    """

    epoch: int
    """Which life of the log: the moment of its beginning, in milliseconds since 1970, unless the log has its own."""
    offset: int
    """How many updates the log has had; 0 before the first."""

    @classmethod
    def parse(cls, text: str) -> Position:
        """The position that ``str(position)`` says. Raises `ValueError`, quoting the text, for any other text."""
        found = _WRITTEN.fullmatch(text)
        if found is None:
            raise ValueError(f"a position is like '1795245816711-42', not {text[:100]!r}")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.epoch}-{self.offset}"

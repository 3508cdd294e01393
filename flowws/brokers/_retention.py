"""`Retention`: how much of a topic its log keeps."""

from __future__ import annotations

from dataclasses import dataclass

from flowws._core import Duration, to_seconds


@dataclass(frozen=True, slots=True)
class Retention:
    """How much of a topic its log keeps, for those who come back and for those who are slow.

    A reader that is away longer than this gets a `Gap` that says how many updates it has missed. A log may keep a
    little more than it is asked to.

    Raises `TypeError` or `ValueError` for a length below 1 and for an age that is not above 0.

    >>> Retention(max_len=100, max_age=None)
    Retention(max_len=100, max_age=None)
    """

    max_len: int = 10_000
    """The newest so many updates are kept."""
    max_age: Duration | None = 3600.0
    """After so many seconds without an update the log may be forgotten, and what is older may go. None: never."""

    def __post_init__(self) -> None:
        if type(self.max_len) is not int:
            raise TypeError(f"max_len must be a number of updates, not {self.max_len!r}")
        if self.max_len < 1:
            raise ValueError(f"max_len must be 1 or more, not {self.max_len!r}")
        if self.max_age is not None and not to_seconds(self.max_age, "max_age") > 0:
            raise ValueError(f"max_age must be above 0 seconds, or None, not {self.max_age!r}")

    @property
    def seconds(self) -> float | None:
        """`max_age` in seconds."""
        return None if self.max_age is None else to_seconds(self.max_age, "max_age")

"""The errors of the test kit. All say that a test has failed, not that the kit was misused.

Exception
 +-- AssertionError
 |    +-- LeakError            the test has left something running
 +-- TimeoutError
      +-- TestTimeoutError     the test did not end in time, real time
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class LeakError(AssertionError):
    """A test is over, but not all that it started. Each task is named with the place where it is parked."""

    def __init__(self, left: Sequence[str]) -> None:
        super().__init__(left)
        self.left: tuple[str, ...] = tuple(left)
        """A line for every task that is left."""

    def __str__(self) -> str:
        return f"the test has left {len(self.left)} task(s) running:{_listed(self.left)}"


class TestTimeoutError(TimeoutError):
    """A test did not end within its time-out of real time. Names what was still active."""

    __test__: ClassVar[bool] = False  # not for pytest to collect

    def __init__(self, seconds: float, current_time: float, active: Sequence[str]) -> None:
        super().__init__(seconds, current_time, active)
        self.seconds = seconds
        """The time-out, in real seconds."""
        self.current_time = current_time
        """What the virtual clock said."""
        self.active: tuple[str, ...] = tuple(active)
        """A line for every job and task that was still active."""

    def __str__(self) -> str:
        return (
            f"the test did not end within {self.seconds:g} s of real time; "
            f"its virtual clock says {self.current_time:g} s. Still active:{_listed(self.active)}"
        )


def _listed(lines: Sequence[str]) -> str:
    return "".join(f"\n  {line}" for line in lines) or " nothing"

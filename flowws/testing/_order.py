"""`Order`: in which order things happen, as numbers in the code."""

from __future__ import annotations

from types import TracebackType
from typing import Self


class Order:
    """Checks that a test passes its marks in the order of their numbers, from 1 to the last.

    ``expect(n)`` is the n-th mark that is passed, ``finish(n)`` the last. At the end of the ``with`` block, or of a
    test with the ``order`` fixture, `finish` must have been passed if any mark was. What goes wrong is an
    `AssertionError`.

    >>> with Order() as order:
    ...     order.expect(1)
    ...     order.expect(2)
    ...     order.finish(3)

    Kotlin: `expect` and `finish` of the tests of kotlinx.coroutines.
    """

    def __init__(self) -> None:
        self._passed = 0
        self._finished = False

    def expect(self, number: int) -> None:
        """This is the mark with that number: all lower ones have been passed, and no higher one."""
        if self._finished:
            raise AssertionError(f"mark {number} was passed after the last, finish({self._passed})")
        if number != self._passed + 1:
            raise AssertionError(f"mark {number} was passed when it was the turn of mark {self._passed + 1}")
        self._passed = number

    def finish(self, number: int) -> None:
        """The last mark."""
        self.expect(number)
        self._finished = True

    def expect_unreached(self) -> None:
        """Nobody must come here."""
        raise AssertionError(f"a place that must not be reached was, after mark {self._passed}")

    def check(self) -> None:
        """Fail if marks have been passed, but not the last."""
        if self._passed and not self._finished:
            raise AssertionError(f"the last mark was never passed: it ended with mark {self._passed}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self.check()

    def __repr__(self) -> str:
        return f"<Order after mark {self._passed}{', finished' if self._finished else ''}>"

"""`Beside`: a source that the collector itself pulls, with jobs beside it that may end the wait for its next value."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from flowws._core import current_loop_or_none

from ._closing import close
from ._crew import Crew

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

T = TypeVar("T")


class Beside(Crew, Generic[T]):
    """A crew beside a source: ``async with Beside(source, name) as values:``, then ``async for value in values``.

    `stop` ends the iteration at once, also while it waits for the source, which is then cancelled there. The source is
    closed at the end of the block.

    That wait stands in a cancel scope of its own, which is closed before the value is handed on: none is open across a
    ``yield``.
    """

    __slots__ = ("_is_over", "_loop", "_source", "_wait")

    def __init__(self, source: AsyncIterator[T], name: str) -> None:
        super().__init__(name)
        self._source = source
        self._is_over = False
        self._wait: Any = None
        self._loop: Any = current_loop_or_none()

    def stop(self, failure: BaseException | None = None) -> None:
        """No more values: the iteration ends, or raises `failure`."""
        if failure is not None:
            self.fail(failure)
        self._is_over = True
        if self._wait is not None:
            self._wait.cancel()

    def hear(self, cause: BaseException | None) -> None:
        """A job has ended: with what is no `Exception`, perhaps, and so has not been kept from its scope."""
        if cause is not None and not isinstance(cause, Exception):
            self.stop(cause)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        if not self._is_over:
            with self._loop.cancel_scope() as wait:
                self._wait = wait
                try:
                    return await anext(self._source)
                except StopAsyncIteration:
                    self._is_over = True
                finally:
                    self._wait = None
        if self.failure is not None:
            raise self.failure
        raise StopAsyncIteration

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            await super().__aexit__(kind, error, traceback)
        finally:
            await close(self._source, error)

"""`Crew`: the jobs that work for a collector, and the end of their work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowws._core import CancellationError, checkpoint

from ._collection_scope import CollectionScope

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self


class Crew:
    """Jobs of a generator that goes on in the collector's task: ``async with Crew(name) as crew:``.

    They are launched in `scope`, keep their failures to themselves but for `fail`, and are cancelled and joined at the
    end of the block. Not a cancel scope, so that it may stand around a ``yield``.
    """

    __slots__ = ("failure", "scope")

    def __init__(self, name: str) -> None:
        self.scope = CollectionScope(name)
        self.failure: BaseException | None = None

    def fail(self, failure: BaseException) -> None:
        """Keep the failure of a job for the collector: the first one, but a cancellation only if there is no other."""
        if self.failure is None or isinstance(self.failure, CancellationError):
            self.failure = failure

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        told = self.failure
        try:
            if isinstance(error, CancellationError):
                await checkpoint()  # if it is the collector who is cancelled, then by this, which no `catch` sees
        finally:
            await self.scope.aclose()
            later = self.failure
            if later is not None and later is not told and not isinstance(later, CancellationError):
                raise later  # a clean-up has failed

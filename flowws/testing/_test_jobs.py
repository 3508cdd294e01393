"""The two jobs at the roots of a test. Both keep what fails below them, instead of letting the loop stop for it.

So a ``pytest.fail`` or ``pytest.skip``, or Ctrl-C, in any job of a test is raised by the test, too.
"""

from __future__ import annotations

from collections.abc import Callable

from flowws._core import CompletableDeferred, CompletableJob, Job


class RootJob(CompletableDeferred[None]):
    """The job of a `TestScope`: it fails with the first failure below it, which the test then raises."""

    __slots__ = ()

    def __init__(self, parent: Job, name: str) -> None:
        super().__init__(parent, name=name)
        self._contained = True


class BackgroundJob(CompletableJob):
    """The job of a background scope: it survives what fails below it, and tells `take` of each."""

    __slots__ = ("_take",)

    def __init__(self, parent: Job, name: str, take: Callable[[BaseException], object]) -> None:
        super().__init__(parent, name=name)
        self._contained = True
        self._take = take

    def _child_failed(self, failure: BaseException) -> bool:
        self._take(failure)
        return True

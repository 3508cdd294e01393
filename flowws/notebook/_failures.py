"""`Failures`: what has failed in a notebook's scope, shown as it happens and raised when the scope is closed."""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import Context
from typing import NamedTuple

from flowws._core import Job, JobInterrupted, report

from ._cells import Cell
from ._ipython import show_failure
from ._notebook import Notebook

MOST = 20
"""So many are remembered for the end: each keeps the variables of its frames alive."""


class Launch(NamedTuple):
    """Where a job comes from."""

    cell: Cell | None
    context: Context  # by which ipykernel knows the output of that cell


class Failure(NamedTuple):
    """One job that has failed."""

    job: str
    error: BaseException
    cell: Cell | None


class Failures:
    """Those of one scope."""

    def __init__(self, notebook: Notebook | None) -> None:
        self._notebook = notebook
        self._seen: list[Failure] = []

    def add(self, job: Job, error: BaseException, launch: Launch | None) -> None:
        """Show the traceback in the cell that has launched the job, and point to it where the user looks now."""
        cell = None if launch is None else launch.cell
        if len(self._seen) < MOST and not isinstance(error, JobInterrupted):  # that one was asked for
            self._seen.append(Failure(job.name, error, cell))
        if self._notebook is None:
            report(f"{job.name} failed", error)
            return
        if cell is None or not cell.is_running:
            where = "" if cell is None or cell.number is None else f" launched in [{cell.number}]"
            what = f"{type(error).__name__}: {error}".partition("\n")[0]
            self._notebook.cells.say(f"⚠ job {job.name!r}{where} failed: {what[:200]}")
        context = Context() if launch is None else launch.context
        context.run(show_failure, self._notebook.shell, error, None if cell is None else cell.output)

    def forget(self, cell_id: str) -> None:
        """The cell runs once more: what it did before counts no longer."""
        self._seen = [each for each in self._seen if each.cell is None or each.cell.id != cell_id]

    def take(self) -> list[Failure]:
        """All of them, oldest first, for whoever raises them now."""
        seen, self._seen = self._seen, []
        return seen


def raise_first(failures: Iterable[Failure]) -> None:
    """The first one as itself; the others are noted on it."""
    first, *later = failures or (None,)
    if first is not None:
        for each in later:
            first.error.add_note(f"Job {each.job!r} failed too: {each.error!r}")
        raise first.error

"""Which cell runs, and which one a job was launched from."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ._ipython import Shell, cell_that_runs, output_of, write_line


class Cell:
    """One run of a cell."""

    __slots__ = ("id", "is_running", "number", "output")

    def __init__(self, cell_id: str | None, output: object) -> None:
        self.id: str | None = cell_id  # the same each time that it runs; None where the frontend does not say
        self.output: object = output
        self.number: int | None = None  # what stands in the brackets beside it; not known before it is over
        self.is_running: bool = True


# A job copies it from whoever launches it, be that a cell or another job. A global would name the wrong cell: jobs
# launch at any time. (A variable that a cell sets after it has awaited is lost with it; this one is set before.)
_here: ContextVar[Cell | None] = ContextVar("flowws_cell", default=None)

launching_cell = _here.get
"""The cell that runs here, or that has launched the job that runs here."""


class Cells:
    """Hears of each cell of a shell before and after it runs."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self.running: Cell | None = None
        self.before: list[Callable[[Cell], object]] = []
        self.after: list[Callable[[], object]] = []
        self._to_say: list[str] = []
        self._begin(cell_that_runs(shell))  # whose beginning has gone unheard
        shell.events.register("pre_run_cell", self._before_cell)
        shell.events.register("post_run_cell", self._after_cell)

    def say(self, line: str) -> None:
        """Show a line on stderr in the cell that runs, else in the next one that does."""
        cell = self.running
        if cell is None:
            self._to_say.append(line)
        else:
            write_line(line, cell.output)

    def _before_cell(self, info: Any) -> None:
        # IPython 7 has no `cell_id`.
        self._begin(getattr(info, "cell_id", None))
        lines, self._to_say = self._to_say, []
        for line in lines:
            self.say(line)

    def _begin(self, cell_id: str | None) -> None:
        self.running = cell = Cell(cell_id, output_of(self._shell))
        _here.set(cell)
        for hear in self.before:
            hear(cell)

    def _after_cell(self, result: Any) -> None:
        for hear in self.after:
            hear()
        cell, self.running = self.running, None
        if cell is not None:
            cell.is_running = False
            # Not from `pre_run_cell`: there it has been counted up in some versions of IPython and not in others. A
            # cell that was stopped before it began has no result.
            cell.number = getattr(result, "execution_count", None)

"""`Notebook`: the shell in which cells run, and what listens to them."""

from __future__ import annotations

from flowws._core import current_loop_or_none

from ._cells import Cells
from ._ipython import Shell, autoawaits_trio, current_shell, kernel_of, show_groups
from ._stop_guard import StopGuard


class Notebook:
    """One shell. Made with the first scope, not with the import of this floor: who only draws changes nothing here."""

    def __init__(self, shell: Shell) -> None:
        self.shell: Shell = shell
        self.cells: Cells = Cells(shell)
        self._guard: StopGuard | None = None
        show_groups(shell)

    @property
    def is_on_trio(self) -> bool:
        """Whether a cell is a run of trio, which no task outlives."""
        return autoawaits_trio(self.shell)

    @property
    def has_a_lasting_loop(self) -> bool:
        """Whether there is a loop that goes on between the cells: in a kernel, not in a terminal."""
        return kernel_of(self.shell) is not None and not self.is_on_trio

    def guard_stop(self) -> None:
        """From now on, for as long as the kernel lives."""
        loop = current_loop_or_none()
        if self._guard is None and self.has_a_lasting_loop and loop is not None:
            self._guard = StopGuard(self.shell, loop.post)
            self.cells.before.append(self._guard.before_cell)
            self.cells.after.append(self._guard.after_cell)
            self._guard.before_cell()


_known: Notebook | None = None


def this_notebook() -> Notebook | None:
    """The notebook of this program; None where IPython does not run it."""
    global _known  # noqa: PLW0603 - one per program, as its shell is
    shell = current_shell()
    if shell is None:
        return None
    if _known is None or _known.shell is not shell:
        _known = Notebook(shell)
    return _known

"""`notebook_scope`: jobs that outlive the cell that has launched them."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from time import monotonic
from types import TracebackType
from typing import Any, Literal, cast
from weakref import WeakKeyDictionary

from flowws._core import CoroutineStart, Job, LoopScope, current_loop_or_none

from ._cells import Cell, launching_cell
from ._failures import Failures, Launch, raise_first
from ._notebook import Notebook, this_notebook

AT_EXIT = 1.0
"""So many seconds all scopes together have, when the kernel ends, to take leave of their peers."""

_Settings = tuple[Literal["asyncio", "trio"] | None, bool, bool]


class NotebookScope(LoopScope):
    """A supervisor scope that lives across cells, until `aclose`. Made by `notebook_scope`."""

    def __init__(
        self, name: str, settings: _Settings, thread: Literal["asyncio", "trio"] | None, notebook: Notebook | None
    ) -> None:
        self._settings = settings
        self._launches: WeakKeyDictionary[Job, Launch] = WeakKeyDictionary()
        self._failures = Failures(notebook)
        super().__init__(name, supervisor=True, exception_handler=self._failed, thread=thread)

    async def aclose(self) -> None:
        """Cancel, wait until every job has ended, then raise the first failure that this scope has seen.

        Later ones are noted on it. So a notebook that runs from top to bottom fails if one of its jobs has. A failure
        counts no longer when its cell was run again, and each is raised once.
        """
        await self._close()
        raise_first(self._failures.take())

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        await self._close()
        if error is None:
            raise_first(self._failures.take())
        return None

    async def _close(self) -> None:
        await super().aclose()
        if _open.get(self.job.name) is self:
            del _open[self.job.name]

    def _begin(
        self, job: Job, main: Callable[..., Awaitable[Any]], args: tuple[Any, ...], start: CoroutineStart
    ) -> None:
        self._launches[job] = Launch(launching_cell(), copy_context())
        super()._begin(job, main, args, start)

    def _before_me(self) -> list[Job]:
        """What earlier runs of the cell that runs here have launched, and what has not ended yet."""
        here = launching_cell()
        if here is None or here.id is None:
            return []
        return [job for job in self._launched_by(here.id) if job.is_cancelled and not job.is_completed]

    def _launched_by(self, cell_id: str) -> list[Job]:
        launches = list(self._launches.items())
        return [job for job, (cell, _) in launches if cell is not None and cell.id == cell_id]

    def _failed(self, job: Job, error: BaseException) -> None:
        self._failures.add(job, error, self._launches.get(job))

    def _replace(self, cell: Cell) -> None:
        """`cell` is about to run again: what it has launched before ends."""
        if cell.id is None or not self._settings[1]:
            return
        self._failures.forget(cell.id)
        for job in self._launched_by(cell.id):
            job.cancel("its cell was run again")


_open: dict[str, NotebookScope] = {}
_listening: list[Notebook | None] = []  # where the hooks below are in place


def notebook_scope(
    name: str = "notebook",
    *,
    thread: Literal["asyncio", "trio"] | None = None,
    replace_on_rerun: bool = True,
    stop_guard: bool = True,
) -> NotebookScope:
    """The scope of this name, which lives across cells: launch in one, cancel in another, close in a third.

    As long as it is open, the same name gives the same scope, so that its cell may be run again. A job that fails
    leaves the others alone: its traceback is shown in the cell that has launched it, and one line in the cell that
    runs, or in the next one. When the kernel ends, jobs are cancelled and have a second to close what they hold.

    `thread` runs the jobs on a loop of that kind in a thread of their own, so that they go on while a cell computes.
    Without it they run on the kernel's loop, and stand still during each cell that does not await. Where no loop goes
    on between the cells there is a thread anyway: in a terminal, and under ``%autoawait trio``, where a cell is a run
    of trio that nothing outlives.

    `replace_on_rerun`: running a cell again first cancels what it has launched before. The frontend has to say which
    cell it is: JupyterLab and VS Code do.

    `stop_guard`: Stop works also while nothing happens on the loop; and what holds the loop up for more than half a
    second after Stop is interrupted, a job by `JobInterrupted`. In the main thread only; for the rest of the kernel's
    life.

    Outside of notebooks it is such a scope all the same; then a failure is told to the handler of the loop.

    Raises `ValueError` when the scope is open with other settings, or for another `thread`; `LookupError` when trio is
    not installed.
    """
    if not isinstance(cast("object", name), str) or not name:
        raise ValueError(f"name must be a text of at least one character, not {name!r}")
    settings = (thread, replace_on_rerun, stop_guard)
    known = _open.get(name)
    if known is not None and known.is_active and known.has_a_loop:
        if known._settings != settings:
            was = "thread={!r}, replace_on_rerun={!r}, stop_guard={!r}".format(*known._settings)
            raise ValueError(f"the notebook scope {name!r} is open with {was}: close it first")
        return known
    notebook = this_notebook()
    scope = NotebookScope(name, settings, thread or _thread_needed(notebook), notebook)
    _listen(notebook)
    if stop_guard and notebook is not None:
        notebook.guard_stop()
    _open[name] = scope
    return scope


async def aclose_all() -> None:
    """Close every open notebook scope, then raise the first failure: the last cell that a runner of notebooks adds."""
    scopes = list(_open.values())
    for scope in scopes:
        scope.cancel()
    for scope in scopes:
        await scope._close()
    raise_first([failure for scope in scopes for failure in scope._failures.take()])


def _thread_needed(notebook: Notebook | None) -> Literal["asyncio", "trio"] | None:
    """The thread of a scope for which nobody has asked for one."""
    if notebook is None:
        return "asyncio" if current_loop_or_none() is None else None
    if notebook.is_on_trio:
        return "trio"
    return None if notebook.has_a_lasting_loop else "asyncio"


def _listen(notebook: Notebook | None) -> None:
    if not _listening:
        _at_the_end(_finish_all)
    if notebook not in _listening:
        _listening.append(notebook)
        if notebook is not None:
            notebook.cells.before.append(_replace_all)


def _replace_all(cell: Cell) -> None:
    for scope in list(_open.values()):
        scope._replace(cell)


def _at_the_end(finish: Callable[[], None]) -> None:
    """`atexit` would be too late: before it Python joins its threads, and the worker threads of anyio end with the task
    that has asked for them, which is a job of ours. What is private here is what `concurrent.futures` does.
    """
    getattr(threading, "_register_atexit", atexit.register)(finish)


def _finish_all() -> None:
    """The loop has been stopped, not closed, and no task was cancelled: without this no ``finally`` would run."""
    end = monotonic() + AT_EXIT
    for scope in list(_open.values()):
        scope.finish(max(0.0, end - monotonic()))

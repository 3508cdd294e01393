"""All that this floor knows of IPython and ipykernel, their private names included, in one room.

Nothing here imports them: they are used where the program has loaded them. What is missing in some version is looked
for before it is used, and its absence costs a nicety, never an error. Tested with ipykernel 7.4 (IPython 9) and 6.31
(IPython 8).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, ContextVar
from signal import SIG_IGN
from traceback import format_exception
from types import FrameType, TracebackType
from typing import Any, cast

Shell = Any
"""IPython's `InteractiveShell`, or ipykernel's."""


def current_shell() -> Shell | None:
    """The shell of this program; None where IPython is not loaded, or merely imported."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None


def kernel_of(shell: Shell | None) -> Any:
    """The kernel behind a shell, whose loop goes on between the cells; None in a terminal, whose loop does not."""
    return getattr(shell, "kernel", None)


def autoawaits_trio(shell: Shell | None) -> bool:
    """Whether each cell is a run of trio of its own (``%autoawait trio``)."""
    return getattr(getattr(shell, "loop_runner", None), "__name__", "") == "_trio_runner"


def cell_that_runs(shell: Shell) -> str | None:
    """What the frontend calls the cell that runs: JupyterLab and VS Code say it, nbclient does not."""
    with suppress(Exception):  # not in a terminal; in the form of a message, which is not ours to vouch for
        cell_id = shell.get_parent()["metadata"].get("cellId")
        return None if cell_id is None else str(cell_id)
    return None


def output_of(shell: Shell) -> object:
    """By what the frontend finds the output of the cell that runs: the header of the message that has asked for it."""
    return getattr(getattr(shell, "displayhook", None), "parent_header", None)


def write_line(line: str, output: object) -> None:
    """Write to the stderr of the notebook, into the output of one cell.

    ipykernel looks for that in a context variable, and where there is none in the thread that has started this one:
    hence not in the context of whoever calls.
    """

    def write() -> None:
        header = getattr(sys.stderr, "_parent_header", None)
        if isinstance(header, ContextVar) and output is not None:
            cast("ContextVar[object]", header).set(output)
        print(line, file=sys.stderr, flush=True)  # noqa: T201 - the notebook's own stderr, in the cell

    Context().run(write)


def is_in_cell(frame: FrameType | None) -> bool:
    """Whether `frame` is code of a cell, or called by it: there a KeyboardInterrupt is shown, and goes no further."""
    while frame is not None:
        if frame.f_code.co_name == "run_code" and frame.f_globals.get("__name__") == "IPython.core.interactiveshell":
            return True
        frame = frame.f_back
    return False


def handle_when_idle(shell: Shell, handler: Callable[[int, FrameType | None], object]) -> None:
    """Let `handler` hear of signals between the cells, too: ipykernel ignores them there.

    It puts the handler that it has found before a cell back in place after it, so this has to be called in a cell.
    """
    kernel = kernel_of(shell)
    if getattr(kernel, "saved_sigint_handler", None) is SIG_IGN:
        kernel.saved_sigint_handler = handler


def publish(bundle: dict[str, Any], display_id: str) -> None:
    """Show something, in each form in which it can be, in the cell from which this is called."""
    shell = current_shell()
    if shell is not None:
        shell.display_pub.publish(bundle, transient={"display_id": display_id})


def publish_again(bundle: dict[str, Any], display_id: str) -> None:
    """Show it in another state, wherever it is shown. A terminal cannot.

    Without the variables of the job that calls: by these ipykernel would name the cell that has launched it as the
    origin of the message, and whoever runs a notebook and stores it (nbclient) takes in what the running cell says, and
    nothing else.
    """
    shell = current_shell()
    if kernel_of(shell) is not None and shell is not None:
        Context().run(shell.display_pub.publish, bundle, transient={"display_id": display_id}, update=True)


def show_failure(shell: Shell, error: BaseException, output: object) -> None:
    """The traceback, as of a cell that has failed, for `%debug` too; it begins in the code of the user.

    To be called in a context of the cell that is to show it; up to ipykernel 6 that is not enough.
    """
    traceback = _traceback_of_the_user(error)
    hook: Any = getattr(shell, "displayhook", None)
    shown = output_of(shell)
    has_one_place = output is not None and shown is not None and not hasattr(hook, "_parent_header")
    if has_one_place:
        hook.parent_header = output
    try:
        if _meets_a_group(error) and hasattr(shell, "_showtraceback"):
            _show_natively(shell, type(error), error, traceback)
        else:
            shell.showtraceback((type(error), error, traceback), tb_offset=0)
    finally:
        if has_one_place:
            hook.parent_header = shown


def show_groups(shell: Shell) -> None:
    """Make exception groups errors like all others, unless the user has a handler of his own.

    IPython prints them as plain text on stderr: whoever runs a notebook and looks for errors finds none. And in a
    kernel in which no cell has yet run synchronously ipykernel then fails to answer at all.
    """
    if not hasattr(shell, "_showtraceback"):
        return
    if not hasattr(shell, "_last_traceback"):
        shell._last_traceback = None
    if getattr(shell, "custom_exceptions", None) == ():

        def show(
            self: Shell,
            kind: type[BaseException],
            error: BaseException,
            traceback: TracebackType | None,
            tb_offset: int | None = None,
        ) -> list[str]:
            while traceback is not None and traceback.tb_frame.f_code.co_name == "run_code":
                traceback = traceback.tb_next
            return _show_natively(self, kind, error, traceback)

        shell.set_custom_exc((BaseExceptionGroup,), show)


def _show_natively(
    shell: Shell, kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> list[str]:
    lines = "".join(format_exception(kind, error, traceback)).splitlines()
    shell._showtraceback(kind, error, lines)
    return lines


def _meets_a_group(error: BaseException | None) -> bool:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, BaseExceptionGroup):
            return True
        seen.add(id(error))
        error = error.__context__
    return False


def _traceback_of_the_user(error: BaseException) -> TracebackType | None:
    """Without the frames of this library that lead to the user's code; all of them, where there is no such code."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_frame.f_globals.get("__name__", "").partition(".")[0] == "flowws":
        traceback = traceback.tb_next
    last = end = traceback
    while end is not None:
        if "__tracebackhide__" not in end.tb_frame.f_locals:
            last = end
        end = end.tb_next
    if last is not None:
        last.tb_next = None  # IPython shows where an error was raised even if that place would rather not be shown
    return traceback or error.__traceback__

"""A real kernel in a process of its own, driven as JupyterLab does it: cells, outputs that come late, Stop, restart."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from types import TracebackType
from typing import Any, Self

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.connect import write_connection_file

ROOT = Path(__file__).parents[2]
OTHER_PYTHON = "FLOWWS_KERNEL_PYTHON"
"""The environment variable with the interpreter of a second environment, with an older ipykernel."""

COLOURS = re.compile(r"\x1b\[[0-9;]*m")

Message = dict[str, Any]


class Cell:
    """What one execution has brought so far. Outputs may still come when the cell is long done."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.reply: Message | None = None
        self.is_idle = False
        self.outputs: list[Message] = []  # as in a notebook file: the content of each, and its `output_type`
        self.took = 0.0
        self._sent = time.monotonic()

    @property
    def is_done(self) -> bool:
        return self.reply is not None and self.is_idle

    @property
    def status(self) -> str:
        """``"ok"``, ``"error"`` or ``"aborted"``."""
        assert self.reply is not None, f"no reply yet to {self.source!r}"
        return str(self.reply["status"])

    @property
    def stdout(self) -> str:
        return self._text("stdout")

    @property
    def stderr(self) -> str:
        return self._text("stderr")

    @property
    def result(self) -> str:
        """What the last line is worth, as text."""
        found = [each["data"]["text/plain"] for each in self.outputs if each["output_type"] == "execute_result"]
        return str(found[-1]) if found else ""

    @property
    def errors(self) -> list[Message]:
        """The tracebacks shown: `ename`, `evalue`, and the lines in `traceback`."""
        return [each for each in self.outputs if each["output_type"] == "error"]

    @property
    def tracebacks(self) -> str:
        """All of them, as plain text."""
        return COLOURS.sub("", "\n".join(line for each in self.errors for line in each["traceback"]))

    @property
    def displays(self) -> list[Message]:
        return [each for each in self.outputs if each["output_type"] == "display_data"]

    def _text(self, stream: str) -> str:
        return "".join(
            each["text"] for each in self.outputs if each["output_type"] == "stream" and each["name"] == stream
        )

    def __repr__(self) -> str:
        return f"<Cell {self.source!r} {self.reply and self.reply['status']} {self.outputs}>"


class Kernel:
    """``with Kernel(folder) as kernel``: started, and shut down at the end; `folder` is for its files."""

    def __init__(self, folder: Path, python: str = sys.executable) -> None:
        self._folder = folder
        self._python = python
        self._cells: dict[str, Cell] = {}
        self._displays: dict[str, list[Message]] = {}
        self._log = folder / "kernel.log"

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end(polite=error is None)

    # Cells

    def start(self, source: str, cell_id: str | None = None) -> Cell:
        """Send a cell and do not wait. `cell_id` is what JupyterLab sends and nbclient does not."""
        cell = Cell(source)
        content = {"code": source, "silent": False, "store_history": True, "user_expressions": {}}
        content |= {"allow_stdin": False, "stop_on_error": False}
        message = self._client.session.msg("execute_request", content)
        if cell_id is not None:
            message["metadata"]["cellId"] = cell_id
        self._cells[message["header"]["msg_id"]] = cell
        self._client.shell_channel.send(message)
        return cell

    def wait(self, cell: Cell, timeout: float = 10) -> Cell:
        """Until `cell` is done."""
        self.until(lambda: cell.is_done, timeout)
        return cell

    def run(self, source: str, cell_id: str | None = None, timeout: float = 10) -> Cell:
        """A cell that has to end well."""
        cell = self.wait(self.start(source, cell_id), timeout)
        assert cell.status == "ok", f"{source}\n{cell.tracebacks or cell}"
        return cell

    def fail(self, source: str, cell_id: str | None = None, timeout: float = 10) -> Cell:
        """A cell that has to end badly."""
        cell = self.wait(self.start(source, cell_id), timeout)
        assert cell.status == "error", str(cell)
        return cell

    def until(self, holds: Callable[[], object], timeout: float = 10) -> None:
        """Take in what the kernel says until something holds."""
        end = time.monotonic() + timeout
        while not holds():
            left = end - time.monotonic()
            if left <= 0 or self._process.poll() is not None:
                raise TimeoutError(f"not so within {timeout} s: {list(self._cells.values())}\n{self.log}")
            self._take_reply()
            self._take_output(min(left, 0.05))

    # The process

    def interrupt(self) -> None:
        """The Stop button: as a server does it, to the whole process group."""
        os.killpg(self._process.pid, signal.SIGINT)

    def stop(self, cell: Cell) -> None:
        """The Stop button, for a cell that waits: once more where nothing has come of it, as a person does."""
        self.interrupt()
        try:
            self.wait(cell, timeout=5)
        except TimeoutError:
            self.interrupt()
            self.wait(cell)

    def restart(self) -> None:
        """The Restart button: the kernel is told to shut down, and another one started."""
        self._end(polite=True)
        self._start()

    def shutdown(self) -> float:
        """Ask the kernel to end and wait: the seconds that it took."""
        began = time.monotonic()
        self._client.shutdown()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGABRT)  # its last words: where each thread stands
            self._process.wait(10)
            raise TimeoutError(f"the kernel does not end: {self.log}") from None
        return time.monotonic() - began

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    @property
    def log(self) -> str:
        """What the process has written to its own stdout and stderr: warnings and faults that no cell shows."""
        return self._log.read_text()

    def _start(self) -> None:
        where = str(self._folder)
        file, _ = write_connection_file(f"{where}/kernel.json", transport="ipc", ip=f"{where}/k{time.monotonic_ns()}")
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "JPY_PARENT_PID": str(os.getpid()),  # it ends when this process does
            "PYTHONFAULTHANDLER": "1",
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # else the debugger has a word to say about frozen modules
            **dict.fromkeys(("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR"), where),
        }
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                [self._python, "-m", "ipykernel_launcher", "-f", file],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=environment,
                start_new_session=True,
            )
        self._client = BlockingKernelClient(connection_file=file)
        self._client.load_connection_file()
        self._client.start_channels(stdin=False, hb=False, control=True)
        try:
            self._wait_for_ready()
        except BaseException:
            self._end(polite=False)
            raise

    def _wait_for_ready(self) -> None:
        """Until both channels have said something. The client's own way takes a slow machine for a dead kernel."""
        for _ in range(20):
            self._client.kernel_info()
            try:
                self._client.get_shell_msg(timeout=1)
                self._client.get_iopub_msg(timeout=1)
            except Empty:
                continue
            return
        raise TimeoutError(f"the kernel does not come up: {self.log}")

    def _end(self, *, polite: bool) -> None:
        try:
            if polite and self.is_alive:
                self.shutdown()
        finally:
            if self.is_alive:
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._client.stop_channels()
            self._client.context.term()

    # Messages

    def _take_reply(self) -> None:
        try:
            message = self._client.get_shell_msg(timeout=0)
        except Empty:
            return
        cell = self._cells.get(message["parent_header"].get("msg_id", ""))
        if cell is not None and message["msg_type"] == "execute_reply":
            cell.reply = message["content"]
            cell.took = time.monotonic() - cell._sent

    def _take_output(self, timeout: float) -> None:
        try:
            message = self._client.get_iopub_msg(timeout=timeout)
        except Empty:
            return
        kind, content = message["msg_type"], message["content"]
        if kind == "update_display_data":  # goes to where that display is, whichever cell it came from
            for shown in self._displays.get(content["transient"]["display_id"], ()):
                shown |= {"data": content["data"], "metadata": content["metadata"]}
            return
        cell = self._cells.get(message["parent_header"].get("msg_id", ""))
        if cell is None:
            return
        if kind == "status":
            cell.is_idle = content["execution_state"] == "idle"
        elif kind in ("stream", "error", "display_data", "execute_result"):
            output = {"output_type": kind, **content}
            cell.outputs.append(output)
            display_id = content.get("transient", {}).get("display_id")
            if display_id is not None:
                self._displays.setdefault(display_id, []).append(output)

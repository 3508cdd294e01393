"""JupyterLab in a headless Chromium: a server of its own, one notebook open, and what a person sees and does there."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import nbformat
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By

from tests.notebook.kernels import ROOT

PATIENCE = 60.0

# Nothing that a first visitor is asked, and nothing that the server would look for elsewhere.
QUIET = """
c = get_config()
c.ServerApp.open_browser = False
c.ServerApp.allow_root = True
c.IdentityProvider.token = ""
c.ServerApp.password = ""
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
"""

# JupyterLab would ask on its first day whether it may fetch news.
NO_NEWS = '{"fetchNews": "false", "checkForUpdates": false, "doNotDisturbMode": true}'

HEAD = """
const heads = [...document.querySelectorAll(".jp-RenderedHTMLCommon b")];
const head = heads.find((it) => it.textContent === arguments[0])?.parentElement;
"""
SHOW = """
const it = head ?? (/^[.#]/.test(arguments[0]) ? document.querySelector(arguments[0]) : null);
it?.scrollIntoView({ block: "center" });
return it !== null;
"""
COMMAND = """
const [name, args, done] = arguments;
window.jupyterapp.commands.execute(name, args).then(() => done(null), (error) => done(String(error)));
"""
SHUT_DOWN = """
const [done] = arguments;
window.jupyterapp.shell.currentWidget.sessionContext.shutdown().then(() => done(null), (error) => done(String(error)));
"""
EXECUTE = """
const [code, done] = arguments;
const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
kernel.requestExecute({ code }).done.then((reply) => done(reply.content.status), (error) => done(String(error)));
"""


class Lab:
    """``with Lab(folder, driver) as lab``: a server over `folder`, which also gets its settings."""

    def __init__(self, folder: Path, driver: webdriver.Chrome) -> None:
        self._folder = folder
        self.driver = driver

    def __enter__(self) -> Self:
        home = self._folder / ".home"
        settings = home / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
        settings.mkdir(parents=True)
        (settings / "notification.jupyterlab-settings").write_text(NO_NEWS)
        (home / "jupyter_lab_config.py").write_text(QUIET)
        self._port = _free_port()
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
            "JUPYTERLAB_SETTINGS_DIR": str(home / "lab" / "user-settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(home / "lab" / "workspaces"),
            # What a measured kernel does, other tests measure; JupyterLab itself would take twice as long.
            "COVERAGE_PROCESS_CONFIG": "",
            **dict.fromkeys(("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR"), str(home)),
        }
        command = [sys.executable, "-m", "jupyterlab", f"--port={self._port}", "--expose-app-in-browser"]
        with (self._folder / ".lab.log").open("w") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self._folder, env=environment, start_new_session=True
            )
        try:
            self._wait_for_server()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.driver.get("about:blank")
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def open(self, notebook: str) -> None:
        """Open a notebook of the folder by itself, and wait until its kernel is there."""
        self.driver.get(f"http://127.0.0.1:{self._port}/lab/tree/{notebook}?reset")
        self.wait_for_kernel()

    def reload(self) -> None:
        """The browser's own reload; the kernel goes on."""
        self.driver.refresh()
        self.wait_for_kernel()

    def shut_down_kernel(self) -> None:
        """The next page that shows the notebook starts another one."""
        assert self.driver.execute_async_script(SHUT_DOWN) is None

    def wait_for_kernel(self) -> None:
        ready = "const it = window.jupyterapp?.shell?.currentWidget?.sessionContext; return it?.session?.kernel?.status"
        self.until(lambda: self.run(ready) == "idle")

    def command(self, name: str, **arguments: object) -> None:
        """One of JupyterLab's, awaited."""
        assert self.driver.execute_async_script(COMMAND, name, arguments) is None

    def run_all(self) -> None:
        """Send all cells off; see `until_done`."""
        self.run("window.jupyterapp.commands.execute('notebook:run-all-cells')")

    def theme(self, name: str) -> None:
        """``Light`` or ``Dark``."""
        self.command("apputils:change-theme", theme=f"JupyterLab {name}")

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def text(self, selector: str) -> str:
        """Of the first element that fits, or nothing."""
        try:
            found = self.driver.find_elements(By.CSS_SELECTOR, selector)
            return str(found[0].text) if found else ""
        except StaleElementReferenceException:
            return ""

    def head(self, name: str) -> str:
        """The line above the picture of a view."""
        return str(self.run(f"{HEAD} return head?.textContent ?? ''", name))

    def show(self, name: str) -> None:
        """Bring a view, or what a selector finds, into sight."""
        self.until(lambda: self.run(HEAD + SHOW, name))

    def execute(self, source: str) -> None:
        """Run code in the kernel, in no cell."""
        assert self.driver.execute_async_script(EXECUTE, source) == "ok"

    def until_done(self) -> None:
        """Until no cell runs, nor waits for its turn."""
        self.until(lambda: "[*]" not in self.text(".jp-Notebook"))

    def picture_for_the_docs(self, name: str, of: str) -> None:
        folder = os.environ.get("FLOWWS_PICTURES")
        if folder is not None:
            self.show(of)
            time.sleep(3)  # some life in it
            Path(folder).mkdir(parents=True, exist_ok=True)
            assert self.driver.find_element(By.CSS_SELECTOR, ".jp-NotebookPanel").screenshot(f"{folder}/{name}.png")

    def click(self, selector: str) -> None:
        self.driver.find_element(By.CSS_SELECTOR, selector).click()

    def until(self, holds: Callable[[], object], timeout: float = PATIENCE) -> None:
        end = time.monotonic() + timeout
        while not holds():
            if time.monotonic() > end:
                self.driver.save_screenshot(str(self._folder / "late.png"))
                raise AssertionError(f"not so within {timeout} s; the page says: {self.text('body')[-2000:]}")
            time.sleep(0.05)

    def _wait_for_server(self) -> None:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/api", timeout=5):
                    return
            except OSError:
                if time.monotonic() > end or self._process.poll() is not None:
                    log = (self._folder / ".lab.log").read_text()
                    raise AssertionError(f"JupyterLab does not come up: {log}") from None
            time.sleep(0.1)


def write_notebook(file: Path, *cells: str) -> None:
    """A notebook with these cells of code."""
    new = cast("Any", nbformat.v4)
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = new.new_notebook(cells=[new.new_code_cell(each) for each in cells], metadata=kernel)
    nbformat.write(notebook, file)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])

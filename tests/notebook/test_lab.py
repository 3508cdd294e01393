"""JupyterLab as a person has it: a live feed moves and is stopped, a plot outlives a reload of the page.

FLOWWS_PICTURES names a folder for the pictures that the documentation shows.
"""

from __future__ import annotations

import faulthandler
import shutil
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from tests.demo.page import chromium
from tests.notebook.kernels import ROOT
from tests.notebook.lab import Lab, write_notebook

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(180),  # a server, a browser and a kernel, each of which takes seconds to start
    pytest.mark.skipif(find_spec("jupyterlab") is None, reason="JupyterLab is not installed"),
]

PLOT = ".flowws-live"
FACTS = f"{PLOT}-facts"
PAUSE = f"{PLOT}-button"
STOP = f"{PAUSE}:nth-of-type(2)"
FAILURES = 'return [...document.querySelectorAll(\'[data-mime-type*="stderr"], [data-mime-type*="error"]\')].length'


@pytest.fixture(autouse=True)
def patience() -> None:
    """Where much else goes on, such a test takes longer than the minute after which the run would be given up."""
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One server and one browser for all of these tests; its folder has the notebooks."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copy(ROOT / "notebooks" / "05_live_feed.ipynb", folder)
    write_notebook(
        folder / "plot.ipynb",
        "from flowws import interval\nfrom flowws.notebook import live_widget",
        "plot = live_widget(interval(0.02).map(lambda n: n % 50), name='a saw')\nplot",
    )
    driver = chromium(tmp_path_factory.mktemp("profile"))
    driver.set_window_size(1000, 1000)
    try:
        with Lab(folder, driver) as lab:
            yield lab
            severe = [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
        # JupyterLab's own scripts sometimes take an output away twice: what counts here are ours.
        assert [each for each in severe if "/static/lab/" not in each] == []
    finally:
        driver.quit()


def count(lab: Lab) -> int:
    """How many values the plot says that there were."""
    return int(lab.run("return Number(document.querySelector('.flowws-live')?.dataset.count ?? 0)"))


def pixels(lab: Lab) -> str:
    """What the plot shows, as a picture."""
    return str(lab.run("return document.querySelector('.flowws-live canvas').toDataURL()"))


def test_a_live_feed_moves_until_it_is_stopped(lab: Lab) -> None:
    lab.open("05_live_feed.ipynb")
    lab.command("application:toggle-left-area")
    lab.run_all()
    lab.show("changes")
    lab.until(lambda: " · live" in lab.head("changes"))
    before = lab.head("changes")
    lab.until(lambda: lab.head("changes") != before)  # it moves
    lab.until_done()
    lab.until(lambda: count(lab) > 10)
    before = pixels(lab)
    lab.until(lambda: pixels(lab) != before)
    for theme in ("Dark", "Light"):
        lab.theme(theme)
        lab.picture_for_the_docs(f"live_feed_{theme.lower()}", "changes")
        lab.picture_for_the_docs(f"live_widget_{theme.lower()}", PLOT)
    lab.click(STOP)
    lab.until(lambda: lab.text(PLOT) == "")  # a picture has taken its place
    lab.execute("await scope.aclose()")
    lab.until(lambda: "stopped" in lab.head("changes"))
    lab.command("docmanager:save")
    lab.shut_down_kernel()
    lab.reload()
    lab.until(lambda: "stopped" in lab.head("changes"))  # what stays needs no kernel
    assert "Error displaying widget" not in lab.text(".jp-Notebook")
    assert lab.run(FAILURES) == 0


def test_a_plot_goes_on_when_the_page_is_loaded_anew(lab: Lab) -> None:
    lab.open("plot.ipynb")
    lab.run_all()
    lab.until(lambda: count(lab) > 20)
    lab.click(PAUSE)
    lab.until(lambda: "paused" in lab.text(FACTS))
    lab.execute("assert plot.is_paused")  # and with the answer the page has all that was on its way
    paused_at = count(lab)
    lab.command("docmanager:save")
    lab.reload()
    lab.until(lambda: "paused" in lab.text(FACTS))
    assert count(lab) == paused_at
    lab.click(PAUSE)
    lab.until(lambda: "live" in lab.text(FACTS) and count(lab) > paused_at)
    before = pixels(lab)
    lab.until(lambda: pixels(lab) != before)
    lab.click(STOP)
    lab.until(lambda: "stopped" in lab.text(FACTS))
    assert "Pause" not in lab.text(PLOT)
    assert lab.run(FAILURES) == 0

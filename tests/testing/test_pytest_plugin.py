"""The pytest plugin in a project of somebody else: found by its entry point or by name, and what its failures say."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

A_PROJECT = """
import anyio
import pytest
from flowws import Channel, CoroutineScope, delay

pytestmark = pytest.mark.anyio


async def test_passes(test_scope):
    await delay(3600)
    assert test_scope.current_time == 3600


async def test_fails(test_scope):
    assert await anyio.sleep(1, "one") == "two"


async def test_child_fails(test_scope):
    async def child():
        raise ValueError("the child")
    test_scope.launch(child)
    await anyio.sleep_forever()


async def wait():
    await Channel().receive()


async def test_leaks(test_scope):
    CoroutineScope().launch(wait, name="the one that stays")


@pytest.mark.test_scope(timeout=0.1)
async def test_hangs(test_scope):
    await wait()


async def test_is_skipped(test_scope):
    pytest.skip("for a reason")


async def test_marks(order, test_scope):
    order.expect(1)


def test_plain(test_scope):
    pass


async def test_in_real_time():
    assert not hasattr(anyio, "virtual")
"""


def run_pytest(folder: Path, text: str) -> tuple[str, dict[str, str]]:
    """The output of pytest on a module of that text, and the verdict on each test."""
    (folder / "test_it.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-p", "flowws.testing.pytest_plugin", "-rA", "-p", "no:cacheprovider"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command.append("test_it.py")
    done = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, env=environment)
    verdicts = [line.split() for line in done.stdout.splitlines() if "test_it.py::" in line]
    return done.stdout, {test[1].partition("::")[2]: test[0] for test in verdicts if len(test) > 1}


def test_a_project_of_somebody_else(tmp_path: Path) -> None:
    output, verdicts = run_pytest(tmp_path, A_PROJECT)
    for loop in ("asyncio", "trio"):
        for passes in ("passes", "in_real_time"):
            assert verdicts[f"test_{passes}[{loop}]"] == "PASSED", output
        for fails in ("fails", "child_fails", "leaks", "hangs", "plain"):
            assert verdicts[f"test_{fails}[{loop}]"] == "FAILED", output
        assert verdicts[f"test_marks[{loop}]"] == "ERROR", output
    for said in (
        "ValueError: the child",
        "the one that stays, at test_it.py:",
        "did not end within 0.1 s of real time",
        "the last mark was never passed: it ended with mark 1",
        "test_scope is for `async def` tests",
        "2 skipped",
    ):
        assert said in output


def test_a_backend_without_parameters_is_told_what_to_do(tmp_path: Path) -> None:
    project = """
import pytest


@pytest.fixture
def anyio_backend():
    return "trio"


async def test_it(test_scope):
    pass
"""
    output, _ = run_pytest(tmp_path, project)
    assert "time is real on this loop" in output
    right = project.replace('"trio"', 'flowws.testing.virtual_time("trio")').replace(
        "import ", "import flowws.testing, "
    )
    output, _ = run_pytest(tmp_path, right)
    assert "1 passed" in output


def test_the_entry_point_is_named_by_its_module() -> None:
    """So that pytest loads it once where a conftest names it, too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"flowws.testing.pytest_plugin": "flowws.testing.pytest_plugin"}


@pytest.mark.parametrize("absent", ["pytest", "trio"])
def test_all_but_the_plugin_goes_without(absent: str) -> None:
    code = f"import sys; sys.modules[{absent!r}] = None; import flowws.testing as kit; print(kit.run_test(test))"
    body = "async def test(scope):\n    await scope.advance_time_by(5)\n    return scope.current_time\n"
    done = subprocess.run([sys.executable, "-c", body + code], check=False, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "5.0\n", done.stderr

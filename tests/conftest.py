"""What every test stands on: both event loops, no task left behind, and the markers of pyproject.toml."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import shutil
from collections.abc import AsyncIterator, Iterator

import anyio
import anyio.lowlevel
import hypothesis  # noqa: F401 - its plugin loads it in the end, and what it then asks of trio fails once all is frozen
import pytest
import trio

# The package's own plugin: an installed flowws brings it along, a mere checkout does not.
pytest_plugins = ["flowws.testing.pytest_plugin"]

# ------------------------------------------------------------------------------------------------- thousands of tests


def pytest_collection_finish() -> None:
    """What is there now stays until the end. A test that collects garbage would look at all of it: a third of a second,
    thousands of times.
    """
    gc.collect()
    gc.freeze()


# -------------------------------------------------------------------------------------------------------- both loops


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(("asyncio", {"debug": bool(os.environ.get("FLOWWS_ASYNCIO_DEBUG"))}), id="asyncio"),
        pytest.param(("trio", {}), id="trio"),
    ],
)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    """Runs every `async def test_...` once on asyncio and once on trio."""
    return request.param  # a name and its options


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the trio run of a test marked `asyncio_only`."""
    left_out = [item for item in items if item.get_closest_marker("asyncio_only") and _backend_of(item) == "trio"]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def _backend_of(item: pytest.Item) -> object:
    backend = item.callspec.params.get("anyio_backend") if hasattr(item, "callspec") else None
    return backend[0] if isinstance(backend, tuple) else backend


# ---------------------------------------------------------------------------------------------------- no task is left


@pytest.fixture(autouse=True)
def _no_task_left(request: pytest.FixtureRequest) -> None:
    """Every test on a loop is watched; a test without a loop does not get one for it."""
    if "anyio_backend" in request.fixturenames:
        request.getfixturevalue("watched_tasks")


@pytest.fixture
async def watched_tasks(anyio_backend_name: str) -> AsyncIterator[None]:
    """Fails the test that leaves a task on the loop, naming it.

    It is set up before the test's other fixtures of function scope, hence looks after they are torn down.
    """
    tasks = _tasks_of_asyncio if anyio_backend_name == "asyncio" else _tasks_of_trio
    before = tasks()
    yield
    left = tasks() - before
    for _ in range(10):  # on trio, a generator that was dropped half-way is closed by a task, soon
        if left:
            await anyio.lowlevel.checkpoint()
            left = tasks() - before
    assert not left, f"the test left {len(left)} task(s) on the loop: {sorted(map(repr, left))}"


def _tasks_of_asyncio() -> set[object]:
    """The tasks of the test: without the short one in which anyio's runner hands a coroutine to its long one."""
    return {
        task
        for task in asyncio.all_tasks()
        if not getattr(task.get_coro(), "__qualname__", "").startswith("TestRunner.")
    }


def _tasks_of_trio() -> set[object]:
    root = trio.lowlevel.current_root_task()
    assert root is not None, "asked for trio's tasks outside a trio run"
    return set(_tasks_below(root))


def _tasks_below(task: trio.lowlevel.Task) -> Iterator[object]:
    for nursery in task.child_nurseries:
        for child in nursery.child_tasks:
            yield child
            yield from _tasks_below(child)


# ---------------------------------------------------------------------------------------------------------- a browser


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test marked `browser` needs Chromium and its driver: CI fails without them, a developer's machine skips."""
    if item.get_closest_marker("browser") is None:
        return
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"CI has no {' and no '.join(missing)}: a browser test must not go unseen", pytrace=False)
    if missing:
        pytest.skip(f"{' and '.join(missing)} not found (Debian: apt install chromium chromium-driver)")


@pytest.fixture(autouse=True)
def root_logger_as_python_has_it() -> None:
    """Programs and frameworks that were under test in this process may have told the root logger to say more."""
    logging.getLogger().setLevel(logging.WARNING)

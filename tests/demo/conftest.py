"""The demo, being served: in the test's own loop or, for a browser, in a thread beside it."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from tests.demo.watched import Demo, DemoInThread, serve_demo


@pytest.fixture(autouse=True)
def _departures_are_no_news(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """However a client leaves, nothing is logged; a test that expects a record clears it away."""
    yield
    assert [record for record in caplog.get_records("call") if record.levelno >= logging.WARNING] == []


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncGenerator[Demo]:
    async with serve_demo(tmp_path / "people.db") as demo:
        yield demo


@pytest.fixture
def demo_in_thread(tmp_path: Path) -> Iterator[DemoInThread]:
    with start_blocking_portal("asyncio") as portal, ExitStack() as serving:
        demo = serving.enter_context(portal.wrap_async_context_manager(serve_demo(tmp_path / "people.db")))
        yield DemoInThread(demo, portal, serving.close)

"""One Chromium for all of these tests, and a server that says what the test tells it to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from tests.demo.page import chromium
from tests.feeds.browser.visitor import Scripted, Visitor, serve_script


@pytest.fixture(scope="module")
def visitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    driver = chromium(tmp_path_factory.mktemp("profile"))
    try:
        yield Visitor(driver)
        complaints = [entry["message"] for entry in driver.get_log("browser") if "WebSocket" not in entry["message"]]
        assert complaints == []
    finally:
        driver.quit()


@pytest.fixture
def server(tmp_path: Path, visitor: Visitor) -> Iterator[Scripted]:
    with (
        start_blocking_portal("asyncio") as portal,
        portal.wrap_async_context_manager(serve_script(tmp_path)) as (port, sessions),
    ):
        yield Scripted(portal, port, sessions)
        visitor.driver.get("about:blank")

"""docs/browser.md: its page works as it is printed."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal

from flowws.flows import MutableSharedFlow
from flowws.websocket import WebSocketServer
from tests.feeds.browser.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]  # a browser takes seconds to start

DOCS = Path(__file__).parents[3] / "docs" / "browser.md"
PAGE = '<!doctype html><link rel="icon" href="data:,"><ol></ol><script type="module" src="page.js"></script>'


@asynccontextmanager
async def serve_page(folder: Path) -> AsyncGenerator[tuple[str, MutableSharedFlow[dict[str, Any]]]]:
    first, second, *_ = re.findall(r"^```js\n(.*?)^```$", DOCS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (folder / "index.html").write_text(PAGE)
    (folder / "page.js").write_text(f"{first}\nwindow.goOn = async () => {{\n{second}}};")
    people = MutableSharedFlow[dict[str, Any]](replay=9)
    app = WebSocketServer()
    app.static("/", folder)
    app.feed("/people", people, snapshot=lambda wanted: [each for each in people.replay_cache if wanted(each)])
    async with app.serve("127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.port}/", people


def test_the_page_that_is_printed(visitor: Visitor, tmp_path: Path) -> None:
    with (
        start_blocking_portal("asyncio") as portal,
        portal.wrap_async_context_manager(serve_page(tmp_path)) as (page, people),
    ):
        portal.call(people.emit, {"name": "Ada", "city": "London"})
        visitor.driver.get(page)
        names = "return [...document.querySelectorAll('li')].map((each) => each.textContent)"
        visitor.until(lambda: visitor.run(names) == ["Ada"])
        portal.call(people.emit, {"name": "Grace", "city": "New York"})
        portal.call(people.emit, {"name": "Alan", "city": "London"})
        visitor.until(lambda: visitor.run(names) == ["Ada", "Alan"])
        assert visitor.driver.title == "open"
        visitor.run("window.said = null; console.log = (...words) => (said = words); goOn()")
        visitor.until(lambda: visitor.run("return said?.[0]") == "bad-filter")
        visitor.until(lambda: visitor.driver.title == "closed")
        visitor.driver.get("about:blank")

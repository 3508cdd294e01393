"""A page that follows a feed by flowws.js, in a Chromium that a test drives, and the server's end of what it says."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import anyio
from anyio.from_thread import BlockingPortal
from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.support.ui import WebDriverWait

from flowws import Channel
from flowws.feeds.browser import FILES
from flowws.websocket import CloseReason, WebSocketServer, WebSocketServerSession

T = TypeVar("T")

PATIENCE = 10.0

SUBSCRIBE = """
const [url, topic, options, policy, done] = arguments;
window.seen = [];
window.told = (...news) => seen.push(news);
import("/flowws.js").then(({ connect }) => {
  window.feeds = connect(url, { policy });
  window.feed = feeds.subscribe(topic, {
    ...options,
    onSnapshot: (items) => told("snapshot", items),
    onUpdate: (update) => told("update", update),
    onGap: (gap) => told("gap", gap),
    onState: ({ name, resumed, cause }) => told(name, ...(name === "open" ? [resumed] : cause ? [cause.code] : [])),
  });
}).then(done, (error) => done(String(error)));
"""


class Visitor:
    """What a page has seen, and what it does."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def subscribe(
        self, page: str, path: str, topic: str = "", policy: dict[str, Any] | None = None, **options: Any
    ) -> None:
        self.driver.get(page)
        assert self.driver.execute_async_script(SUBSCRIBE, path, topic, options, policy or {}) is None

    @property
    def seen(self) -> list[list[Any]]:
        return cast("list[list[Any]]", self.run("return seen"))

    @property
    def position(self) -> str | None:
        return cast("str | None", self.run("return feed.position"))

    @property
    def state(self) -> str:
        return cast("str", self.run("return feed.state.name"))

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def sees(self, *news: list[Any]) -> None:
        """Waits until exactly this has been seen since the last time, and forgets it."""
        expected = list(news)
        self.until(lambda: len(self.seen) >= len(expected))
        seen = self.run("return seen.splice(0)")
        assert seen == expected, seen

    def until(self, condition: Callable[[], T]) -> T:
        wait = WebDriverWait(self.driver, PATIENCE, 0.01)
        try:
            return wait.until(lambda _: condition())
        except TimeoutException:
            raise AssertionError(f"the page saw {str(self.seen)[:2000]}") from None


class Scripted:
    """A server whose part the test speaks, line by line."""

    def __init__(self, portal: BlockingPortal, port: int, sessions: Channel[WebSocketServerSession]) -> None:
        self.page = f"http://127.0.0.1:{port}/"
        self._portal = portal
        self._sessions = sessions

    def accept(self) -> ScriptedSession:
        """The next session of the page."""
        return ScriptedSession(self._portal, self._portal.call(patiently, self._sessions.receive))


class ScriptedSession:
    """The server's end of one session."""

    def __init__(self, portal: BlockingPortal, session: WebSocketServerSession) -> None:
        self._portal = portal
        self._session = session

    def hears(self) -> Any:
        return json.loads(self._portal.call(patiently, self._session.incoming.receive).data)

    def says(self, *messages: Any) -> None:
        """All of it in one turn: the page may end the session over any of them."""

        async def say() -> None:
            for message in messages:
                await self._session.send(message if isinstance(message, str) else json.dumps(message))

        self._portal.call(say)

    def closes(self, code: int, message: str = "") -> None:
        self._portal.call(self._session.close, CloseReason(code, message))

    def cuts(self) -> None:
        self._portal.call(self._session.terminate)

    @property
    def code(self) -> int:
        """That of its end."""

        async def reason() -> int:
            return (await self._session.close_reason).code

        return cast("int", self._portal.call(patiently, reason))


async def patiently(ask: Callable[[], Any]) -> Any:
    with anyio.fail_after(PATIENCE):
        return await ask()


def write_page(folder: Path) -> None:
    (folder / "index.html").write_text('<!doctype html><title>a page</title><link rel="icon" href="data:,">')


@asynccontextmanager
async def serve_script(folder: Path, port: int = 0) -> AsyncGenerator[tuple[int, Channel[WebSocketServerSession]]]:
    write_page(folder)
    app = WebSocketServer()
    app.static("/", folder)
    app._pages.lend(FILES)
    sessions = Channel[WebSocketServerSession](Channel.UNLIMITED)

    @app.websocket("/feed")
    async def speak(session: WebSocketServerSession) -> None:
        sessions.try_send(session)
        await session.close_reason

    async with app.serve("127.0.0.1", port, grace=0) as server:
        yield server.port, sessions

"""flowws.js with a real server: what a page has seen in the end, whatever went wrong on the way."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from flowws.feeds import FeedLog, MemoryLog, ServedFeed
from flowws.flows import MutableSharedFlow
from flowws.websocket import Serving, WebSocketServer
from tests.feeds.browser.visitor import Visitor, write_page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]  # a browser takes seconds to start

AT_ONCE = {"first": 0.05, "factor": 1}


class Numbers:
    """A server of a feed of whole numbers, in a loop of its own."""

    def __init__(self, portal: BlockingPortal, folder: Path) -> None:
        self._portal = portal
        self._folder = folder
        self._port = 0
        self.told: list[Any] = []
        write_page(folder)

    def start(self, log: FeedLog[int] | int = 1024, **options: Any) -> None:
        """At the port where it was before, if it was."""
        self._running = self._portal.wrap_async_context_manager(self._serve(log, options))
        self._server, self._source, self.feed = self._running.__enter__()
        self._port = self._server.port
        self.page = f"http://127.0.0.1:{self._port}/"

    @asynccontextmanager
    async def _serve(
        self, log: FeedLog[int] | int, options: dict[str, Any]
    ) -> AsyncGenerator[tuple[Serving, MutableSharedFlow[Any], ServedFeed]]:
        source = MutableSharedFlow[Any]()
        app = WebSocketServer()
        app.static("/", self._folder)
        named = {"even": lambda number: number % 2 == 0, "odd": lambda number: number % 2 == 1}
        feed = app.feed("/numbers", source, filter=named, resume=log, **options)
        async with app.serve("127.0.0.1", self._port) as server:
            yield server, source, feed

    def tell(self, *numbers: Any) -> None:
        """All of them in one turn of the loop."""
        self.told += numbers
        self._portal.call(lambda: [self._source.try_emit(number) for number in numbers])

    def kill(self) -> None:
        """No word to anybody: the connections are cut."""
        self._portal.call(lambda: [session.cut() for session in self._server.sessions])
        self.stop()

    def stop(self) -> None:
        self._running.__exit__(None, None, None)

    def has_clients(self, count: int) -> None:
        self._portal.call(self.feed.clients.first, lambda clients: clients == count)


@pytest.fixture
def numbers(tmp_path: Path, visitor: Visitor) -> Iterator[Numbers]:
    with start_blocking_portal("asyncio") as portal:
        numbers = Numbers(portal, tmp_path)
        yield numbers
        visitor.driver.get("about:blank")
        numbers.stop()


def updates(visitor: Visitor) -> list[int]:
    return [news[1] for news in visitor.seen if news[0] == "update"]


def test_a_page_subscribes_switches_and_leaves(visitor: Visitor, numbers: Numbers) -> None:
    numbers.start(snapshot=lambda wanted: [number for number in numbers.told if wanted(number)])
    numbers.tell(1, 2)
    visitor.subscribe(numbers.page, "/numbers", filter="even")
    visitor.sees(["open", False], ["snapshot", [2]])
    numbers.tell(3, 4, 5, 6)
    visitor.sees(["update", 4], ["update", 6])
    visitor.run("feed.setFilter('odd').then(() => told('switched'))")
    visitor.sees(["switched"], ["snapshot", [1, 3, 5]])
    numbers.tell(7, 8, 9)
    visitor.sees(["update", 7], ["update", 9])
    visitor.run("feed.setFilter('prime').catch((error) => told(error.code, error.message.includes('prime')))")
    visitor.sees(["bad-filter", True])
    numbers.tell(10, 11)
    visitor.sees(["update", 11])
    visitor.run("feed.close()")
    visitor.sees(["closed"])
    numbers.has_clients(0)


def test_a_filter_that_the_server_does_not_have(visitor: Visitor, numbers: Numbers) -> None:
    numbers.start()
    visitor.subscribe(numbers.page, "/numbers", filter="prime")
    visitor.sees(["closed", "bad-filter"])


def test_a_page_that_is_silent_stays(visitor: Visitor, numbers: Numbers) -> None:
    numbers.start()
    visitor.subscribe(numbers.page, "/numbers", policy={"staleAfter": 0.2})
    visitor.sees(["open", False])
    visitor.run("window.looks = 0; setInterval(() => looks++, 200)")
    visitor.until(lambda: visitor.run("return looks") > 6)  # the page's own clock: six times as long
    numbers.tell(1)
    visitor.until(lambda: updates(visitor) == [1])
    assert visitor.run("return seen.filter(([state]) => ['connecting', 'backoff'].includes(state))") == []


def test_killed_and_restarted_with_its_log_the_server_tells_what_was_missed(visitor: Visitor, numbers: Numbers) -> None:
    log = MemoryLog[int](100)
    numbers.start(log)
    visitor.subscribe(numbers.page, "/numbers", policy=AT_ONCE, filter="even")
    visitor.until(lambda: visitor.state == "open")
    numbers.tell(*range(1, 11))
    visitor.until(lambda: len(updates(visitor)) == 5)
    numbers.kill()
    numbers.start(log)
    numbers.tell(*range(11, 21))
    visitor.until(lambda: len(updates(visitor)) == 10)
    assert updates(visitor) == list(range(2, 21, 2))
    assert visitor.run("return seen.filter(([kind]) => kind === 'gap')") == []


def test_what_the_log_has_lost_meanwhile_is_a_gap_of_that_many(visitor: Visitor, numbers: Numbers) -> None:
    log = MemoryLog[int](4)
    numbers.start(log)
    visitor.subscribe(numbers.page, "/numbers", policy={"first": 3600, "longest": 3600})
    visitor.until(lambda: visitor.state == "open")
    numbers.tell(1, 2)
    visitor.sees(["open", False], ["update", 1], ["update", 2])
    numbers.kill()
    numbers.start(log)
    numbers.tell(*range(3, 10))
    visitor.until(lambda: visitor.state == "backoff")
    visitor.run("seen.length = 0; dispatchEvent(new Event('online'))")
    visitor.sees(["connecting"], ["open", False], ["gap", {"missed": 7, "reason": "trimmed"}])
    numbers.tell(10)
    visitor.sees(["update", 10])


def test_restarted_without_its_log_the_server_tells_of_a_gap(visitor: Visitor, numbers: Numbers) -> None:
    numbers.start()
    visitor.subscribe(numbers.page, "/numbers", policy=AT_ONCE)
    visitor.until(lambda: visitor.state == "open")
    numbers.tell(1, 2)
    visitor.until(lambda: updates(visitor) == [1, 2])
    numbers.kill()
    numbers.start()
    visitor.until(lambda: ["gap", {"missed": None, "reason": "restart"}] in visitor.seen)
    numbers.tell(3)
    visitor.until(lambda: updates(visitor) == [1, 2, 3])


def test_many_updates_each_once_and_in_order(visitor: Visitor, numbers: Numbers) -> None:
    numbers.start(backlog=20_000)
    visitor.subscribe(numbers.page, "/numbers", policy=AT_ONCE)
    visitor.until(lambda: visitor.state == "open")
    for first in range(0, 20_000, 1000):
        numbers.tell(*range(first, first + 1000))
    visitor.until(lambda: visitor.run("return seen.length") == 20_001)
    assert visitor.run("return seen.slice(1).every(([kind, number], index) => kind === 'update' && number === index)")


TOLD_EXACTLY = """
let next = 1;
for (const [kind, news] of seen) {
  if (kind === "gap") next += news.missed;
  else if (kind === "update" && news.number !== next++) return `${news.number} came, not ${next - 1}`;
}
return next - 1;
"""


def test_a_page_that_is_too_slow_is_told_exactly_what_it_does_not_get(visitor: Visitor, numbers: Numbers) -> None:
    numbers.start(backlog=3)
    visitor.subscribe(numbers.page, "/numbers")
    visitor.until(lambda: visitor.state == "open")
    visitor.run("setTimeout(() => { for (const end = performance.now() + 2000; performance.now() < end; ); })")
    told = 0
    while numbers.feed.stats.dropped == 0 and told < 2000:  # then more waits between server and page than fits there
        numbers.tell(*({"number": told + each, "ballast": "x" * 50_000} for each in range(1, 21)))
        told += 20
    visitor.until(lambda: visitor.run(TOLD_EXACTLY) == told)
    gaps = visitor.run("return seen.filter(([kind]) => kind === 'gap').map(([_, { reason }]) => reason)")
    assert set(gaps) == {"lag"}
    assert numbers.feed.stats.gaps == len(gaps)


def test_the_module_is_served_wherever_there_is_a_feed_and_the_page_may_have_its_own(
    visitor: Visitor, numbers: Numbers, tmp_path: Path
) -> None:
    numbers.start()
    visitor.driver.get(numbers.page)
    get = """
    const [path, done] = arguments;
    fetch(path).then(async (it) => done([it.status, it.headers.get("Cache-Control"), await it.text()]));
    """
    status, cached, text = visitor.driver.execute_async_script(get, "/flowws.js")
    assert (status, cached) == (200, "no-cache")
    assert "export function connect" in text
    assert visitor.driver.execute_async_script(get, "/flowws.d.ts")[0] == 200
    (tmp_path / "flowws.js").write_text("// my own")
    assert visitor.driver.execute_async_script(get, "/flowws.js")[2] == "// my own"

"""The demo, being served."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple, cast, overload

from anyio.from_thread import BlockingPortal

from flowws.demo import CONFIG, People, create_app
from flowws.feeds import ServedFeed
from flowws.flows import Flow
from flowws.websocket import ServerSession, Serving, WebSockets

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


def collecting(flow: Flow[T]) -> AbstractAsyncContextManager[AsyncGenerator[T]]:
    """The values of a flow from here to the end of the block: ``async with collecting(flow) as values``."""
    return aclosing(cast("AsyncGenerator[T]", aiter(flow)))


@dataclass
class Demo:
    """A demo that is being served."""

    people: People
    server: Serving
    served: ServedFeed

    @property
    def page(self) -> str:
        return f"http://127.0.0.1:{self.server.port}/"

    @property
    def feed(self) -> str:
        return f"ws://127.0.0.1:{self.server.port}/people"

    @property
    def commands(self) -> str:
        return f"{self.feed}/commands"

    @property
    def followers(self) -> frozenset[ServerSession]:
        """The sessions of the feed."""
        return frozenset(each for each in self.server.sessions if each.call.path == "/people")

    async def all_gone(self) -> None:
        """Waits until every session there is now has ended, with its jobs; then nothing of them may be left."""
        for session in self.server.sessions:
            await session.ended()
            assert not list(session.job.children)
        assert self.served.clients.value == 0
        assert not self.server.sessions

    async def one_gone(self, before: frozenset[ServerSession]) -> ServerSession:
        """Waits until one of these followers has ended, with its jobs."""
        await self.served.clients.first(lambda count: count == len(before) - 1)
        (gone,) = (session for session in before if not session.is_active)
        await gone.ended()
        assert not list(gone.job.children)
        assert self.followers == before - {gone}
        return gone


@asynccontextmanager
async def serve_demo(path: Path, config: WebSockets = CONFIG, port: int = 0) -> AsyncGenerator[Demo]:
    async with People.open(path) as people:
        app = create_app(people, config)
        async with app.serve("127.0.0.1", port) as server:
            yield Demo(people, server, app.state.feed)


class DemoInThread:
    """The demo in a loop of its own, for a test that is not async: it asks with `run`."""

    def __init__(self, demo: Demo, portal: BlockingPortal, stop: Callable[[], None]) -> None:
        self.demo = demo
        self.stop = stop
        self._portal = portal

    @overload
    def run(self, ask: Callable[[*Ts], Awaitable[T]], *args: *Ts) -> T: ...
    @overload
    def run(self, ask: Callable[[*Ts], T], *args: *Ts) -> T: ...
    def run(self, ask: Callable[[*Ts], Awaitable[T] | T], *args: *Ts) -> T:
        """Calls a function, sync or async, in the server's loop."""
        result: Any = self._portal.call(ask, *args)
        return cast("T", result)

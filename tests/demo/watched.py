"""A demo whose people note down what the server does for whom."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple, cast, overload

from anyio.from_thread import BlockingPortal

from flowws.demo import CONFIG, People, PeopleFile, PeopleFilter, Snapshot, Update, create_app
from flowws.flows import Flow
from flowws.websocket import ServerSession, Serving, WebSockets

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


def collecting(flow: Flow[T]) -> AbstractAsyncContextManager[AsyncGenerator[T]]:
    """The values of a flow from here to the end of the block: ``async with collecting(flow) as values``."""
    return aclosing(cast("AsyncGenerator[T]", aiter(flow)))


@dataclass(eq=False)
class Run:
    """One collection of a feed: the filter it was for, what came out of it, and whether it is over."""

    wanted: PeopleFilter
    seen: list[Snapshot | Update] = field(default_factory=list)
    over: bool = False


class WatchedPeople(People):
    """People who note down each run of a feed: what the server did, whatever a client saw of it."""

    def __init__(self, file: PeopleFile, *, backlog: int = 256) -> None:
        super().__init__(file, backlog=backlog)
        self.runs: list[Run] = []

    def feed(self, wanted: PeopleFilter) -> Flow[Snapshot | Update]:
        run = Run(wanted)

        def started() -> None:
            self.runs.append(run)

        def ended(cause: BaseException | None) -> None:
            run.over = True

        return super().feed(wanted).on_start(started).on_each(run.seen.append).on_completion(ended)


@dataclass
class Demo:
    """A demo that is being served."""

    people: WatchedPeople
    server: Serving

    @property
    def page(self) -> str:
        return f"http://127.0.0.1:{self.server.port}/"

    @property
    def feed(self) -> str:
        return f"ws://127.0.0.1:{self.server.port}/people"

    async def all_gone(self) -> None:
        """Waits until every session there is now has ended, with its jobs; then nothing of them may be left."""
        for session in self.server.sessions:
            await session.ended()
            assert not list(session.job.children)
        await self.people.watchers.first(lambda count: count == 0)
        assert not self.server.sessions
        assert all(run.over for run in self.people.runs)

    async def one_gone(self, before: frozenset[ServerSession]) -> ServerSession:
        """Waits until one of these sessions has ended, with its jobs."""
        await self.people.watchers.first(lambda count: count == len(before) - 1)
        (gone,) = (session for session in before if not session.is_active)
        await gone.ended()
        assert not list(gone.job.children)
        assert self.server.sessions == before - {gone}
        return gone


@asynccontextmanager
async def serve_demo(path: Path, config: WebSockets = CONFIG, port: int = 0) -> AsyncGenerator[Demo]:
    async with WatchedPeople.open(path) as people, create_app(people, config).serve("127.0.0.1", port) as server:
        yield Demo(people, server)


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

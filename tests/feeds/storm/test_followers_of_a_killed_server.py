"""The same for the client of Python, on either loop: it comes back by itself, and says what it knows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random

import anyio
import pytest

from flowws import Job, coroutine_scope
from flowws.feeds import Gap, Reconnected, ReconnectPolicy, Snapshot
from flowws.flows import Backoff
from flowws.websocket import WebSocketClient
from tests.feeds.storm import news
from tests.feeds.storm.server import running

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="SIGKILL, and pipes that tell processes what to do"),
    pytest.mark.timeout(60),  # processes take their time to start
]

KILLS = 2
FAST = ["--rate", "500", "--backlog", "5000"]  # and with room enough that nobody lags
AT_ONCE = ReconnectPolicy(Backoff(0.02, longest=0.1), stable_after=0)


class Follower:
    """One who collects a feed."""

    def __init__(self, port: int, wanted: news.WireFilter) -> None:
        self.lives: list[list[int | Gap | Reconnected | Snapshot[news.Update]]] = [[]]
        """What was heard in each life of the server; an update as its number."""
        self._wanted = news.encoded(wanted)
        self._feed = WebSocketClient().feed(
            f"ws://127.0.0.1:{port}/", news.Update, filter=wanted, markers=True, policy=AT_ONCE
        )
        self._changed = anyio.Event()

    async def follow(self) -> None:
        async for each in self._feed:
            if isinstance(each, Reconnected):
                self.lives.append([])
            self.lives[-1].append(each["number"] if isinstance(each, dict) else each)
            self._changed.set()
            self._changed = anyio.Event()

    async def until(self, is_so: Callable[[Follower], bool]) -> None:
        while not is_so(self):
            await self._changed.wait()

    def is_settled(self, life: int) -> bool:
        """Whether it follows the server in this life of it."""
        return len(self.lives) == life + 1 and any(
            isinstance(each, Snapshot) or (isinstance(each, Reconnected) and each.resumed) for each in self.lives[life]
        )

    def updates(self, life: int) -> list[int]:
        return [each for each in self.lives[life] if isinstance(each, int)]

    def markers(self, life: int) -> list[object]:
        return [each for each in self.lives[life] if not isinstance(each, int)]

    def due(self, numbers: Iterable[int]) -> list[int]:
        """Those that pass its filter."""
        return [number for number in numbers if news.passes(self._wanted, number)]


async def survive(options: list[str]) -> tuple[list[Follower], int]:
    """Followers who live through some kills of their server, and the number of the last update."""
    random, port, end = Random("killed"), 0, 0
    followers: list[Follower] = []
    jobs: list[Job] = []
    async with coroutine_scope() as scope:
        for life in range(KILLS + 1):
            with running(*options, "--port", str(port)) as server:
                if not followers:
                    port = server.port
                    followers += [Follower(port, wanted) for wanted in news.FILTERS]
                    jobs += [scope.launch(each.follow) for each in followers]
                for each in followers:
                    await each.until(lambda each: each.is_settled(life))  # noqa: B023  # awaited here
                server.tell("begin")
                goal = (await server.report())["offset"] + random.randint(10, 200)
                await followers[0].until(lambda first: first.updates(life)[-1:] >= [goal])  # noqa: B023  # as above
                if life < KILLS:
                    server.kill()
                    continue
                server.tell("stop")
                end = (await server.report())["offset"]
                for each in followers:
                    last = each.due(range(1, end + 1))[-1:]
                    await each.until(lambda each: each.updates(life)[-1:] == last)  # noqa: B023  # as above
                for job in jobs:
                    await job.cancel_and_join()
    return followers, end


@pytest.fixture(params=["asyncio", "trio"])
def backend(request: pytest.FixtureRequest) -> str:
    """The loop on both sides."""
    return str(request.param)


def test_with_a_log_on_disk_nobody_misses_anything(backend: str, tmp_path: Path) -> None:
    options = [*FAST, "--backend", backend, "--log", str(tmp_path / "log")]
    followers, end = anyio.run(survive, options, backend=backend)
    for each in followers:
        assert [number for life in range(KILLS + 1) for number in each.updates(life)] == each.due(range(1, end + 1))
        first, *others = map(each.markers, range(KILLS + 1))
        assert [type(marker) for marker in first] == [Snapshot]
        for markers in others:
            (marker,) = markers
            assert isinstance(marker, Reconnected)
            assert marker.resumed


def test_without_one_everybody_is_told(backend: str) -> None:
    followers, end = anyio.run(survive, [*FAST, "--backend", backend], backend=backend)
    for each in followers:
        for life in range(KILLS + 1):
            heard = each.updates(life)
            assert heard == each.due(range(1, (heard or [0])[-1] + 1))
            if life:
                back, gap, snapshot = each.markers(life)
                assert isinstance(back, Reconnected)
                assert not back.resumed
                assert isinstance(gap, Gap)
                assert (gap.missed, gap.reason) == (None, "restart")
                assert isinstance(snapshot, Snapshot)
        assert each.updates(KILLS) == each.due(range(1, end + 1))

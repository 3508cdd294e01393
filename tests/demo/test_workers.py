"""``flowws demo --redis URL --workers 3``: one feed, whichever process serves it, and whichever is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any

import anyio
import anyio.to_thread
import pytest

from flowws import coroutine_scope
from flowws.demo import Saved
from flowws.feeds import Gap, Reconnected, ReconnectPolicy, Snapshot
from flowws.flows import Backoff
from flowws.websocket import WebSocketClient
from tests.brokers.redis.conftest import StartRedis, needs_redis, start_redis  # noqa: F401  # fixtures
from tests.brokers.redis.server import RedisServer
from tests.demo.page import Page, chromium
from tests.demo.terminal import ended, flowws, one_line, posix, ran, served

PATIENT = ReconnectPolicy(Backoff(0.02, longest=0.2))
WORKERS = 3

pytestmark = [posix, pytest.mark.timeout(60)]  # processes take their time to start


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Of the test; the demo has a loop of its own."""
    return "asyncio"


@pytest.fixture
async def redis(start_redis: StartRedis) -> RedisServer:  # noqa: F811  # the fixture
    return await start_redis()


def workers_of(process: Popen[str]) -> list[int]:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        pytest.skip("only Linux tells whose children processes are")
    return [int(each) for each in children.read_text().split()]


@asynccontextmanager
async def demo(redis: RedisServer, people: Path) -> AsyncIterator[tuple[Popen[str], str]]:
    """The command at work, and where its page is."""
    arguments = ("demo", "--port", "0", "--db", str(people), "--redis", redis.url, "--workers", str(WORKERS))
    with flowws(*arguments) as process:
        yield process, await anyio.to_thread.run_sync(served, process)


async def until(condition: Callable[[], object]) -> None:
    with anyio.fail_after(20):
        while not condition():  # noqa: ASYNC110 - what happens in other processes is no event here
            await anyio.sleep(0.01)


async def save(commands: str, *names: str) -> None:
    """By a client of its own, so at any worker; where there is none at the moment, it waits for one."""
    while True:
        try:
            async with WebSocketClient().websocket(commands) as session:
                for name in names:
                    await session.send_serialized({"type": "save", "name": name})
                    assert (await session.receive_deserialized(dict))["type"] == "committed"
                return
        except ConnectionRefusedError:
            await anyio.sleep(0.05)


async def test_everybody_sees_every_save_and_a_killed_worker_is_not_missed(tmp_path: Path, redis: RedisServer) -> None:
    async with demo(redis, tmp_path / "people.db") as (process, page):
        feed = page.replace("http", "ws") + "people"
        heard: list[list[Any]] = [[] for _ in range(9)]
        names: list[str] = []

        async def save_some(count: int) -> None:
            for _ in range(count):
                names.append(f"nr {len(names) + 1}")
                await save(f"{feed}/commands", names[-1])

        async def all_have_heard() -> None:
            await until(lambda: all(getattr(each[-1], "revision", None) == len(names) for each in heard))

        async with coroutine_scope() as scope:
            following = [
                WebSocketClient().feed(feed, Saved, policy=PATIENT, markers=True).on_each(each.append).launch_in(scope)
                for each in heard
            ]
            await until(lambda: all(heard))
            await save_some(9)
            await all_have_heard()
            for worker in workers_of(process):
                os.kill(worker, signal.SIGKILL)
                await until(lambda: worker not in workers_of(process))  # noqa: B023 - awaited at once
                await save_some(3)  # as long as it died, it might have been given a client
            await all_have_heard()
            await redis.restart()  # which has kept nothing: it does not matter
            await save_some(9)
            await all_have_heard()
            for job in following:
                await job.cancel_and_join()
        for each in heard:
            assert isinstance(each[0], Snapshot)
            assert [news.person.name for news in each if isinstance(news, Saved)] == names
            assert not [
                news for news in each if isinstance(news, Gap) or (isinstance(news, Reconnected) and not news.resumed)
            ]
        assert any(isinstance(news, Reconnected) for each in heard for news in each)
        process.send_signal(signal.SIGINT)
        code, _, err = await anyio.to_thread.run_sync(ended, process)
        assert code == 0
        assert err.count("and is replaced") == WORKERS


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[list[Page]]:
    drivers = [chromium(tmp_path / f"profile {number}") for number in range(2)]
    try:
        yield [Page(driver) for driver in drivers]
    finally:
        for driver in drivers:
            driver.quit()


@pytest.mark.browser
async def test_two_pages_see_each_other_through_the_kill_of_their_workers(
    tmp_path: Path, redis: RedisServer, pages: list[Page]
) -> None:
    async with demo(redis, tmp_path / "people.db") as (process, address):

        def visit() -> None:
            for page in pages:
                page.open(address)
            pages[0].save("Ada", "London")
            pages[1].until(lambda: pages[1].names == ["Ada"])
            for worker in workers_of(process):
                os.kill(worker, signal.SIGKILL)
            for page in pages:
                page.until(lambda page=page: page.state == "open" and page.names == ["Ada"])  # type: ignore[misc]  # as a default it is of this round
            pages[1].save("Grace", "New York")
            pages[0].until(lambda: pages[0].names == ["Grace", "Ada"])
            assert pages[0].updates == ["Grace was added", "Ada was added"]

        await anyio.to_thread.run_sync(visit)


def test_a_server_that_is_not_there_exits_6(tmp_path: Path) -> None:
    pytest.importorskip("coredis")
    people = str(tmp_path / "people.db")
    code, out, err = ran("demo", "--db", people, "--redis", f"unix://{tmp_path}/sock", "--workers", "2")
    assert (code, out) == (6, "")
    assert one_line(err)
    assert f"cannot use the Redis server: connecting to unix://{tmp_path}/sock" in err


def test_an_address_that_is_none_exits_2(tmp_path: Path) -> None:
    pytest.importorskip("coredis")
    code, out, err = ran("demo", "--db", str(tmp_path / "people.db"), "--redis", "http://ada:secret@example.org")
    assert (code, out) == (2, "")
    assert "'http://ada:***@example.org' is no address of a broker" in err


def test_without_coredis_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "coredis.py").write_text("raise ModuleNotFoundError('no coredis', name='coredis')")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    code, out, err = ran("demo", "--db", str(tmp_path / "people.db"), "--redis", "redis://localhost")
    assert (code, out) == (6, "")
    assert one_line(err)
    assert "pip install 'flowws[redis]'" in err


def test_workers_need_something_to_tell_each_other_by(tmp_path: Path) -> None:
    code, out, err = ran("demo", "--db", str(tmp_path / "people.db"), "--workers", "3")
    assert (code, out) == (2, "")
    assert "--workers needs --redis" in err

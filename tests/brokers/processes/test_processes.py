"""Several processes share a flow: each hears the same, also who was killed and came back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import anyio
import pytest

from tests.brokers.processes.program import Program, read, running
from tests.brokers.redis.server import RedisServer

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="SIGKILL, and pipes that tell processes what to do"),
    pytest.mark.timeout(60),  # processes take their time to start
]

EACH = 400  # values of a publisher
PUBLISHERS = ("ada", "bob")
TOTAL = EACH * len(PUBLISHERS)


@pytest.fixture
def server(needs_redis: None) -> Iterator[RedisServer]:
    """For a test that has no loop."""
    one = RedisServer()
    anyio.run(one.start)
    yield one
    one.close()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_all_hear_the_same_and_who_was_killed_goes_on(backend: str, server: RedisServer, tmp_path: Path) -> None:
    """Two publish, three listen. One of these is killed in the midst of it, and comes back with its position."""
    logs = [tmp_path / f"log {number}" for number in range(3)]
    with ExitStack() as stack:

        def subscriber(log: Path) -> Program:
            return stack.enter_context(running("subscribe", backend, server.url, str(log), str(TOTAL)))

        def publisher(name: str) -> Program:
            return stack.enter_context(running("publish", backend, server.url, name, str(EACH)))

        victim, *others = map(subscriber, logs)
        publishers = list(map(publisher, PUBLISHERS))
        for program in (victim, *others, *publishers):
            program.expect("ready")
        for program in publishers:
            program.go_on()
        victim.expect("so far")  # a quarter of all: a half has been published, or is about to be
        victim.kill()
        assert TOTAL // 4 <= len(read(logs[0])) <= TOTAL // 2
        for program in publishers:
            program.expect("so far")
            program.go_on()  # it is away while the second halves begin
        back = subscriber(logs[0])
        for program in (back, *others, *publishers):
            program.end()
    first, *rest = map(read, logs)
    assert rest == [first, first]
    check_order(first)


def check_order(log: list[str]) -> None:
    """Everything is there, once, and in the order of each publisher."""
    entries = [line.split() for line in log]
    assert [position.partition("-")[2] for position, _, _ in entries] == [str(1 + n) for n in range(TOTAL)]
    for publisher in PUBLISHERS:
        assert [int(number) for _, name, number in entries if name == publisher] == list(range(EACH))

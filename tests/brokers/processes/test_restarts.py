"""A server that is killed and started again, over and over: nothing piles up in the processes that live on."""

from __future__ import annotations

import gc
import logging
import sys
from pathlib import Path

import anyio
import pytest

from flowws import MutableStateFlow
from flowws.brokers import Reconnecting, RedisBroker
from tests.brokers.redis.conftest import StartRedis

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="descriptors are counted in /proc"),
    pytest.mark.timeout(60),  # fifty servers
]

RESTARTS = 50
WARM = 10  # restarts after which everything is there that is made once
OBJECTS = 1000  # so many more after the others are chance: a link that stays is more than a hundred, forty times


async def test_fifty_restarts_leave_nothing_behind(start_redis: StartRedis, caplog: pytest.LogCaptureFixture) -> None:
    server = await start_redis(appendonly="yes", appendfsync="always")
    heard = MutableStateFlow(0)
    attempts = 0

    def count(number: int) -> None:
        assert number == heard.value
        heard.value += 1

    def count_attempts(status: object) -> None:
        nonlocal attempts
        if isinstance(status, Reconnecting):
            attempts = max(attempts, status.attempt)

    async with RedisBroker(server.url) as broker, anyio.create_task_group() as jobs:
        numbers = broker.shared_flow("numbers", int)
        numbers.tap(count)
        await numbers.ready()
        jobs.start_soon(broker.status.collect, count_attempts)
        before = None
        for restart in range(RESTARTS):
            await server.restart()
            for number in range(10 * restart, 10 * restart + 10):
                await numbers.emit(number)
                await numbers.flush()
            with anyio.fail_after(10):
                await heard.first((10 * restart + 10).__eq__)
            if restart == WARM:
                before = what_there_is()
        tasks, descriptors, objects = what_there_is()
        jobs.cancel_scope.cancel()
    assert before is not None
    assert (tasks, descriptors) == before[:2]
    assert objects <= before[2] + OBJECTS
    assert heard.value == 10 * RESTARTS
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert attempts < RESTARTS  # they are counted anew in each outage


def what_there_is() -> tuple[int, int, int]:
    """Tasks, open descriptors, objects."""
    gc.collect()
    return len(anyio.get_running_tasks()), len(list(Path("/proc/self/fd").iterdir())), len(gc.get_objects())

"""Real Redis servers, each in a process and a folder of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from .server import RedisServer

StartRedis = Callable[..., Awaitable[RedisServer]]


@pytest.fixture
def needs_redis() -> None:
    """CI fails without a Redis server, a developer's machine skips."""
    if shutil.which("redis-server") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI has no redis-server: these tests must not go unseen", pytrace=False)
        pytest.skip("redis-server not found (Debian: apt install redis-server)")


@pytest.fixture
async def start_redis(needs_redis: None) -> AsyncIterator[StartRedis]:
    """Starts servers, which end with the test: ``await start_redis(appendonly="yes")``."""
    servers: list[RedisServer] = []

    async def start(**options: str) -> RedisServer:
        server = RedisServer(**options)
        servers.append(server)
        await server.start()
        return server

    yield start
    for server in servers:
        server.close()


@pytest.fixture
async def redis(start_redis: StartRedis) -> RedisServer:
    """One server, which keeps nothing."""
    return await start_redis()

"""The same tests on every ASGI server, and on every loop that it knows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, TypeAlias

import pytest

from tests.websocket.asgi.serving import AsgiServer, ServerName, serving

Serve: TypeAlias = Callable[..., Awaitable[AsgiServer]]


@pytest.fixture(
    scope="module",
    params=[("uvicorn", "asyncio"), ("hypercorn", "asyncio"), ("hypercorn", "trio")],
    ids=["uvicorn", "hypercorn", "hypercorn on trio"],
)
def server_and_loop(request: pytest.FixtureRequest) -> tuple[ServerName, str]:
    pair: tuple[ServerName, str] = request.param
    return pair


@pytest.fixture(scope="module")
def anyio_backend(server_and_loop: tuple[ServerName, str]) -> tuple[str, dict[str, object]]:
    return (server_and_loop[1], {})


@pytest.fixture(scope="module")
def server_name(server_and_loop: tuple[ServerName, str]) -> ServerName:
    return server_and_loop[0]


@pytest.fixture
async def serve(server_name: ServerName) -> AsyncIterator[Serve]:
    """Starts applications, and ends them with the test."""
    async with AsyncExitStack() as stack:

        async def start(app: Any, **options: Any) -> AsgiServer:
            return await stack.enter_async_context(serving(server_name, app, **options))

        yield start

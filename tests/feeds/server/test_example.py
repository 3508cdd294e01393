"""examples/filtered_feed.py does what it says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowws.websocket import WebSocketClient

EXAMPLE = Path(__file__).parents[3] / "examples" / "filtered_feed.py"

pytestmark = pytest.mark.anyio


@pytest.fixture
def url() -> Iterator[str]:
    """Where the example is at work."""
    with subprocess.Popen([sys.executable, str(EXAMPLE), "0"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.kill()


async def test_the_example_filters_for_its_client(url: str) -> None:
    async with WebSocketClient().websocket(url.replace("warm", '["eq","room","attic"]')) as session:
        messages = aiter(session.incoming_as(dict))
        assert (await anext(messages))["subscribed"] == ""
        assert isinstance((await anext(messages))["snapshot"], list)
        assert [(await anext(messages))["update"]["room"] for _ in range(2)] == ["attic", "attic"]
        await session.send('{"filter": "warm", "id": 0}')
        async for message in messages:
            if "filter" in message:
                break
        assert all(each["celsius"] >= 22 for each in (await anext(messages))["snapshot"])

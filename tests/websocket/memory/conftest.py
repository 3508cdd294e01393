"""The memory engine is no matter of choice: each test runs once on each loop."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module", params=[("asyncio", {}), ("trio", {})], ids=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param

"""`MemoryBroker` keeps the contract of all brokers, and what is its own."""

from __future__ import annotations

from flowws.brokers import MemoryBroker
from flowws.testing import check_broker


async def test_it_keeps_the_contract() -> None:
    await check_broker(MemoryBroker)

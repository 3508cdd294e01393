"""What a process hears of a topic, and what was to be heard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio

from flowws.brokers import BrokeredSharedFlow, BrokerStatus, Gap, RedisBroker


class Heard:
    """What a process hears of a topic, from the first value on, gaps included."""

    def __init__(self, flow: BrokeredSharedFlow[Any]) -> None:
        self.flow = flow
        self.items: list[Any] = []
        self._news = anyio.Event()
        flow.tap(self._heard)

    def _heard(self, item: Any) -> None:
        self.items.append(item)
        self._news.set()

    @property
    def values(self) -> list[Any]:
        return [item for item in self.items if not isinstance(item, Gap)]

    @property
    def gaps(self) -> list[Gap]:
        return [item for item in self.items if isinstance(item, Gap)]

    async def until(self, is_there: Callable[[Heard], bool]) -> None:
        """Wait until what has been heard is as it should be."""
        with anyio.fail_after(15):
            while not is_there(self):
                self._news = anyio.Event()
                await self._news.wait()

    async def until_many(self, count: int) -> None:
        """Wait for so many items."""
        await self.until(lambda heard: len(heard.items) >= count)

    async def until_at_least(self, value: int) -> None:
        """Wait for a value that is as large as this one, or larger."""
        await self.until(lambda heard: any(each >= value for each in heard.values[-1:]))

    async def until_value(self, value: object) -> None:
        """Wait for a value."""
        await self.until(lambda heard: value in heard.items[-1:])


async def listen(broker: RedisBroker, name: str = "numbers", **options: Any) -> Heard:
    """Hear a topic of numbers from now on."""
    heard = Heard(broker.shared_flow(name, int, on_gap="deliver", **options))
    await heard.flow.ready()
    return heard


async def status_is(broker: RedisBroker, kind: type[BrokerStatus], within: float = 10) -> Any:
    """Wait until the status of a broker is one of a kind."""
    with anyio.fail_after(within):
        return await broker.status.first(lambda status: isinstance(status, kind))

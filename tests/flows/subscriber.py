"""A subscriber that takes values when the test says so."""

from __future__ import annotations

from typing import Any

from flowws import SharedFlow


class Subscriber:
    """Takes values when told to, one by one."""

    def __init__(self, shared: SharedFlow[Any]) -> None:
        self.values: Any = aiter(shared)

    async def take(self, count: int = 1) -> list[Any]:
        """The next values, which must be there already."""
        return [await anext(self.values) for _ in range(count)]

    async def leave(self) -> None:
        await self.values.aclose()

"""A channel that outlives its loop: what it has learnt of the first one must not get in the way on the next."""

from __future__ import annotations

import anyio
import pytest

from flowws import Channel, coroutine_scope, select


@pytest.mark.parametrize("loop_name", ["asyncio", "trio"])
@pytest.mark.parametrize("capacity", [0, 1])
def test_a_channel_goes_on_on_another_loop(loop_name: str, capacity: int) -> None:
    numbers = Channel[int](capacity)

    async def three() -> list[int]:
        async def produce() -> None:
            for n in range(3):
                await numbers.send(n)

        async with coroutine_scope() as scope:
            scope.launch(produce)
            return [await numbers.receive(), await select(numbers.on_receive()), await numbers.receive()]

    assert anyio.run(three, backend=loop_name) == [0, 1, 2]
    assert anyio.run(three, backend=loop_name) == [0, 1, 2]

"""What a channel keeps, and for how long."""

from __future__ import annotations

import gc
import weakref

from flowws import (
    Channel,
    coroutine_scope,
)
from tests.core.observing import turns


async def test_elements_and_channel_are_freed() -> None:
    class Cargo:
        pass

    async def run() -> list[weakref.ref[object]]:
        channel = Channel[Cargo](2)
        cargoes = [Cargo() for _ in range(4)]
        async with coroutine_scope() as scope:
            for cargo in cargoes:
                scope.launch(channel.send, cargo)
            await turns()
            await channel.receive()
            channel.cancel()
        refs: list[weakref.ref[object]] = [weakref.ref(channel)]
        refs += [weakref.ref(cargo) for cargo in cargoes]
        return refs

    refs = await run()
    await turns()
    gc.collect()
    assert [ref() for ref in refs] == [None] * 5


async def test_a_received_element_is_not_kept_by_the_channel() -> None:
    class Cargo:
        pass

    channel = Channel[Cargo]()
    async with coroutine_scope() as scope:
        scope.launch(channel.send, Cargo())
        ref = weakref.ref(await channel.receive())
    await turns()
    gc.collect()
    assert ref() is None
    channel.close()

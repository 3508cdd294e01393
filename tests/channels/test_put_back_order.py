"""What is put back goes before what was sent later, also when an equal element was put back long ago."""

from __future__ import annotations

import asyncio

import pytest

from flowws import Channel


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # nowhere else is a receiver cancelled after the hand-over
async def test_an_element_that_was_put_back_and_taken_is_no_longer_looked_for() -> None:
    channel = Channel[int](8)
    for sent in ([1], [2, 1]):
        receiver = asyncio.create_task(channel.receive())
        await asyncio.sleep(0)
        for element in sent:
            assert channel.try_send(element).is_success
        receiver.cancel()
        await asyncio.wait([receiver])
        assert [channel.try_receive().get_or_none() for _ in sent] == sent

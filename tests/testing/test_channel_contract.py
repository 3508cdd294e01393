"""`check_channel`: every kind of channel here keeps the contract, and one that breaks it is told how."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

import pytest

from flowws import BufferOverflow, CancellationError, Channel
from flowws.testing import ChannelLike, TestScope, check_channel

SUSPEND, DROP_OLDEST, DROP_LATEST = BufferOverflow.SUSPEND, BufferOverflow.DROP_OLDEST, BufferOverflow.DROP_LATEST


@pytest.mark.parametrize(
    ("capacity", "overflow", "room"),
    [
        (Channel.RENDEZVOUS, SUSPEND, 0),
        (1, SUSPEND, 1),
        (7, SUSPEND, 7),
        (Channel.BUFFERED, SUSPEND, 64),
        (Channel.UNLIMITED, SUSPEND, inf),
        (1, DROP_OLDEST, 1),
        (5, DROP_OLDEST, 5),
        (Channel.RENDEZVOUS, DROP_OLDEST, 1),
        (1, DROP_LATEST, 1),
        (5, DROP_LATEST, 5),
    ],
)
async def test_every_kind_of_channel_keeps_the_contract(capacity: int, overflow: BufferOverflow, room: float) -> None:
    await check_channel(lambda lost: Channel[Any](capacity, overflow, lost), room=room, on_buffer_overflow=overflow)


async def test_a_conflated_channel_keeps_the_contract() -> None:
    await check_channel(
        lambda lost: Channel[Any](Channel.CONFLATED, on_undelivered_element=lost),
        room=1,
        on_buffer_overflow=DROP_OLDEST,
    )


class TwiceDelivered(Channel[Any]):
    async def receive(self) -> Any:
        element = await super().receive()
        self._buffer.appendleft(element)
        return element


class Forgetful(Channel[Any]):
    def cancel(self, cause: CancellationError | None = None) -> None:
        self._buffer.clear()
        super().cancel(cause)


class DeafToClosing(Channel[Any]):
    def _end_receivers(self) -> None:
        """Leave them parked."""


class Roomless(Channel[Any]):
    def __init__(self, capacity: int, **options: Any) -> None:
        super().__init__(capacity - 1, **options)


@pytest.mark.parametrize(
    ("broken", "promise"),
    [
        (TwiceDelivered, "senders wait for room, first come, first served"),
        (Forgetful, "a cancelled channel drops what it holds"),
        (DeafToClosing, "elements come out in the order in which they went in, each once"),
        (Roomless, "a full channel does what its overflow policy says"),
    ],
)
async def test_a_broken_channel_is_told_which_promise_it_broke(
    broken: Callable[..., ChannelLike], promise: str, test_scope: TestScope
) -> None:
    with pytest.raises(AssertionError) as caught:
        await check_channel(lambda lost: broken(3, on_undelivered_element=lost), room=3)
    assert any(promise in note for note in caught.value.__notes__)

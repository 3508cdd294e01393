"""`check_channel`: the contract of all channels, for any implementation."""

from __future__ import annotations

from flowws._core import coroutine_scope
from flowws.channels import BufferOverflow

from ._channel_promises import PROMISES, Promise
from ._channel_trial import ChannelFactory, Trial

_PATIENCE = 5.0  # seconds per promise, each of which takes a sound channel some turns of the loop


async def check_channel(
    make: ChannelFactory, *, room: float, on_buffer_overflow: BufferOverflow = BufferOverflow.SUSPEND
) -> None:
    """Check a kind of channel against what all of them promise. An `AssertionError` names the promise that is broken.

    Args:
        make: makes a new, empty channel that calls its argument with every element that will reach nobody.
        room: how many elements wait in such a channel while nobody receives; infinity for no limit.
        on_buffer_overflow: what it does when there is no more room.

    >>> async def test(scope):
    ...     await check_channel(lambda undelivered: Channel(3, on_undelivered_element=undelivered), room=3)
    >>> from flowws.testing import run_test
    >>> run_test(test)
    """
    for promise in PROMISES:
        if promise.applies(room, on_buffer_overflow):
            try:
                await _check(promise, make, room, on_buffer_overflow)
            except Exception as failure:
                failure.add_note(f"This channel breaks a promise: {promise.words}")
                raise


async def _check(promise: Promise, make: ChannelFactory, room: float, overflow: BufferOverflow) -> None:
    import anyio

    with anyio.move_on_after(_PATIENCE) as patience:
        async with coroutine_scope() as scope:
            await promise.check(Trial(make, room, overflow, scope))
    if patience.cancelled_caught:
        raise AssertionError(f"somebody waited for ever: {_PATIENCE:g} s")

"""`check_broker`: the contract of all brokers, for any implementation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import anyio

from flowws._core import coroutine_scope
from flowws.brokers import Broker

from ._broker_flow_promises import FLOW_PROMISES
from ._broker_promises import TOPIC_PROMISES, BrokerPromise
from ._broker_trial import BrokerTrial

_PATIENCE: Final = 15.0  # seconds per promise, each of which takes a sound broker some milliseconds


async def check_broker(make: Callable[[], Broker]) -> None:
    """Check a kind of broker against what all of them promise. An `AssertionError` names the promise that is broken.

    Needs a server that works, if there is one: what happens when it does not is for tests of the backend's own. Topics
    are new ones with names that nobody else has; they are left behind.

    Args:
        make: makes a broker whose block has not been entered.

    >>> from flowws.brokers import MemoryBroker
    >>> from flowws.testing import check_broker
    >>> await check_broker(MemoryBroker)
    """
    for promise in (*TOPIC_PROMISES, *FLOW_PROMISES):
        try:
            await _check(promise, make)
        except Exception as failure:
            failure.add_note(f"This broker breaks a promise: {promise.words}")
            raise


async def _check(promise: BrokerPromise, make: Callable[[], Broker]) -> None:
    with anyio.move_on_after(_PATIENCE) as patience:
        async with make() as broker, coroutine_scope() as scope:
            await promise.check(BrokerTrial(broker, scope))
    if patience.cancelled_caught:
        raise AssertionError(f"somebody waited for ever: {_PATIENCE:g} s")

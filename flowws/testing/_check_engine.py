"""`check_engine`: the contract of all engines, for any implementation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import anyio

from flowws.websocket import MemoryEngine
from flowws.websocket.engines import Engine

from ._engine_endings import ENDING_PROMISES
from ._engine_handshakes import HANDSHAKE_PROMISES
from ._engine_promises import FRAME_PROMISES, EnginePromise
from ._engine_trial import EngineTrial, Ground, Opposite, Role, ScriptedEndpoint
from ._memory_ground import MemoryGround
from ._socket_ground import SocketGround

_PATIENCE: Final = 5.0  # seconds per promise, each of which takes a sound engine some milliseconds


async def check_engine(engine: Engine | type[MemoryEngine], *, roles: tuple[Role, ...] = ("server", "client")) -> None:
    """Check an engine against what all of them promise, over real connections of this machine. An `AssertionError`
    names the promise that is broken.

    What the engine says that it cannot do (`Engine.can`) is not asked for; nor are handshakes of one that does not show
    each frame, because that has somebody else do them.

    Args:
        engine: an engine of the loop that runs here; or the class `MemoryEngine`, which needs no connections.
        roles: on which sides of a connection it is to be tried.
    """
    ground: Ground = MemoryGround() if isinstance(engine, type) else SocketGround(engine)
    for role in roles:
        for promise in (*FRAME_PROMISES, *ENDING_PROMISES):
            if role in promise.roles and promise.needs(ground.can, role):
                await _check(promise, ground, role)
    if isinstance(ground, SocketGround) and ground.can.raw:
        for handshake in HANDSHAKE_PROMISES:
            if handshake.role in roles:
                await _in_time(partial(handshake.check, ground), f"{ground.name}, {handshake.role}: {handshake.words}")


async def _check(promise: EnginePromise, ground: Ground, role: Role) -> None:
    """Check one promise on a connection of its own."""

    async def check() -> None:
        endpoint = ScriptedEndpoint()
        async with ground.connect(role, endpoint) as line:
            await endpoint.opened()
            await promise.check(EngineTrial(ground, role, endpoint, Opposite(line, role)))

    await _in_time(check, f"{ground.name}, {role}: {promise.words}")


async def _in_time(check: Callable[[], Awaitable[None]], words: str) -> None:
    try:
        with anyio.move_on_after(_PATIENCE) as patience:
            await check()
        if patience.cancelled_caught:
            raise AssertionError(f"somebody waited for ever: {_PATIENCE:g} s")
    except Exception as failure:
        failure.add_note(f"This engine breaks a promise: {words}")
        raise

"""`check_engine`: every engine here keeps the contract, and one that breaks it is told how."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import anyio
import pytest

from flowws.testing import TestScope, check_engine
from flowws.websocket import MemoryEngine
from flowws.websocket.engines import Connection, Endpoint, _memory, _sansio
from flowws.websocket.engines._sansio_connection import SansioConnection
from tests.testing.asgi_ground import AsgiEngine


@pytest.mark.asyncio_only("picows needs asyncio")
@pytest.mark.parametrize("role", ["server", "client"])
async def test_picows_keeps_the_contract(role: Any) -> None:
    picows: Any = pytest.importorskip("flowws.websocket.engines._picows")
    await check_engine(picows, roles=(role,))


@pytest.mark.parametrize("role", ["server", "client"])
async def test_sansio_keeps_the_contract(role: Any) -> None:
    engine: Any = _sansio
    await check_engine(engine, roles=(role,))


def test_picows_keeps_the_contract_on_uvloop() -> None:
    pytest.importorskip("uvloop")
    picows: Any = pytest.importorskip("flowws.websocket.engines._picows")
    anyio.run(check_engine, picows, backend_options={"use_uvloop": True})


@pytest.mark.asyncio_only("uvicorn needs asyncio")
async def test_asgi_keeps_the_contract_behind_uvicorn() -> None:
    await check_engine(AsgiEngine("uvicorn"), roles=("server",))


async def test_asgi_keeps_the_contract_behind_hypercorn() -> None:
    await check_engine(AsgiEngine("hypercorn"), roles=("server",))


async def test_memory_keeps_the_contract() -> None:
    await check_engine(MemoryEngine)


async def test_memory_keeps_the_contract_in_virtual_time(test_scope: TestScope) -> None:
    await check_engine(MemoryEngine)


# Who breaks it


class AnswersPings(SansioConnection):
    def begin(self, open_endpoint: Any, rest: bytes) -> None:
        def open_helpful(connection: Connection) -> Endpoint:
            endpoint: Any = open_endpoint(connection)

            class Helpful(type(endpoint)):  # type: ignore[misc]  # whatever it is, with a helping hand
                def frame_received(self, opcode: int, payload: bytes, fin: bool, rsv: int) -> None:
                    if opcode == 9:
                        connection.write(10, payload)
                    super().frame_received(opcode, payload, fin, rsv)

            endpoint.__class__ = Helpful
            helpful: Endpoint = endpoint
            return helpful

        super().begin(open_helpful, rest)


class LosesFragments(SansioConnection):
    def write_frame(self, opcode: int, payload: bytes, *, fin: bool, rsv: int) -> None:
        super().write_frame(opcode, payload, fin=True, rsv=rsv)


class TalksOn(SansioConnection):
    def write_close(self, code: int, message: str) -> None:
        super().write_close(code, message)
        self._has_said_close = False


class KeepsTheEnd(SansioConnection):
    def lost(self, cause: BaseException | None) -> None:
        super().lost(None)


class TellsInTheMidst(SansioConnection):
    def abort(self) -> None:
        super().abort()
        self.lost(None)


class FramesTwice(SansioConnection):
    def write_wire(self, data: bytes) -> None:
        self.write(2, data)


class SameKey(SansioConnection):
    def write(self, opcode: int, payload: str | bytes) -> None:
        import random
        import secrets

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(secrets, "token_bytes", random.Random(1).randbytes)
            super().write(opcode, payload)


@pytest.mark.parametrize(
    ("kind", "role", "promise"),
    [
        (AnswersPings, "server", "control frames are given to the session, and answered by nobody else"),
        (LosesFragments, "server", "a frame is written with the bits that it has"),
        (FramesTwice, "server", "frames that are bytes already leave in their turn, as they are"),
        (TalksOn, "client", "our Close frame is the last that leaves (W43)"),
        (KeepsTheEnd, "server", "a reset is told as a ConnectionResetError (W71)"),
        (TellsInTheMidst, "client", "the end is told in a turn of its own"),
        (SameKey, "client", "a client masks each frame with a new key (W52)"),
    ],
)
async def test_an_engine_that_breaks_a_promise_is_told_which(
    kind: type[SansioConnection], role: Any, promise: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_memory, "SansioConnection", kind)
    monkeypatch.setattr("flowws.testing._check_engine._PATIENCE", 1.0)  # for what an engine does not do at all
    with pytest.raises(AssertionError) as caught:
        await check_engine(MemoryEngine, roles=(role,))
    assert caught.value.__notes__ == [f"This engine breaks a promise: memory, {role}: {promise}"]


async def test_what_an_engine_cannot_do_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    less = SimpleNamespace(raw=False, pings=False, server_masking=False, server_may_limit=False)
    monkeypatch.setattr("flowws.testing._memory_ground.MemoryGround.can", less)
    monkeypatch.setattr(_memory, "SansioConnection", LosesFragments)
    await check_engine(MemoryEngine)

"""Any bytes, whole or in pieces, give the same frames and the same failure on every engine."""

from __future__ import annotations

from functools import partial
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowws.testing._engine_trial import Role, ScriptedEndpoint
from flowws.testing._memory_ground import MemoryGround
from flowws.testing._socket_ground import SocketGround
from flowws.websocket.engines import _sansio
from tests.websocket.fuzz.wire_stories import TOLD, cuts, stories

LIMIT = 1000


def grounds() -> list[Any]:
    picows = pytest.importorskip("flowws.websocket.engines._picows")
    sansio: Any = _sansio
    return [MemoryGround(), SocketGround(sansio), SocketGround(picows)]


async def told(ground: Any, role: Role, pieces: list[bytes]) -> list[Any]:
    """What an engine makes of the bytes of a peer who then hangs up."""
    endpoint = ScriptedEndpoint()
    async with ground.connect(role, endpoint) as line:
        await endpoint.opened()
        endpoint.connection.limit_frames(LIMIT)
        try:
            for piece in pieces:
                await line.write(piece)
                await anyio.lowlevel.checkpoint()
            line.end()
        except OSError:  # the engine has had enough
            pass
        await endpoint.until_told("lost")
    return [news for news in endpoint.log if news[0] not in ("lost", "eof", "paused", "resumed")]


def before_the_end(log: list[Any]) -> list[Any]:
    """The messages and pings before a Close frame or a failure, each of which is the last that counts.

    Whether there is a failure, and its code, is not compared between engines: one sees a violation before the last byte
    of its frame, another only then; one judges what a Close frame says, another leaves that to the session; and of two
    wrong frames in a row either may be the one that is told. Sessions are compared in test_fuzz_sessions.py.
    """
    failures = [index for index, news in enumerate(log) if news[0] == "failed"]
    assert failures in ([], [len(log) - 1]), f"something comes after a failure: {log!r}"
    ends = failures + [index for index, news in enumerate(log) if news[:2] == ("frame", 8)]
    return log[: min(ends)] if ends else log


@pytest.mark.parametrize("role", ["server", "client"])
@TOLD
@given(data=st.data())
def test_the_engines_agree_however_the_bytes_are_cut(role: Role, data: st.DataObject) -> None:
    story = data.draw(stories(masked=role == "server"))
    pieces = data.draw(cuts(story))

    async def all_of_it() -> None:
        with anyio.fail_after(10):
            expected = before_the_end(await told(MemoryGround(), role, [story]))
            for ground in grounds():
                for version in ([story], pieces):
                    assert before_the_end(await told(ground, role, version)) == expected, ground.name

    anyio.run(all_of_it)


@TOLD
@given(data=st.data())
def test_sansio_agrees_with_itself_on_trio(data: st.DataObject) -> None:
    story = data.draw(stories(masked=True))
    pieces = data.draw(cuts(story))
    ground = grounds()[1]
    whole = anyio.run(partial(told, ground, "server", [story]), backend="trio")
    assert anyio.run(partial(told, ground, "server", pieces), backend="trio") == whole

"""What every engine promises about limits, violations and the end of a connection; the table is at the end."""

from __future__ import annotations

from typing import Final

from ._engine_promises import EnginePromise, raw
from ._engine_trial import BINARY, CLOSE, MAX_FRAME_SIZE, PING, TEXT, EngineTrial
from ._settling import settle_now


async def _fails_with(it: EngineTrial, code: int) -> None:
    """The engine says the code on the wire, tells the session, and the connection ends."""
    await it.endpoint.until()
    assert it.log[0] == ("failed", code), f"the engine told {it.log[0]!r} where it had to fail with {code}"
    opcode, payload, _, _ = await it.peer.next()
    assert (opcode, int.from_bytes(payload[:2], "big")) == (CLOSE, code)
    it.peer.end()
    await it.endpoint.until_told("lost")


# Limits and violations


async def _too_big(it: EngineTrial) -> None:
    announced = it.peer.bytes_of(BINARY, b"x" * (MAX_FRAME_SIZE + 1))
    await it.peer.write(announced[:14])
    await _fails_with(it, 1009)


async def _limit_raised(it: EngineTrial) -> None:
    more = MAX_FRAME_SIZE + 10
    try:
        it.connection.limit_frames(more)
    except ValueError:
        assert it.role == "client" or not it.can.server_may_limit, "limit_frames refuses what the engine says it can do"
        await it.peer.send(BINARY, b"x" * more)
        await it.endpoint.until()
        assert it.log[0] == ("failed", 1009)
    else:
        await it.peer.send(BINARY, b"x" * more)
        assert len((await it.endpoint.until())[0][2]) == more


async def _limit_lowered(it: EngineTrial) -> None:
    it.connection.limit_frames(100)
    await it.peer.send(BINARY, b"x" * 100)
    assert len((await it.endpoint.until())[0][2]) == 100
    await it.peer.send(BINARY, b"x" * 101)
    await it.endpoint.until(2)
    assert it.log[1] == ("failed", 1009)


async def _limit_of_messages(it: EngineTrial) -> None:
    it.connection.limit_frames(10)
    await it.peer.send(PING, b"x" * 125)
    await it.peer.send(BINARY, b"x" * 10)
    assert len(await it.endpoint.until(2)) == 2
    assert [news[0] for news in it.log] == ["frame", "frame"], it.log
    late = (it.peer.bytes_of(opcode, b"late") for opcode in (TEXT, BINARY, PING))
    await it.peer.write(it.peer.bytes_of(BINARY, b"x" * 11) + b"".join(late))
    await it.endpoint.until(3)
    await settle_now()
    assert it.log[2:] == [("failed", 1009)] + [("lost",)] * (len(it.log) - 3)


async def _wrong_opcode(it: EngineTrial) -> None:
    await it.peer.send(3, b"x")
    await _fails_with(it, 1002)


async def _wrong_mask(it: EngineTrial) -> None:
    await it.peer.send(TEXT, b"x", masked=it.role == "client")
    await _fails_with(it, 1002)


async def _control_in_fragments(it: EngineTrial) -> None:
    await it.peer.send(PING, b"x", fin=False)
    await _fails_with(it, 1002)


async def _control_too_long(it: EngineTrial) -> None:
    await it.peer.send(PING, b"x" * 126)
    await _fails_with(it, 1002)


async def _deaf_after_failure(it: EngineTrial) -> None:
    await it.peer.write(it.peer.bytes_of(TEXT, b"good") + it.peer.bytes_of(3, b"") + it.peer.bytes_of(TEXT, b"late"))
    await it.endpoint.until(2)
    await settle_now()
    assert it.log[:2] == [("text", "good"), ("failed", 1002)]
    assert ("text", "late") not in it.log


# Endings


async def _last_words(it: EngineTrial) -> None:
    it.connection.write(TEXT, "before")
    it.connection.write_close(4000, "enough")
    it.connection.write(TEXT, "after")
    it.connection.close()
    assert (await it.peer.next())[1] == b"before"
    assert (await it.peer.next())[:2] == (CLOSE, b"\x0f\xa0enough")
    await _answer_close(it)
    await _nothing_more(it)
    it.peer.end()
    await it.endpoint.until_told("lost")
    assert it.log[-1] == ("lost",)


async def _answer_close(it: EngineTrial) -> None:
    """As the RFC asks; some servers wait for it."""
    try:
        await it.peer.send(CLOSE, b"\x0f\xa0enough")
    except OSError:  # the engine has hung up already
        pass


async def _nothing_more(it: EngineTrial) -> None:
    try:
        more = await it.peer.next()
    except (EOFError, ConnectionError):
        return
    raise AssertionError(f"{more!r} was written after our Close frame")


async def _own_close_payload(it: EngineTrial) -> None:
    it.connection.write_frame(CLOSE, b"", fin=True, rsv=0)
    assert await it.peer.next() == (CLOSE, b"", True, 0)


async def _closed(it: EngineTrial) -> None:
    it.connection.write(BINARY, b"x" * 60_000)
    it.connection.close()
    assert len((await it.peer.next())[1]) == 60_000, "close does not wait for what was written"
    await it.peer.ended()
    it.peer.end()
    await it.endpoint.until_told("lost")
    assert it.endpoint.lost_to is None


async def _aborted(it: EngineTrial) -> None:
    it.connection.abort()
    await it.peer.ended()
    assert await it.endpoint.until() == [("lost",)]
    it.connection.abort()
    it.connection.close()
    it.connection.write(TEXT, "into the void")
    flushed: list[bool] = []
    it.connection.on_flushed(lambda: flushed.append(True))
    assert flushed, "on_flushed waits for a connection that is over"
    await settle_now()


async def _aborted_in_turn(it: EngineTrial) -> None:
    it.connection.abort()
    assert it.log == [], "the session was told in the midst of its own call"
    await it.endpoint.until_told("lost")


async def _hung_up(it: EngineTrial) -> None:
    await it.peer.send(TEXT, b"last")
    it.peer.end()
    assert await it.endpoint.until(3) == [("text", "last"), ("eof",), ("lost",)]
    assert isinstance(it.endpoint.lost_to, EOFError), f"lost to {it.endpoint.lost_to!r}, not to an EOFError (W71)"


async def _hung_up_inside(it: EngineTrial) -> None:
    await it.peer.write(it.peer.bytes_of(TEXT, b"never whole")[:5])
    it.peer.end()
    assert await it.endpoint.until(2) == [("eof",), ("lost",)]


async def _reset(it: EngineTrial) -> None:
    it.peer.reset()
    await it.endpoint.until_told("lost")
    cause = it.endpoint.lost_to
    assert isinstance(cause, ConnectionResetError), f"lost to {cause!r}, not to a ConnectionResetError (W71)"


ENDING_PROMISES: Final = (
    EnginePromise("a frame that is too big fails with 1009 before its payload arrives (W35)", _too_big, needs=raw),
    EnginePromise("the limit of frames is raised, or that is refused with ValueError (W36)", _limit_raised, needs=raw),
    EnginePromise("the limit of frames can be lowered (W36)", _limit_lowered, needs=raw),
    EnginePromise(
        "control frames have a limit of their own; nothing is read after a failure", _limit_of_messages, needs=raw
    ),
    EnginePromise("an unknown opcode fails with 1002 (W94)", _wrong_opcode, needs=raw),
    EnginePromise("a frame masked, or not, against its role fails with 1002 (W100)", _wrong_mask, needs=raw),
    EnginePromise("a control frame in fragments fails with 1002 (W95)", _control_in_fragments, needs=raw),
    EnginePromise("a control frame beyond 125 bytes fails with 1002 (W96)", _control_too_long, needs=raw),
    EnginePromise("after a violation nothing more is read", _deaf_after_failure, needs=raw),
    EnginePromise("our Close frame is the last that leaves (W43)", _last_words),
    EnginePromise("a Close frame may be written as it is", _own_close_payload, needs=raw),
    EnginePromise("close sends what was written, then ends the connection (W42)", _closed, needs=raw),
    EnginePromise("abort ends the connection, once; later calls do no harm", _aborted),
    EnginePromise("the end is told in a turn of its own", _aborted_in_turn),
    EnginePromise(
        "the end of the stream is told, then the connection is over by an EOFError (W71)", _hung_up, needs=raw
    ),
    EnginePromise("half a frame before the end is no frame", _hung_up_inside, needs=raw),
    EnginePromise("a reset is told as a ConnectionResetError (W71)", _reset, needs=raw),
)

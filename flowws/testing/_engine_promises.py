"""What every engine promises about frames, one function per promise; the table is at the end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from flowws.websocket.engines import Abilities, frame_bytes

from ._engine_trial import BINARY, CLOSE, CONTINUATION, MAX_FRAME_SIZE, PING, PONG, TEXT, EngineTrial, Role
from ._settling import settle_now

SIZES: Final = (0, 1, 125, 126, 127, 65535, 65536, MAX_FRAME_SIZE)
"""Where the length of a frame is written in another way, and the largest."""


# Reading


async def _texts(it: EngineTrial) -> None:
    texts = ["", "a", "gr\u00fc\u00dfe", "x" * 200]
    for text in texts:
        await it.peer.send(TEXT, text.encode())
    assert await it.endpoint.until(4) == [("text", text) for text in texts]


async def _binary(it: EngineTrial) -> None:
    await it.peer.send(BINARY, b"\x00\xff")
    assert await it.endpoint.until() == [("frame", BINARY, b"\x00\xff", True, 0)]


async def _sizes_in(it: EngineTrial) -> None:
    for count, size in enumerate(SIZES, 1):
        await it.peer.send(BINARY, b"x" * size)
        log = await it.endpoint.until(count)
        assert len(log[-1][2]) == size, f"{size} bytes were sent, and {len(log[-1][2])} arrived"


async def _not_utf8(it: EngineTrial) -> None:
    await it.peer.send(TEXT, b"\xc3\x28")
    assert await it.endpoint.until() == [("frame", TEXT, b"\xc3\x28", True, 0)]


async def _fragments(it: EngineTrial) -> None:
    await it.peer.send(TEXT, b"\xc3", fin=False)
    await it.peer.send(PING, b"between")
    await it.peer.send(CONTINUATION, b"\xbc", fin=False)
    await it.peer.send(CONTINUATION, b"")
    assert await it.endpoint.until(4) == [
        ("frame", TEXT, b"\xc3", False, 0),
        ("frame", PING, b"between", True, 0),
        ("frame", CONTINUATION, b"\xbc", False, 0),
        ("frame", CONTINUATION, b"", True, 0),
    ]


async def _reserved_bits(it: EngineTrial) -> None:
    for rsv in (4, 2, 1, 7):
        await it.peer.send(TEXT, b"x", rsv=rsv)
    assert await it.endpoint.until(4) == [("frame", TEXT, b"x", True, rsv) for rsv in (4, 2, 1, 7)]


async def _control(it: EngineTrial) -> None:
    for opcode in (PING, PONG, CLOSE):
        await it.peer.send(opcode, b"\x03\xe8why")
    assert await it.endpoint.until(3) == [("frame", opcode, b"\x03\xe8why", True, 0) for opcode in (PING, PONG, CLOSE)]
    await settle_now()
    it.connection.write(TEXT, "first")
    assert (await it.peer.next())[1] == b"first", "the engine has answered by itself"


async def _byte_by_byte(it: EngineTrial) -> None:
    data = it.peer.bytes_of(TEXT, b"x" * 130) + it.peer.bytes_of(BINARY, b"y", fin=False)
    for index in range(len(data)):
        await it.peer.write(data[index : index + 1])
        await settle_now()
    assert await it.endpoint.until(2) == [("text", "x" * 130), ("frame", BINARY, b"y", False, 0)]


async def _many_at_once(it: EngineTrial) -> None:
    await it.peer.write(b"".join(it.peer.bytes_of(TEXT, str(number).encode()) for number in range(1000)))
    assert await it.endpoint.until(1000) == [("text", str(number)) for number in range(1000)]


async def _paused_reading(it: EngineTrial) -> None:
    await it.peer.send(TEXT, b"before")
    await it.endpoint.until()
    it.connection.pause_reading()
    await settle_now()
    for number in range(5):
        await it.peer.send(TEXT, str(number).encode())
        await settle_now()
    # One that is asked for already may come: ASGI has no way to take that back.
    assert len(it.log) <= (1 if it.can.raw else 2), f"frames come in while reading is paused: {it.log!r}"
    it.connection.resume_reading()
    assert (await it.endpoint.until(6))[1:] == [("text", str(number)) for number in range(5)]


async def _life(it: EngineTrial) -> None:
    it.connection.listen_for_life()
    assert not it.connection.heard
    await it.peer.write(it.peer.bytes_of(BINARY, b"x" * 10)[:3])
    await it.eventually(lambda: it.connection.heard)
    assert it.log == [], "half a frame is a sign of life, and no frame"
    it.connection.listen_for_life()
    assert not it.connection.heard


# Writing


async def _written(it: EngineTrial) -> None:
    it.connection.write(TEXT, "gr\u00fc\u00dfe")
    it.connection.write(TEXT, b"bytes of a text")
    it.connection.write(BINARY, b"\x00")
    it.connection.write(PING, b"?")
    it.connection.write(PONG, b"!")
    assert [await it.peer.next() for _ in range(5)] == [
        (TEXT, "gr\u00fc\u00dfe".encode(), True, 0),
        (TEXT, b"bytes of a text", True, 0),
        (BINARY, b"\x00", True, 0),
        (PING, b"?", True, 0),
        (PONG, b"!", True, 0),
    ]


async def _sizes_out(it: EngineTrial) -> None:
    for size in SIZES:
        it.connection.write(BINARY, b"x" * size)
        opcode, payload, fin, rsv = await it.peer.next()
        assert (opcode, len(payload), fin, rsv) == (BINARY, size, True, 0)


async def _written_as_it_is(it: EngineTrial) -> None:
    frames = [
        (TEXT, b"a", False, 4),
        (PING, b"", True, 0),
        (CONTINUATION, b"b", False, 0),
        (CONTINUATION, b"", True, 3),
    ]
    for opcode, payload, fin, rsv in frames:
        it.connection.write_frame(opcode, payload, fin=fin, rsv=rsv)
    assert [await it.peer.next() for _ in frames] == frames


async def _written_as_bytes(it: EngineTrial) -> None:
    write_wire = it.connection.write_wire
    assert write_wire is not None, "who makes frames can take them as bytes"
    masked = it.role == "client"
    it.connection.write(TEXT, "before")
    write_wire(frame_bytes(TEXT, b"x" * 300, masked=masked) + frame_bytes(BINARY, b"y", rsv=4, masked=masked))
    it.connection.write(TEXT, "behind")
    assert [await it.peer.next() for _ in range(4)] == [
        (TEXT, b"before", True, 0),
        (TEXT, b"x" * 300, True, 0),
        (BINARY, b"y", True, 4),
        (TEXT, b"behind", True, 0),
    ]


async def _random_keys(it: EngineTrial) -> None:
    wires: set[bytes] = set()
    for _ in range(4):
        it.connection.write(BINARY, b"\x00" * 8)  # what is masked shows its key
        wires.add(await it.peer.raw())
    assert len(wires) == 4, "RFC 6455, section 5.3: each frame has a random key of its own"


async def _masking_server(it: EngineTrial) -> None:
    it.connection.set_masking(True)
    it.connection.write(TEXT, "x")
    wire = await it.peer.raw()
    assert wire[1] & 0x80, "the frame is not masked"
    it.connection.set_masking(False)
    it.connection.write(TEXT, "x")
    assert await it.peer.raw() == b"\x81\x01x"


async def _masking_refused(it: EngineTrial) -> None:
    is_masked = it.role == "client"
    it.connection.set_masking(is_masked)  # as it is: no harm
    try:
        it.connection.set_masking(not is_masked)
    except ValueError:
        it.connection.write(TEXT, "x")
        assert (await it.peer.next())[1] == b"x"
    else:
        it.connection.write(TEXT, "x")
        assert bool((await it.peer.raw())[1] & 0x80) is not is_masked, "set_masking was neither refused nor done"


# Holding back


async def _stalled(it: EngineTrial) -> None:
    written = 0
    while ("paused",) not in it.log:
        it.connection.write(BINARY, b"x" * 60_000)
        written += 1
        assert written < 1000, "60 MB were written to a peer that does not read, and the engine never asked to wait"
        await settle_now()
    assert written > 1, "the engine has no room to begin with"
    flushed: list[str] = []
    it.connection.on_flushed(lambda: flushed.append("first"))
    it.connection.on_flushed(lambda: flushed.append("second"))
    it.connection.write(BINARY, b"taken all the same")
    assert flushed == [], "on_flushed calls while there is something left to hand over"
    for _ in range(written):
        assert len((await it.peer.next())[1]) == 60_000
    assert (await it.peer.next())[1] == b"taken all the same"
    await it.endpoint.until(2)
    assert it.log == [("paused",), ("resumed",)]
    await it.eventually(lambda: len(flushed) == 2)
    assert flushed == ["first", "second"]
    assert it.connection.is_writable


async def _flushed_at_once(it: EngineTrial) -> None:
    flushed: list[bool] = []
    it.connection.on_flushed(lambda: flushed.append(True))
    assert flushed, "nothing was written, and on_flushed waits"
    it.connection.write(TEXT, "x")
    it.connection.on_flushed(lambda: flushed.append(True))
    await it.peer.next()
    await it.eventually(lambda: len(flushed) == 2)


async def _later(it: EngineTrial) -> None:
    calls: list[str] = []
    cancelled = it.connection.call_later(0.01, lambda: calls.append("cancelled"))
    it.connection.call_later(0.02, lambda: calls.append("made"))
    cancelled.cancel()
    cancelled.cancel()
    assert calls == []
    await it.eventually(lambda: bool(calls))
    assert calls == ["made"]


class EnginePromise(NamedTuple):
    words: str
    """In words, for the one who has broken it."""
    check: Callable[[EngineTrial], Awaitable[None]]
    roles: tuple[Role, ...] = ("server", "client")
    needs: Callable[[Abilities, Role], bool] = lambda can, role: True


def raw(can: Abilities, _: Role) -> bool:
    """Every frame is seen and sent as it is."""
    return can.raw


def may_mask(can: Abilities, _: Role) -> bool:
    """A server's frames can be masked."""
    return can.server_masking


FRAME_PROMISES: Final = (
    EnginePromise("whole texts are given to text_received, in order", _texts),
    EnginePromise("bytes are given to frame_received", _binary),
    EnginePromise("frames of every size arrive whole (W25)", _sizes_in),
    EnginePromise("a text that is not UTF-8 is for the session to judge", _not_utf8, needs=raw),
    EnginePromise("fragments come one by one, pings between them (W22)", _fragments, needs=raw),
    EnginePromise("reserved bits come through", _reserved_bits, needs=raw),
    EnginePromise("control frames are given to the session, and answered by nobody else", _control, needs=raw),
    EnginePromise("how the bytes are cut makes no difference: byte by byte", _byte_by_byte, needs=raw),
    EnginePromise("how the bytes are cut makes no difference: all at once", _many_at_once),
    EnginePromise("while reading is paused nothing comes in, and nothing is lost (W107)", _paused_reading),
    EnginePromise("any bytes are a sign of life (W88)", _life, needs=raw),
    EnginePromise("what is written arrives as it is, in order", _written, needs=raw),
    EnginePromise("frames of every size are written whole (W25)", _sizes_out),
    EnginePromise("a frame is written with the bits that it has", _written_as_it_is, needs=raw),
    EnginePromise("frames that are bytes already leave in their turn, as they are", _written_as_bytes, needs=raw),
    EnginePromise("a client masks each frame with a new key (W52)", _random_keys, roles=("client",)),
    EnginePromise("a server masks from the moment it is told to", _masking_server, roles=("server",), needs=may_mask),
    EnginePromise("masking is done, or refused with ValueError", _masking_refused),
    EnginePromise("a peer that does not read makes the session wait, and go on later", _stalled),
    EnginePromise("what waits for nothing is flushed at once (W45)", _flushed_at_once),
    EnginePromise("calls are made later, unless cancelled", _later),
)

from __future__ import annotations

import anyio
import pytest

from flowws.websocket import FrameTooBigError, ProtocolViolationError, WebSockets


async def end_of(house, data, *, config=None):
    """What the peer is told after these bytes; the reason; and what `receive` raises."""
    ends = []
    done = anyio.Event()

    async def handler(session):
        try:
            while True:
                await session.incoming.receive()
        except Exception as error:  # noqa: BLE001  # whatever `receive` raises is looked at
            ends.append((await session.close_reason, error))
            done.set()

    server = await house.serve(handler, config)
    peer = await house.open(server.port)
    await peer.write(data)
    told = await peer.next_close()
    with anyio.fail_after(5):
        await done.wait()
    ((reason, error),) = ends
    await peer.hang_up()
    return told, reason, error


def frames(raw, *parts):
    return b"".join(raw.frame(opcode, payload, **options) for opcode, payload, options in parts)


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([(3, b"", {})], id="W94 unknown opcode"),
        pytest.param([(11, b"", {})], id="W94 unknown control opcode"),
        pytest.param([(9, b"", {"fin": False})], id="W95 fragmented ping"),
        pytest.param([(9, b"x" * 126, {})], id="W96 long ping"),
        pytest.param([(1, b"a", {"fin": False}), (1, b"b", {})], id="W97 message in a message"),
        pytest.param([(0, b"a", {})], id="W98 continuation of nothing"),
        pytest.param([(1, b"a", {"rsv": 4})], id="W99 rsv1"),
        pytest.param([(2, b"a", {"rsv": 1})], id="W99 rsv3"),
        pytest.param([(9, b"a", {"rsv": 2})], id="W99 rsv2 of a ping"),
        pytest.param([(1, b"a", {"masked": False})], id="W100 unmasked"),
        *(
            pytest.param([(8, code.to_bytes(2, "big"), {})], id=f"W101 close with {code}")
            for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)
        ),
        pytest.param([(8, b"\x03", {})], id="W101 close with half a code"),
    ],
)
async def test_violations_close_with_1002_and_the_reason_says_what_was_told(house, raw, parts):
    """W94 to W102"""
    (code, text), reason, error = await end_of(house, frames(raw, *parts))
    assert code == 1002
    assert (reason.code, reason.message, reason.by) == (code, text, "us")
    assert isinstance(error, ProtocolViolationError)
    assert reason.cause is error


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([(1, b"\xff", {})], id="W38 text"),
        pytest.param([(1, b"\xed\xa0\x80", {})], id="W38 surrogate"),
        pytest.param([(1, b"\xe2", {"fin": False}), (0, b"\x28", {"fin": False})], id="W39 at the first bad byte"),
        pytest.param([(1, b"\xe2", {"fin": False}), (0, b"", {})], id="W39 cut off"),
        pytest.param([(8, b"\x03\xe8\xff", {})], id="close text"),
    ],
)
async def test_w38_w39_bad_utf8_closes_with_1007(house, raw, parts):
    """W38, W39, W102"""
    (code, text), reason, error = await end_of(house, frames(raw, *parts))
    assert (code, reason.code, reason.message) == (1007, 1007, text)
    assert isinstance(error, ProtocolViolationError)
    assert error.code == 1007


async def test_w32_a_frame_that_is_too_big(house, raw):
    """W32, W102"""
    (code, text), reason, error = await end_of(house, raw.frame(2, b"x" * 1024), config=WebSockets(max_frame_size=1023))
    assert (code, reason.code, reason.message) == (1009, 1009, text)
    assert isinstance(error, FrameTooBigError)
    assert error.limit == 1023


async def test_w35_the_announced_length_is_enough(house, raw):
    """W35"""
    (code, _), _, error = await end_of(
        house, raw.frame(2, b"", size=1 << 40), config=WebSockets(max_frame_size=1 << 20)
    )
    assert code == 1009
    assert isinstance(error, FrameTooBigError)


async def test_w33_fragments_that_are_too_big_together(house, raw):
    """W33"""
    data = raw.frame(2, b"x" * 1024, fin=False) + raw.frame(0, b"x" * 1024)
    (code, text), reason, error = await end_of(house, data, config=WebSockets(max_frame_size=1025))
    assert (code, reason.message) == (1009, text)
    assert isinstance(error, FrameTooBigError)
    assert (error.limit, error.size) == (1025, 2048)


async def test_w34_the_limit_itself_is_allowed(house, raw):
    """W34"""

    async def echo(session):
        async for frame in session.incoming:
            await session.send(frame)

    server = await house.serve(echo, WebSockets(max_frame_size=2048))
    peer = await house.open(server.port)
    await peer.write(raw.frame(2, b"x" * 1024, fin=False) + raw.frame(0, b"x" * 1024) + raw.frame(2, b"y" * 2048))
    assert await peer.next() == (2, b"x" * 2048)
    assert await peer.next() == (2, b"y" * 2048)


async def test_what_came_before_a_violation_is_received_first(house, raw):
    seen = []
    done = anyio.Event()

    async def handler(session):
        try:
            async for frame in session.incoming:
                seen.append(frame.read_text())  # noqa: PERF401  # the loop is what is tested
        except ProtocolViolationError:
            seen.append("violation")
            done.set()

    server = await house.serve(handler)
    for last in (raw.frame(0, b"by the session"), raw.frame(3, b"by the parser")):
        seen.clear()
        done = anyio.Event()
        peer = await house.open(server.port)
        await peer.write(raw.frame(1, b"a") + raw.frame(1, b"b") + last)
        assert (await peer.next_close())[0] == 1002
        with anyio.fail_after(5):
            await done.wait()
        assert seen == ["a", "b", "violation"]


async def test_a_violation_that_escapes_the_handler_is_not_its_fault(house, raw, caplog):
    async def handler(session):
        async for _ in session.incoming:
            pass

    server = await house.serve(handler)
    peer = await house.open(server.port)
    await peer.send(0, b"x")
    await peer.next_close()
    await peer.hang_up()
    while server.sessions:
        await anyio.lowlevel.checkpoint()
    assert not caplog.records


async def test_after_a_violation_jobs_are_cancelled_and_nothing_is_sent(house, raw):
    ended = anyio.Event()

    async def handler(session):
        try:
            while True:
                await session.send("tick")
                await anyio.lowlevel.checkpoint()
        finally:
            ended.set()

    server = await house.serve(handler)
    for bad in (raw.frame(3, b""), raw.frame(0, b"x")):
        ended = anyio.Event()
        peer = await house.open(server.port)
        await peer.write(bad)
        opcode, payload = await peer.next()
        while opcode != 8:
            assert (opcode, payload) == (1, b"tick")
            opcode, payload = await peer.next()
        with anyio.fail_after(5):
            await ended.wait()
        await peer.hang_up()

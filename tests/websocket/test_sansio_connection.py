"""What the sansio engine reads and writes, on both loops; no sessions."""

from __future__ import annotations

import struct
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from flowws.websocket.engines import Upgrade, _sansio

from . import picows_ground as ground
from .conftest import RawPeer
from .picows_ground import BOTH_LOOPS, Certificates, Probe, port_of, until


@pytest.fixture(scope="module", params=[*BOTH_LOOPS, "trio"])
def anyio_backend(request):
    return request.param


def raw_peer(probe, **options):
    return ground.raw_peer(probe, engine=_sansio, **options)


def two_ends():
    return ground.two_ends(_sansio)


FRAMES = [
    (0, b"more", True, 0),
    (0, b"", False, 7),
    (1, b"text", False, 0),
    (1, b"\xff", True, 0),
    (1, b"compressed", True, 4),
    (2, b"", True, 2),
    (2, b"x" * 125, True, 0),
    (2, b"x" * 126, True, 1),
    (2, b"x" * 65535, False, 6),
    (2, b"x" * 65536, True, 0),
    (9, b"", True, 0),
    (9, b"x" * 125, True, 4),
    (10, b"pong", True, 0),
    (8, b"", True, 0),
]


@pytest.mark.parametrize("masks", [(True, False), (True, True), (False, False)], ids=["as usual", "both", "nobody"])
async def test_w25_frames_of_every_kind_both_ways(masks):
    """W25, and masks for either side at will"""
    async with two_ends() as (ours, theirs):
        for one, other, on in ((theirs, ours, masks[0]), (ours, theirs, masks[1])):
            one.connection.set_masking(on)
            other.connection._frames._masked = on  # whose peer does what no peer may
            for opcode, payload, fin, rsv in FRAMES:
                one.connection.write_frame(opcode, payload, fin=fin, rsv=rsv)
            await until(lambda: len(other.frames) == len(FRAMES))  # noqa: B023  # waited for here
            assert other.frames == FRAMES
            assert not other.texts


async def test_texts_are_decoded_and_anything_else_is_not():
    async with two_ends() as (ours, theirs):
        for text in ("", "é€😀", "x" * 70_000):
            theirs.connection.write(1, text)
        theirs.connection.write(2, b"bytes")
        await until(lambda: ours.frames)
        assert ours.texts == ["", "é€😀", "x" * 70_000]
        assert ours.frames == [(2, b"bytes", True, 0)]


async def test_w52_a_server_that_masks_takes_a_new_key_for_each_frame():
    """W52"""
    probe = Probe()
    async with raw_peer(probe) as peer:
        probe.connection.set_masking(True)
        keys = set()
        for _ in range(5):
            probe.connection.write(1, "same")
            assert await peer.read(2) == b"\x81\x84"
            key, data = await peer.read(4), await peer.read(4)
            assert bytes(byte ^ key[index] for index, byte in enumerate(data)) == b"same"
            keys.add(key)
        assert len(keys) == 5
        probe.connection.set_masking(False)
        probe.connection.write(1, "same")
        assert await peer.next() == (1, b"same")


async def test_after_our_close_frame_nothing_is_sent():
    probe = Probe()
    async with raw_peer(probe) as peer:
        probe.connection.write_close(4000, "enough")
        probe.connection.write(1, "more")
        probe.connection.write_frame(2, b"more", fin=False, rsv=0)
        probe.connection.write_close(4001, "again")
        assert await peer.next_close() == (4000, "enough")
        probe.connection.close()
        assert await peer.read_to_end() == b""
    assert probe.lost == [None]


@pytest.mark.parametrize("payload", [b"", b"\x03", b"\x03\xe7", b"\xff\xff\xff", b"x" * 125])
async def test_a_close_frame_may_say_anything_both_ways(payload):
    probe = Probe()
    async with raw_peer(probe) as peer:
        probe.connection.write_frame(8, payload, fin=True, rsv=0)
        assert await peer.next() == (8, payload)
        await peer.send(8, payload)
        await until(lambda: probe.frames)
        assert probe.frames == [(8, payload, True, 0)]


# Limits


async def test_w36_a_new_limit_is_for_the_next_frame():
    """W36"""
    probe = Probe()
    async with raw_peer(probe) as peer:
        probe.connection.limit_frames(10)
        await peer.write(peer.frame(1, b"x" * 10) + peer.frame(9, b"x" * 11))
        await until(lambda: probe.frames)
        probe.connection.limit_frames(20)
        await peer.send(1, b"x" * 20)
        await until(lambda: len(probe.texts) == 2)
        await peer.send(1, b"x" * 21)
        code, message = await peer.next_close()
        assert probe.failures == [(code, message)] == [(1009, "a frame of more than 20 bytes")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"\x83\x80abcd", 1002, id="W94 opcode 3"),
        pytest.param(b"\x8b\x80abcd", 1002, id="W94 opcode 11"),
        pytest.param(b"\x09\x80abcd", 1002, id="W95 a ping in pieces"),
        pytest.param(b"\x89\xfe\x00\x7eabcd", 1002, id="W96 a long ping"),
        pytest.param(b"\x88\xff\x00\x00\x00\x01\x00\x00\x00\x00abcd", 1002, id="W96 a very long Close"),
        pytest.param(b"\x81\x01a", 1002, id="W100 unmasked"),
        pytest.param(b"\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00abcd", 1002, id="a length of 64 bits"),
        pytest.param(b"\x82\xff\x00\x00\x01\x00\x00\x00\x00\x00abcd", 1009, id="W35 too large"),
        pytest.param(b"\x81\xfe\x00\x05abcd", 1002, id="a length that is longer than it has to be"),
        pytest.param(b"\x81\xff" + bytes(7) + b"\x05abcd", 1002, id="the same with eight bytes"),
    ],
)
@pytest.mark.parametrize("at_a_time", [1, 1000])
async def test_violations_are_answered_the_same_whole_and_byte_by_byte(data, code, at_a_time):
    """W35, W94 to W96, W100; what was right is delivered, what follows not"""
    probe = Probe()
    async with raw_peer(probe) as peer:
        data = peer.frame(1, b"a") + peer.frame(1, b"b") + data + peer.frame(1, b"never") * 3
        for start in range(0, len(data), at_a_time):
            await peer.write(data[start : start + at_a_time])
        said = await peer.next_close()
        assert (said[0], probe.failures, probe.texts) == (code, [said], ["a", "b"])
        assert await peer.read_to_end() == b""  # our side has ended, and the answer was not lost to a reset
        await peer.write(peer.frame(1, b"x" * 100_000))
        assert probe.texts == ["a", "b"]


@pytest.mark.parametrize("at_once", [True, False])
async def test_w79_what_comes_after_a_close_frame_changes_nothing(at_once):
    """W79: the Close is answered by the session, whatever is behind it"""

    class Answering(Probe):
        def frame_received(self, opcode, payload, fin, rsv):
            super().frame_received(opcode, payload, fin, rsv)
            self.connection.write_close(int.from_bytes(payload[:2]), "as you wish")

    probe = Answering()
    async with raw_peer(probe) as peer:
        await peer.write(peer.frame(8, b"\x0f\xa0") + (b"\xff\xff\xff\xff" if at_once else b""))
        assert await peer.next_close() == (4000, "as you wish")
        await peer.write(b"\xff\xff\xff\xff")
        probe.connection.close()
        assert await peer.read_to_end() == b""
    assert (probe.failures, len(probe.frames)) == ([], 1)


async def test_w35_the_size_that_is_announced_is_enough():
    """W35"""
    probe = Probe()
    async with raw_peer(probe) as peer:
        await peer.write(struct.pack("!BBQ", 0x82, 0xFF, (1 << 20) + 1))
        assert (await peer.next_close())[0] == 1009


async def test_w100_a_client_refuses_a_masked_frame_and_lets_the_server_hang_up():
    """W100, and RFC 6455, section 7.1.7"""
    async with two_ends() as (ours, theirs):
        ours.connection.set_masking(True)
        ours.connection.write(1, "x")
        await until(lambda: ours.frames)
        assert [code for code, _ in theirs.failures] == [1002]
        assert ours.frames == [(8, b"\x03\xea" + theirs.failures[0][1].encode(), True, 0)]
        assert not ours.news
        await until(lambda: theirs.lost)
        ours.connection.close()


async def test_a_fault_of_ours_ends_that_connection_only(caplog):
    class Broken(Probe):
        def text_received(self, text, *_):
            raise RuntimeError("a bug")

    broken, fine = Broken(), Probe()
    openers = [broken.take, fine.take]
    reported: list[BaseException] = []
    async with ground.serving(lambda _, respond: respond(Upgrade(openers.pop(0))), engine=_sansio) as listening:
        async with reports(reported):
            peers = [RawPeer(await anyio.connect_tcp("127.0.0.1", port_of(listening))) for _ in range(2)]
            for peer in peers:
                await peer.request("/", peer.handshake())
            for peer in peers:
                await peer.send(1, b"x")
            assert await peers[0].read_to_end() == b""
            await until(lambda: fine.texts)
        for peer in peers:
            await peer.hang_up()
        await until(lambda: fine.lost and broken.lost)
    assert "a bug" in caplog.text + "".join(map(str, reported))


@asynccontextmanager
async def reports(reported):
    """What goes to asyncio's own handler, or on trio to the log."""
    from anyio.lowlevel import current_token

    loop: Any = getattr(current_token(), "native_token", None)
    if not hasattr(loop, "set_exception_handler"):
        yield
        return
    loop.set_exception_handler(lambda _, context: reported.append(context["exception"]))
    try:
        yield
    finally:
        loop.set_exception_handler(None)


# Flow


async def test_a_pause_of_reading_holds_the_other_side_back():
    async with two_ends() as (ours, theirs):
        ours.connection.pause_reading()
        while theirs.connection.is_writable:
            theirs.connection.write(2, b"x" * 65536)
        assert theirs.news == ["paused"]
        assert len(ours.frames) < 5
        ours.connection.resume_reading()
        await until(lambda: theirs.news == ["paused", "resumed"])


async def test_signs_of_life():
    probe = Probe()
    async with raw_peer(probe) as peer:
        probe.connection.listen_for_life()
        assert not probe.connection.heard
        await peer.write(peer.frame(1, b"half")[:3])
        await until(lambda: probe.connection.heard)


async def test_flushed():
    async with two_ends() as (ours, theirs):
        calls = []
        ours.connection.write(1, "x")
        ours.connection.on_flushed(lambda: calls.append(1))
        assert calls == [1]
        theirs.connection.pause_reading()
        while ours.connection.is_writable:
            ours.connection.write(2, b"x" * 65536)
        ours.connection.on_flushed(lambda: calls.append(2))
        assert calls == [1]
        theirs.connection.resume_reading()
        await until(lambda: calls == [1, 2])


# Ends


async def test_w71_the_end_of_tcp_without_a_word():
    """W66, W71"""
    probe = Probe()
    async with raw_peer(probe) as peer:
        await peer.hang_up()
        await until(lambda: probe.lost)
    assert probe.news == ["eof"]
    assert isinstance(probe.lost[0], EOFError)


async def test_the_end_after_a_close_frame_has_no_cause():
    probe = Probe()
    async with raw_peer(probe) as peer:
        await peer.say_close()
        await peer.hang_up()
        await until(lambda: probe.lost)
    assert probe.lost == [None]


async def test_w71_a_reset():
    """W71"""
    probe = Probe()
    async with raw_peer(probe) as peer:
        await peer.reset()
        await until(lambda: probe.lost)
    assert isinstance(probe.lost[0], ConnectionResetError)


async def test_tls_both_ways_and_its_end():
    certificates = Certificates()
    probe = Probe()
    async with raw_peer(probe, ssl=certificates.server, client_ssl=certificates.client) as peer:
        assert probe.connection.is_secure
        await peer.send(2, b"x" * 200_000)
        await until(lambda: probe.frames)
        probe.connection.write(2, b"y" * 3_000_000)
        assert await peer.next() == (2, b"y" * 3_000_000)
        probe.connection.write_close(1000, "")
        probe.connection.close()
        assert await peer.next_close() == (1000, "")
        assert await peer.read_to_end() == b""
    assert probe.lost == [None]

"""What the picows engine reads and writes, on asyncio and uvloop; no sessions."""

from __future__ import annotations

import anyio
import pytest

from flowws.websocket.engines import LARGE, Upgrade
from flowws.websocket.engines._picows_parser import READ_BUFFER

from .conftest import RawPeer
from .picows_ground import BOTH_LOOPS, Probe, port_of, raw_peer, serving, two_ends, until


@pytest.fixture(scope="module", params=BOTH_LOOPS)
def anyio_backend(request):
    return request.param


FRAMES = [
    (0, b"more", True, 0),
    (0, b"", False, 7),
    (1, b"text", False, 0),
    (1, b"\xff", True, 0),
    (1, b"compressed", True, 4),
    (2, b"", True, 2),
    (2, b"x" * 126, True, 1),
    (2, b"x" * 65535, False, 6),
    (2, b"x" * 65536, True, 0),
    (9, b"", True, 0),
    (9, b"x" * 125, True, 4),
    (10, b"pong", True, 0),
    (8, b"", True, 0),
]


async def test_frames_of_every_kind_both_ways():
    async with two_ends() as (ours, theirs):
        for one, other in ((ours, theirs), (theirs, ours)):
            for opcode, payload, fin, rsv in FRAMES:
                one.connection.write_frame(opcode, payload, fin=fin, rsv=rsv)
            await until(lambda: len(other.frames) == len(FRAMES))  # noqa: B023  # waited for here
            assert other.frames == FRAMES
            assert not other.texts


async def test_texts_are_decoded_and_anything_else_is_not():
    async with two_ends() as (ours, theirs):
        for text in ("", "é€😀", "x" * (LARGE - 1)):
            theirs.connection.write(1, text)
        theirs.connection.write(2, b"bytes")
        await until(lambda: ours.frames)
        assert ours.texts == ["", "é€😀", "x" * (LARGE - 1)]
        assert ours.frames == [(2, b"bytes", True, 0)]


async def test_large_texts_stay_bytes():
    texts = ["x" * LARGE, "€" * LARGE, "y" * 70_000]
    async with two_ends() as (ours, theirs):
        for one, other in ((ours, theirs), (theirs, ours)):
            for text in texts:
                one.connection.write(1, text)
                await until(lambda: other.frames and other.frames[-1][1] == text.encode())  # noqa: B023  # as above
            assert other.frames == [(1, text.encode(), True, 0) for text in texts]
            assert not other.texts


async def test_what_is_large_leaves_piece_by_piece_while_nobody_reads():
    messages = [bytes([at]) * 100_000 for at in range(60)]
    async with two_ends() as (ours, theirs):
        for one, other in ((ours, theirs), (theirs, ours)):
            other.connection.pause_reading()
            for message in messages:
                one.connection.write(2, message)
            assert one.news == ["paused"]
            other.connection.resume_reading()
            await until(lambda: len(other.frames) == len(messages))  # noqa: B023  # as above
            assert [payload for _, payload, _, _ in other.frames] == messages
            assert one.news == ["paused", "resumed"]


@pytest.mark.parametrize("payload", [b"", b"\x03", b"\x03\xe7", b"\xff\xff\xff", b"x" * 125])
async def test_a_close_frame_may_say_anything(payload):
    """What a raw session sends is its own business."""
    probe = Probe()
    async with raw_peer(probe) as peer:
        probe.connection.write_frame(8, payload, fin=True, rsv=0)
        probe.connection.write_frame(3, b"and then", fin=True, rsv=0)
        assert await peer.next() == (8, payload)
        assert await peer.next() == (3, b"and then")


async def test_after_our_close_frame_nothing_is_sent():
    probe = Probe()
    async with raw_peer(probe) as peer:
        probe.connection.write_close(4000, "enough")
        probe.connection.write(1, "more")
        probe.connection.write_close(4001, "again")
        assert await peer.next_close() == (4000, "enough")
        probe.connection.close()
        assert await peer.read_to_end() == b""
    assert probe.lost == [None]


async def test_what_cannot_be_masked():
    async with two_ends() as (ours, theirs):
        ours.connection.set_masking(False)
        theirs.connection.set_masking(True)
        for probe, on in ((ours, True), (theirs, False)):
            with pytest.raises(ValueError, match="masks the frames of a client"):
                probe.connection.set_masking(on)


# The size of frames


class Limited(Probe):
    """Says at the opening how large its frames may be, as a session does."""

    def __init__(self, limit):
        super().__init__()
        self.limit = limit

    def take(self, connection, *_):
        connection.limit_frames(self.limit)
        return super().take(connection)


async def test_w35_the_size_that_is_announced_is_enough():
    """W35, with a limit that is lower than the server's"""
    probe = Limited(1000)
    async with raw_peer(probe) as peer:
        await peer.write(peer.frame(1, b"x" * 1000) + peer.frame(1, b"x" * 10, size=1001))
        code, message = await peer.next_close()
        assert (code, probe.failures, len(probe.texts)) == (1009, [(code, message)], 1)


@pytest.mark.parametrize(
    ("opcode", "payload"), [(1, b"x" * 11), (1, "ééééé!".encode()), (2, b"x" * 11), (1, b"\xff" * 11)]
)
async def test_a_limit_that_is_lowered_later(opcode, payload):
    probe = Limited(1000)
    async with raw_peer(probe) as peer:
        probe.connection.limit_frames(10)
        await peer.write(peer.frame(1, b"x" * 10) + peer.frame(9, b"x" * 11) + peer.frame(opcode, payload))
        await peer.write(peer.frame(1, b"never"))
        code, message = await peer.next_close()
        assert probe.failures == [(code, message)] == [(1009, "a frame of 11 bytes where 10 are allowed")]
        assert (probe.texts, probe.frames) == (["x" * 10], [(9, b"x" * 11, True, 0)])


async def test_a_limit_that_is_raised_again():
    probe = Limited(1000)
    async with raw_peer(probe) as peer:
        probe.connection.limit_frames(10)
        probe.connection.limit_frames(1000)
        await peer.send(1, b"x" * 1000)
        await until(lambda: probe.texts == ["x" * 1000])
        with pytest.raises(ValueError, match="1000 bytes that the session was opened with, or less, not of 1001"):
            probe.connection.limit_frames(1001)


# Violations


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"\x83\x80abcd", 1002, id="W94 opcode 3"),
        pytest.param(b"\x09\x80abcd", 1002, id="W95 a ping in pieces"),
        pytest.param(b"\x89\xfe\x00\x7eabcd", 1002, id="W96 a long ping"),
        pytest.param(b"\x81\x01a", 1002, id="W100 unmasked"),
        pytest.param(b"\x81\xfe\x00\x05abcd", 1002, id="a length that is longer than it has to be"),
        pytest.param(b"\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00abcd", 1002, id="a length of 64 bits"),
        pytest.param(b"\x82\xff\x00\x00\x01\x00\x00\x00\x00\x00abcd", 1009, id="W35 too large"),
        pytest.param(b"\x88\x81\x00\x00\x00\x00\x03", 1002, id="W101 half a code"),
        pytest.param(b"\x88\x82\x00\x00\x00\x00\x03\xed", 1002, id="W101 code 1005"),
        pytest.param(b"\x88\x83\x00\x00\x00\x00\x03\xe8\xff", 1007, id="a close text that is not UTF-8"),
    ],
)
@pytest.mark.parametrize("at_a_time", [1, 1000])
async def test_w94_to_w101_what_the_parser_refuses(data, code, at_a_time):
    """W94 to W96, W100, W101: the same answer whole and byte by byte; what was right is delivered, what follows not"""
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


async def test_w100_a_masked_frame_of_a_server():
    """W100, as a client"""
    async with two_ends() as (ours, theirs):
        ours.connection._tcp.write(RawPeer.frame(1, b"x"))
        await until(lambda: ours.frames)
        assert [code for code, _ in theirs.failures] == [1002]
        assert ours.frames == [(8, b"\x03\xea" + theirs.failures[0][1].encode(), True, 0)]


async def test_w79_what_comes_after_a_close_frame_changes_nothing():
    """W79: the Close in the same packet is answered by the session, whatever is behind it"""

    class Answering(Probe):
        def frame_received(self, opcode, payload, fin, rsv):
            super().frame_received(opcode, payload, fin, rsv)
            self.connection.write_close(int.from_bytes(payload[:2]), "as you wish")

    probe = Answering()
    async with raw_peer(probe) as peer:
        await peer.write(peer.frame(8, b"\x0f\xa0") + b"\xff\xff\xff\xff")
        assert await peer.next_close() == (4000, "as you wish")
        assert probe.failures == []


async def test_a_fault_of_ours_ends_that_connection_only(caplog):
    class Broken(Probe):
        def text_received(self, text, *_):
            raise RuntimeError("a bug")

    broken, fine = Broken(), Probe()
    openers = [broken.take, fine.take]
    async with serving(lambda _, respond: respond(Upgrade(openers.pop(0)))) as listening:
        peers = [RawPeer(await anyio.connect_tcp("127.0.0.1", port_of(listening))) for _ in range(2)]
        for peer in peers:
            await peer.request("/", peer.handshake())
        for peer in peers:
            await peer.send(1, b"x")
        assert await peers[0].read_to_end() == b""
        await until(lambda: fine.texts)
        for peer in peers:
            await peer.hang_up()
        await until(lambda: fine.lost)
    assert "a bug" in caplog.text


async def test_half_a_frame_behind_large_ones_reaches_nobody_else():
    """Cut where the buffer of a parser is full: what was read at once goes through it in parts."""
    first, second = Probe(), Probe()
    probes = iter([first, second])

    def decide(_, respond):
        respond(Upgrade(next(probes).take))

    async with serving(decide) as listening:
        peers = [RawPeer(await anyio.connect_tcp("127.0.0.1", port_of(listening))) for _ in range(2)]
        for peer in peers:
            await peer.request("/", peer.handshake())
        whole = RawPeer.frame(2, bytes(READ_BUFFER - 256 - 8))
        text = RawPeer.frame(1, b"for the first one")
        await peers[0].write(whole + text[:4])
        await until(lambda: first.frames)
        await peers[1].write(RawPeer.frame(9))  # whichever way it is read
        await peers[1].write(RawPeer.frame(9) * 2)
        await until(lambda: len(second.frames) == 3 or second.failures)
        await peers[0].write(text[4:])
        await until(lambda: first.texts)
        assert (first.texts, second.failures) == (["for the first one"], [])
        for peer in peers:
            await peer.hang_up()

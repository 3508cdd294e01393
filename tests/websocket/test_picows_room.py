"""Where the picows engine reads large messages: it takes whole ones, and nothing else."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as some

from flowws.websocket.engines import LARGE, FrameReader, ViolationError, frame_bytes
from flowws.websocket.engines._picows_room import LARGEST, Room, room_here

LIMIT = 80_000
SIZES = some.sampled_from([0, 125, 126, LARGE - 1, LARGE, 65535, 65536, LIMIT, LIMIT + 1])


def put(room, data):
    """What a transport does."""
    room.bytes[: len(data)] = data
    return len(data)


@pytest.mark.parametrize("size", [LARGE, 65535, 65536, LARGEST])
@pytest.mark.parametrize("opcode", [1, 2])
@pytest.mark.parametrize("is_masked", [False, True])
def test_one_large_message(size, opcode, is_masked):
    room, payload = Room(), bytes(range(256)) * (size // 256 + 1)
    count = put(room, frame_bytes(opcode, payload[:size], masked=is_masked))
    assert room.message(count, size, is_masked=is_masked) == (opcode, payload[:size])
    assert room.message(count, size - 1, is_masked=is_masked) is None


@given(
    opcode=some.sampled_from([0, 1, 2, 3, 8, 9, 10]),
    fin=some.booleans(),
    rsv=some.sampled_from([0, 0, 0, 1, 4]),
    masked=some.booleans(),
    is_masked=some.booleans(),
    size=SIZES,
    before=some.sampled_from([b"", b"x"]),
    after=some.sampled_from([b"", b"\x81", b"\x81\x80abcd"]),
    cut=some.sampled_from([0, 1, 100]),
)
def test_anything_else_is_for_the_parser(opcode, fin, rsv, masked, is_masked, size, before, after, cut):
    """What a reader of frames finds in the same bytes decides."""
    data = before + frame_bytes(opcode, b"y" * size, fin=fin, rsv=rsv, masked=masked) + after
    data = data[: len(data) - cut]
    room = Room()
    put(room, frame_bytes(2, b"old" * LARGE, masked=is_masked))  # what was there before is of no interest
    reader = FrameReader(masked=is_masked, max_size=LIMIT)
    reader.feed(data)
    try:
        frame = reader.next_frame()
        rest = reader.next_frame() is not None or reader._stream.buffer
    except ViolationError:
        frame, rest = None, True
    whole = frame is not None and not rest and frame.fin and not frame.rsv and frame.opcode in (1, 2) and size >= LARGE
    found = room.message(put(room, data), LIMIT, is_masked=is_masked)
    if found is None:
        assert not whole
    else:
        assert whole
        assert frame is not None
        assert found == (frame.opcode, bytes(frame.data))


@pytest.mark.parametrize(("kind", "size"), [(b"\x7e\x00\x64", 100), (b"\x7f\x00\x00\x00\x00\x00\x00\x4e\x20", 20_000)])
def test_a_length_that_is_longer_than_it_has_to_be(kind, size):
    room = Room()
    assert room.message(put(room, b"\x82" + kind + b"x" * size), LIMIT, is_masked=False) is None


def test_what_was_read_can_be_had():
    room = Room()
    assert room.read(put(room, b"\x81\x02hi")) == b"\x81\x02hi"


def test_each_thread_has_its_own():
    rooms = [room_here(), room_here()]
    thread = threading.Thread(target=lambda: rooms.append(room_here()))
    thread.start()
    thread.join()
    assert rooms[0] is rooms[1]
    assert rooms[2] is not rooms[0]

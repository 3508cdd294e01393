"""`FrameReader`: bytes into frames, and what may not be one."""

from __future__ import annotations

import pytest

from flowws.websocket.engines import FrameReader, ViolationError, frame_bytes

BINARY, CLOSE, PING = 2, 8, 9


def read(data: bytes, *, masked: bool = True, max_size: int = 1000) -> list[tuple[int, bytes, bool, int]]:
    reader = FrameReader(masked=masked, max_size=max_size)
    reader.feed(data)
    frames = list(iter(reader.next_frame, None))
    return [(int(frame.opcode), bytes(frame.data), frame.fin, frame.rsv) for frame in frames]


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536])
def test_what_is_written_is_read(masked: bool, size: int) -> None:
    """W25."""
    wire = frame_bytes(BINARY, b"x" * size, fin=False, rsv=5, masked=masked)
    assert read(wire * 2, masked=masked, max_size=size) == [(BINARY, b"x" * size, False, 5)] * 2


def test_half_a_frame_is_none_yet() -> None:
    reader = FrameReader(masked=False, max_size=10)
    for byte in b"\x82\x02a":
        reader.feed(bytes([byte]))
        assert reader.next_frame() is None
    reader.feed(b"b\x82")
    frame = reader.next_frame()
    assert frame is not None
    assert frame.data == b"ab"
    assert reader.next_frame() is None


@pytest.mark.parametrize(
    ("beginning", "code", "message"),
    [
        (b"\x82\xfe\x03\xe9", 1009, "a frame of more than 1000 bytes"),
        (b"\x82\xff\x7f" + b"\xff" * 7, 1009, "a frame of more than 1000 bytes"),
        (b"\x09", 1002, "a control frame in fragments"),
        (b"\x89\xfe\x00\x7e", 1002, "a control frame of more than 125 bytes"),
        (b"\x88\xfe\xff\xff", 1002, "a control frame of more than 125 bytes"),
        (b"\x83\x80", 1002, "invalid opcode"),
        (b"\x8b\x80", 1002, "invalid opcode"),
        (b"\x82\x01", 1002, "incorrect masking"),
    ],
)
def test_a_frame_that_may_not_come_fails_with_its_beginning(beginning: bytes, code: int, message: str) -> None:
    """W35, W94-W96, W100."""
    good = frame_bytes(BINARY, b"good", masked=True)
    reader = FrameReader(masked=True, max_size=1000)
    reader.feed(good + beginning)
    assert reader.next_frame() is not None
    with pytest.raises(ViolationError) as caught:
        reader.next_frame()
    assert (caught.value.code, caught.value.message) == (code, message)


def test_a_server_masks_nothing() -> None:
    """W100."""
    with pytest.raises(ViolationError, match="incorrect masking"):
        read(frame_bytes(BINARY, b"", masked=True), masked=False)


def test_the_limit_is_that_of_messages_and_may_change() -> None:
    """W36: from the next frame on. A ping has a limit of its own."""
    assert len(read(frame_bytes(PING, b"x" * 125, masked=True), max_size=10)) == 1
    reader = FrameReader(masked=True, max_size=10)
    reader.feed(frame_bytes(BINARY, b"x" * 10, masked=True))
    assert reader.next_frame() is not None
    reader.max_size = 20
    reader.feed(frame_bytes(BINARY, b"x" * 20, masked=True))
    assert reader.next_frame() is not None


def test_each_masked_frame_has_a_key_of_its_own() -> None:
    """W52."""
    assert len({frame_bytes(CLOSE, bytes(8), masked=True) for _ in range(4)}) == 4
    assert frame_bytes(CLOSE, b"\x03\xe8", masked=False) == b"\x88\x02\x03\xe8"

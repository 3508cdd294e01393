"""The frames of a client: their masks."""

from __future__ import annotations

import subprocess
import sys

import pytest
from websockets.frames import Frame
from websockets.streams import StreamReader

from flowws.websocket.engines._masked_writer import MaskedWriter


def written(*sends):
    """The frames, and each one's key."""
    data = bytearray()
    writer = MaskedWriter(data.extend)
    for send in sends:
        writer.send(*send)
    stream = StreamReader()
    stream.feed_data(data)
    keys = []
    frames = []
    while stream.buffer:
        length = stream.buffer[1] & 0x7F
        start = 2 if length < 126 else 4 if length == 126 else 10
        keys.append(bytes(stream.buffer[start : start + 4]))
        try:
            next(Frame.parse(stream.read_exact, mask=True, max_size=None))
        except StopIteration as parsed:
            frames.append(parsed.value)
    return frames, keys


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536])
@pytest.mark.parametrize("opcode", [1, 2])
def test_w25_frames_of_every_size(size, opcode):
    """W25, as a client's engine writes them"""
    (frame,), _ = written((opcode, b"x" * size))
    assert (frame.opcode, frame.data, frame.fin) == (opcode, b"x" * size, True)


def test_texts_and_fragments():
    frames, _ = written((1, "é€😀"), (2, b"a", False), (0, b"b", True))
    assert [(frame.opcode, bytes(frame.data), frame.fin) for frame in frames] == [
        (1, "é€😀".encode(), True),
        (2, b"a", False),
        (0, b"b", True),
    ]


def test_w52_each_key_is_another_one():
    """W52; RFC 6455, section 5.3"""
    _, keys = written(*[(1, b"same")] * 300, (2, b"x" * 1000), (2, b"x" * 1000))
    assert len(set(keys)) == 302
    assert not set(keys) & set(written(*[(1, b"same")] * 300)[1])


def test_w52_nobody_can_know_them_beforehand():
    """W52: another process has others"""
    show = (
        "from flowws.websocket.engines._masked_writer import MaskedWriter as W; W(lambda b: print(b.hex())).send(1, '')"
    )
    first, second = (subprocess.check_output([sys.executable, "-c", show]) for _ in range(2))
    assert first != second


def test_nothing_after_the_close_frame():
    data = bytearray()
    writer = MaskedWriter(data.extend)
    writer.send_close(1000, "bye")
    size = len(data)
    writer.send(1, "more")
    writer.send_close(1000, "bye")
    assert (data[0], size) == (0x88, len(data))

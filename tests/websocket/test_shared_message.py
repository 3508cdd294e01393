"""`SharedMessage`: its frames, and its bytes on the wire."""

from __future__ import annotations

from typing import Any

import pytest

from flowws.websocket import Frame, SharedMessage
from flowws.websocket.engines import FrameReader


def read(wire: bytes) -> list[tuple[int, bytes]]:
    frames = FrameReader(masked=False, max_size=1 << 20)
    frames.feed(wire)
    found: list[tuple[int, bytes]] = []
    while (frame := frames.next_frame()) is not None:
        assert frame.fin
        assert frame.rsv == 0
        found.append((int(frame.opcode), bytes(frame.data)))
    return found


@pytest.mark.parametrize(
    ("part", "frame"),
    [
        ("grüße", Frame.Text("grüße")),
        ("", Frame.Text("")),
        (b"\xff", Frame.Binary(b"\xff")),
        (bytearray(b"x"), Frame.Binary(b"x")),
        (Frame.Text(b"utf-8 already"), Frame.Text("utf-8 already")),
        (Frame.Binary(bytes(70_000)), Frame.Binary(bytes(70_000))),
    ],
)
def test_one_message(part: Any, frame: Frame) -> None:
    message = SharedMessage(part)
    assert list(message.frames()) == [frame]
    assert message.count == 1
    assert read(message.wire()) == [(frame.opcode, frame.data)]
    assert repr(message) == "<SharedMessage of 1>"


def test_several_that_go_together() -> None:
    one, two = SharedMessage("one"), SharedMessage("two", b"2")
    all_of_them = SharedMessage(one, "between", two)
    assert all_of_them.count == 4
    texts = [Frame.Text("one"), Frame.Text("between"), Frame.Text("two"), Frame.Binary(b"2")]
    assert list(all_of_them.frames()) == texts
    assert read(all_of_them.wire()) == [(frame.opcode, frame.data) for frame in texts]


def test_the_bytes_are_made_once_and_lent_to_the_whole() -> None:
    one = SharedMessage("one")
    assert one.plain == b""
    SharedMessage(one, "two").wire()
    wire = one.plain
    assert wire == b"\x81\x03one"
    assert one.wire() is wire
    assert SharedMessage(one).wire() is wire


@pytest.mark.parametrize("part", [3, None, ["x"], object()])
def test_what_is_no_message_is_refused(part: Any) -> None:
    with pytest.raises(TypeError, match="a message is text, bytes, a frame or a SharedMessage, not"):
        SharedMessage("fine", part)


@pytest.mark.parametrize(
    "frame", [Frame.Ping(b""), Frame.Close(), Frame.Text("x", fin=False), Frame.Text("", rsv1=True)]
)
def test_what_is_no_whole_message_is_refused(frame: Frame) -> None:
    with pytest.raises(ValueError, match="whole messages without reserved bits"):
        SharedMessage(frame)


def test_nothing_and_a_text_without_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match="one message at least"):
        SharedMessage()
    with pytest.raises(UnicodeEncodeError):
        SharedMessage("\ud800")

from __future__ import annotations

from enum import StrEnum

import pytest

from flowws.websocket import CloseReason, Frame, ProtocolViolationError


def test_a_text_is_made_of_text_or_of_its_bytes():
    assert Frame.Text("hé") == Frame.Text("hé".encode())
    assert Frame.Text("hé").data == b"h\xc3\xa9"
    assert Frame.Text(b"h\xc3\xa9").read_text() == "hé"


def test_a_string_enum_is_its_text():
    class Color(StrEnum):
        RED = "red"

    frame = Frame.Text(Color.RED)
    assert type(frame.read_text()) is str
    assert frame.read_text() == "red"


def test_w37_a_fragment_has_no_text():
    """W37"""
    with pytest.raises(ValueError, match="not a whole message"):
        Frame.Text(b"\xc3", fin=False).read_text()


def test_text_that_is_not_utf8_raises():
    with pytest.raises(UnicodeDecodeError):
        Frame.Text(b"\xff").read_text()


def test_bits():
    frame = Frame.Binary(b"x", fin=False, rsv1=True, rsv3=True)
    assert (frame.fin, frame.rsv1, frame.rsv2, frame.rsv3) == (False, True, False, True)
    text = Frame.Text("x", rsv2=True)
    assert (text.fin, text.rsv1, text.rsv2, text.rsv3) == (True, False, True, False)


@pytest.mark.parametrize("kind", [Frame.Ping, Frame.Pong, Frame.Close])
def test_w51_a_control_frame_carries_at_most_125_bytes(kind):
    """W51"""
    assert kind(b"\x03\xe8" + b"x" * 123).data == b"\x03\xe8" + b"x" * 123
    with pytest.raises(ValueError, match="at most 125"):
        kind(b"\x03\xe8" + b"x" * 124)


def test_w54_a_copy_is_equal():
    """W54"""
    for frame in (
        Frame.Text("hi"),
        Frame.Text(b"hi"),
        Frame.Binary(b"hi"),
        Frame.Ping(b"hi"),
        Frame.Close(CloseReason(1000)),
    ):
        assert frame.copy() == frame
        assert frame.copy().read_bytes() == frame.read_bytes()


def test_equality_and_hash():
    assert Frame.Text("a") != Frame.Binary(b"a")
    assert Frame.Text("a") != "a"
    assert len({Frame.Text("a"), Frame.Text(b"a"), Frame.Text("a", fin=False)}) == 2


def test_a_close_frame_says_its_reason():
    assert Frame.Close(CloseReason(4000, "bye")).read_reason() == CloseReason(4000, "bye")
    assert Frame.Close().read_reason() is None
    with pytest.raises(ProtocolViolationError):
        Frame.Close(b"\x03").read_reason()


def test_payloads_are_bytes():
    assert Frame.Binary(bytearray(b"x")).data == b"x"  # type: ignore[arg-type]  # wrong on purpose
    assert Frame.Binary(memoryview(b"x")).data == b"x"  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(TypeError, match="bytes, not 'x'"):
        Frame.Binary("x")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(TypeError, match="bytes, not 3"):
        Frame.Text(3)  # type: ignore[arg-type]  # wrong on purpose


def test_frame_itself_is_not_made():
    with pytest.raises(TypeError, match="make one of"):
        Frame(b"")


def test_repr():
    assert repr(Frame.Text("hi")) == "<Frame.Text 'hi'>"
    assert repr(Frame.Text(b"\xff", fin=False)) == "<Frame.Text '\ufffd' not final>"
    assert repr(Frame.Binary(b"\x00", rsv1=True)) == "<Frame.Binary b'\\x00' rsv1>"
    assert repr(Frame.Close(CloseReason(1000, "x"))) == "<Frame.Close CloseReason(1000 NORMAL, 'x')>"
    assert len(repr(Frame.Binary(b"x" * 1000))) < 100


def test_matching():
    def name(frame: Frame) -> str:
        match frame:
            case Frame.Text():
                return "text"
            case Frame.Binary():
                return "binary"
            case _:
                return "control"

    assert [name(each) for each in (Frame.Text(""), Frame.Binary(b""), Frame.Ping())] == ["text", "binary", "control"]
    assert (Frame.Text.__qualname__, Frame.Text.opcode, Frame.Ping.is_control) == ("Frame.Text", 1, True)


def test_f7_kinds_by_number():
    """F7"""
    from flowws.websocket import FrameType

    assert [(each.name, each.value) for each in FrameType] == [
        ("TEXT", 1),
        ("BINARY", 2),
        ("CLOSE", 8),
        ("PING", 9),
        ("PONG", 10),
    ]
    assert [each.name for each in FrameType if each.is_control] == ["CLOSE", "PING", "PONG"]
    assert FrameType.of_or_none(9) is FrameType.PING
    assert FrameType.of_or_none(0) is FrameType.of_or_none(3) is None
    assert Frame.Ping().frame_type is FrameType.PING


def test_f8_frames_by_kind():
    """F8: bits are for data only"""
    from flowws.websocket import FrameType

    for kind in FrameType:
        frame = Frame.by_type(kind, b"\x03\xe8", fin=False, rsv2=True)
        assert frame.frame_type is kind
        assert frame.fin == kind.is_control
        assert frame.rsv2 != kind.is_control
        assert frame.data == b"\x03\xe8"
    with pytest.raises(ValueError, match="3 is not a valid FrameType"):
        Frame.by_type(3, b"")  # type: ignore[arg-type]  # to be refused

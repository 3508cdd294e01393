from __future__ import annotations

import pytest

from flowws.websocket import Frame, FrameTooBigError, ProtocolViolationError
from flowws.websocket.session._assembler import Assembler

CONTINUATION, TEXT, BINARY = 0, 1, 2


def test_whole_messages_pass():
    assembler = Assembler(10)
    assert assembler.add(TEXT, b"hi", True, 0) == Frame.Text("hi")
    assert assembler.add(BINARY, b"hi", True, 0) == Frame.Binary(b"hi")


def test_w23_a_message_has_the_type_of_its_first_fragment_again_and_again():
    """W23"""
    assembler = Assembler(10)
    for opcode, expected in ((TEXT, Frame.Text("abc")), (BINARY, Frame.Binary(b"abc")), (TEXT, Frame.Text("abc"))):
        assert assembler.add(opcode, b"a", False, 0) is None
        assert assembler.add(CONTINUATION, b"b", False, 0) is None
        assert assembler.add(CONTINUATION, b"c", True, 0) == expected


def test_w33_w34_the_total_counts_and_the_limit_itself_is_allowed():
    """W33, W34"""
    assembler = Assembler(4)
    assembler.add(BINARY, b"ab", False, 0)
    assert assembler.add(CONTINUATION, b"cd", True, 0) == Frame.Binary(b"abcd")
    assembler.add(BINARY, b"ab", False, 0)
    with pytest.raises(FrameTooBigError) as caught:
        assembler.add(CONTINUATION, b"cde", True, 0)
    assert (caught.value.limit, caught.value.size) == (4, 5)


def test_w39_bad_utf8_fails_with_its_first_byte():
    """W39"""
    assembler = Assembler(100)
    assert assembler.add(TEXT, b"\xe2\x82", False, 0) is None  # two thirds of a euro sign: not wrong yet
    assert assembler.add(CONTINUATION, b"\xac", False, 0) is None
    with pytest.raises(ProtocolViolationError) as caught:
        assembler.add(CONTINUATION, b"\xf4\x90", False, 0)
    assert caught.value.code == 1007


def test_a_text_that_ends_inside_a_character_is_bad():
    assembler = Assembler(100)
    assembler.add(TEXT, b"\xe2\x82", False, 0)
    with pytest.raises(ProtocolViolationError) as caught:
        assembler.add(CONTINUATION, b"", True, 0)
    assert caught.value.code == 1007


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param([(TEXT, b"a", False, 0), (TEXT, b"b", True, 0)], id="W97 a new message inside a message"),
        pytest.param([(CONTINUATION, b"a", True, 0)], id="W98 a continuation of nothing"),
        pytest.param([(TEXT, b"a", True, 4)], id="W99 rsv1"),
        pytest.param([(TEXT, b"a", False, 0), (CONTINUATION, b"a", True, 1)], id="W99 rsv3 in a continuation"),
    ],
)
def test_what_the_rfc_forbids(frames):
    assembler = Assembler(100)
    *before, last = frames
    for frame in before:
        assembler.add(*frame)
    with pytest.raises(ProtocolViolationError) as caught:
        assembler.add(*last)
    assert caught.value.code == 1002

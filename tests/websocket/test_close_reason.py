from __future__ import annotations

import pytest

from flowws.websocket import CloseReason, ProtocolViolationError
from flowws.websocket._close_reason import checked_for_sending, may_travel


def test_w49_123_bytes_are_the_limit():
    """W49"""
    assert len(CloseReason(1000, "x" * 123).to_payload()) == 125
    with pytest.raises(ValueError, match="123 bytes"):
        CloseReason(1000, "x" * 124)
    with pytest.raises(ValueError, match="123 bytes"):
        CloseReason(1000, "é" * 62)


def test_w50_generated_texts_are_cut_between_characters():
    """W50"""
    assert CloseReason.cut(1011, "é" * 100).message == "é" * 61
    assert CloseReason.cut(1011, "x" * 122 + "€").message == "x" * 122


def test_codes_have_names():
    assert int(CloseReason.Codes.TOO_BIG) == 1009
    assert CloseReason(1001).known_reason is CloseReason.Codes.GOING_AWAY
    assert CloseReason(4000).known_reason is None
    assert repr(CloseReason(4000, "x")) == "CloseReason(4000, 'x')"
    assert repr(CloseReason(1000)) == "CloseReason(1000 NORMAL)"


def test_equality_is_about_code_and_text():
    assert CloseReason(1000, by="peer") == CloseReason(1000, by="us", cause=ValueError())


@pytest.mark.parametrize("code", [1000, 1003, 1007, 1014, 3000, 4999])
def test_codes_that_travel(code):
    assert may_travel(code)
    assert checked_for_sending(CloseReason(code)).code == code


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535])
def test_w48_codes_that_do_not(code):
    """W48"""
    assert not may_travel(code)
    with pytest.raises(ValueError, match=f"{code} must not be sent"):
        checked_for_sending(CloseReason(code))


def test_bad_arguments():
    with pytest.raises(TypeError, match="'1000'"):
        CloseReason("1000")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(ValueError, match="65536"):
        CloseReason(65536)
    with pytest.raises(TypeError, match="'bye'"):
        checked_for_sending("bye")  # type: ignore[arg-type]  # wrong on purpose
    assert checked_for_sending(None) == CloseReason(1000)


def test_payloads_of_the_peer():
    assert CloseReason.from_payload(b"") is None
    assert CloseReason.from_payload(b"\x03\xe8bye") == CloseReason(1000, "bye")
    said = CloseReason.from_payload(b"\x03\xe8")
    assert said is not None
    assert said.by == "peer"
    for payload in (b"\x03", b"\x03\xed", b"\x03\xee", b"\x13\x88"):
        with pytest.raises(ProtocolViolationError) as caught:
            CloseReason.from_payload(payload)
        assert caught.value.code == 1002
    with pytest.raises(ProtocolViolationError) as caught:
        CloseReason.from_payload(b"\x03\xe8\xff")
    assert caught.value.code == 1007

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from flowws.websocket import (
    ContentMismatchError,
    Frame,
    FrameNotApplicableError,
    MalformedContentError,
    MsgspecConverter,
    SerializeError,
)


class Save(msgspec.Struct, tag="save"):
    name: str
    at: datetime | None = None


class Delete(msgspec.Struct, tag="delete"):
    id: int


@dataclass
class Order:
    id: UUID
    items: list[str]


class Odd:
    """Nothing that msgspec knows"""

    def __init__(self, number: int) -> None:
        self.number = number


class Picky(msgspec.Struct):
    number: int

    def __post_init__(self):
        if self.number < 0:
            raise ValueError("less than nothing")


json, msgpack = MsgspecConverter(), MsgspecConverter("msgpack")

VALUES = [
    (Save("Ada", datetime(2026, 1, 2, tzinfo=UTC)), Save),
    (Delete(3), Save | Delete),
    (Order(UUID(int=1), ["tea"]), Order),
    ([1, None], list[int | None]),
    ({"a": 1.5}, dict[str, float]),
    (None, None),
    (None, Save | None),
]


@pytest.mark.parametrize("converter", [json, msgpack], ids=repr)
@pytest.mark.parametrize(("value", "kind"), VALUES, ids=repr)
def test_there_and_back(converter, value, kind):
    frame = converter.serialize(value)
    assert isinstance(frame, Frame.Text if converter is json else Frame.Binary)
    assert converter.deserialize(frame, kind) == value


def test_p8_json_is_read_from_texts_and_bytes():
    """P8: MessagePack from bytes alone"""
    assert json.deserialize(Frame.Binary(b"[1]"), list[int]) == [1]
    assert json.is_applicable(Frame.Text("1"))
    assert msgpack.is_applicable(Frame.Binary(b"\x01"))
    assert not msgpack.is_applicable(Frame.Text("1"))
    assert not json.is_applicable(Frame.Ping(b"1"))
    with pytest.raises(FrameNotApplicableError, match=r"MsgspecConverter\('msgpack'\) does not read") as caught:
        msgpack.deserialize(Frame.Text("1"), int)
    assert caught.value.frame == Frame.Text("1")


@pytest.mark.parametrize(
    ("text", "kind", "problem"),
    [
        ('"12"', int, "expected int, got str"),
        ("null", int, "expected int, got null"),
        ("{}", Save, "object missing required field name"),
        ('{"type": "save"}', Save | Delete, "object missing required field name"),
        ('{"type": "drop"}', Save | Delete, "type: invalid value 'drop'"),
        ('{"type": "delete", "id": "3"}', Save | Delete, "id: expected int, got str"),
        ('[{"id": 1, "items": ["a"]}]', list[Order], "[0].id: expected uuid, got int"),
        ('{"number": -1}', Picky, "less than nothing"),
    ],
)
def test_p5_what_does_not_fit(text, kind, problem):
    """P4, P5, W118"""
    with pytest.raises(ContentMismatchError) as caught:
        json.deserialize(Frame.Text(text), kind)
    assert str(caught.value) == problem
    assert caught.value.frame == Frame.Text(text)
    with pytest.raises(ContentMismatchError):
        msgpack.deserialize(Frame.Binary(msgspec.msgpack.encode(msgspec.json.decode(text))), kind)


@pytest.mark.parametrize(
    ("converter", "frame", "problem"),
    [
        (json, Frame.Text("nonsense"), "this is not json: JSON is malformed"),
        (json, Frame.Text(""), "this is not json: Input data was truncated"),
        (json, Frame.Text("[" * 100_000), "this is nested too deeply"),
        (msgpack, Frame.Binary(b"\xc1"), "this is not msgpack: MessagePack data is malformed"),
        (msgpack, Frame.Binary(b""), "this is not msgpack: Input data was truncated"),
        (msgpack, Frame.Binary(b"\x91" * 100_000), "this is nested too deeply"),
    ],
)
def test_p9_what_is_not_in_the_format(converter, frame, problem):
    with pytest.raises(MalformedContentError, match=problem) as caught:
        converter.deserialize(frame, Any)
    assert caught.value.frame == frame


def test_values_that_cannot_be_written():
    for value in (Odd(1), {"a": Odd(1)}):
        with pytest.raises(SerializeError, match="cannot be written as json"):
            json.serialize(value)
    with pytest.raises(SerializeError, match="cannot be written as msgpack"):
        msgpack.serialize(2**70)


def test_types_that_cannot_be_read():
    with pytest.raises(TypeError, match="cannot be read by msgspec"):
        json.deserialize(Frame.Text("1"), dict[bytes, int] | dict[str, int])


def test_lenience():
    assert MsgspecConverter(strict=False).deserialize(Frame.Text('"12"'), int) == 12


def test_hooks():
    converter = MsgspecConverter(
        "msgpack", enc_hook=lambda odd: odd.number, dec_hook=lambda kind, content: kind(content)
    )
    assert converter.deserialize(converter.serialize(Odd(3)), Odd).number == 3

    def refuse(kind: type, content: Any) -> Any:
        raise KeyError("no")

    with pytest.raises(ContentMismatchError, match="no"):
        MsgspecConverter(dec_hook=refuse).deserialize(Frame.Text("1"), Odd)


def test_formats():
    with pytest.raises(ValueError, match="msgspec's formats here are json and msgpack, not 'yaml'"):
        MsgspecConverter("yaml")  # type: ignore[arg-type]  # what the test is about
    assert repr(msgpack) == "MsgspecConverter('msgpack')"

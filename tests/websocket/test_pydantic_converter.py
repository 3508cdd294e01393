from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

import pydantic
import pytest

from flowws.websocket import (
    ContentMismatchError,
    Frame,
    FrameNotApplicableError,
    MalformedContentError,
    PydanticConverter,
    SerializeError,
)

T = TypeVar("T")


class Save(pydantic.BaseModel):
    name: str
    at: datetime | None = None
    type: Literal["save"] = "save"


class Delete(pydantic.BaseModel):
    id: int
    type: Literal["delete"] = "delete"


class Page(pydantic.BaseModel, Generic[T]):
    items: list[T]


class Renamed(pydantic.BaseModel):
    last_name: str = pydantic.Field(alias="lastName")


class Broken(pydantic.BaseModel):
    number: int

    @pydantic.field_validator("number")
    @classmethod
    def look(cls, number: int) -> int:
        raise LookupError(f"no table for {number}")

    @pydantic.field_serializer("number")
    def write(self, number: int) -> int:
        raise LookupError(f"no table for {number}")


@dataclass
class Order:
    id: UUID
    items: list[str]


Message = Annotated[Save | Delete, pydantic.Field(discriminator="type")]

converter = PydanticConverter()


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (Save(name="Ada", at=datetime(2026, 1, 2, tzinfo=UTC)), Save),
        (Delete(id=3), Message),
        (Page[Save](items=[Save(name="a")]), Page[Save]),
        (Renamed(lastName="Lovelace"), Renamed),
        (Order(UUID(int=1), ["tea"]), Order),
        ([Save(name="a"), Delete(id=1)], list[Message]),
        ({"a": None}, dict[str, int | None]),
        (None, None),
        (None, Save | None),
    ],
    ids=repr,
)
def test_there_and_back(value, kind):
    frame = converter.serialize(value)
    assert isinstance(frame, Frame.Text)
    assert converter.deserialize(frame, kind) == value
    assert converter.deserialize(Frame.Binary(frame.data), kind) == value


def test_aliases():
    assert converter.serialize(Renamed(lastName="L")) == Frame.Text('{"lastName":"L"}')
    assert PydanticConverter(by_alias=False).serialize(Renamed(lastName="L")) == Frame.Text('{"last_name":"L"}')


@pytest.mark.parametrize(
    ("text", "kind", "problem"),
    [
        ('"x"', int, "input should be a valid integer, unable to parse string as an integer"),
        ("null", Save, "input should be an object"),
        ('{"at": "now"}', Save, "name: field required; at: input should be a valid datetime"),
        ('{"type": "delete", "id": "x"}', Message, "delete.id: input should be a valid integer"),
        ('{"items": [{}]}', Page[Delete], "items[0].id: field required"),
        ('["a", "b", "c", "d"]', list[int], "; and 1 more"),
        ('{"number": 1}', Broken, "no table for 1"),
    ],
)
def test_p5_what_does_not_fit(text, kind, problem):
    """P4, P5, W118"""
    with pytest.raises(ContentMismatchError) as caught:
        converter.deserialize(Frame.Text(text), kind)
    assert problem in str(caught.value)
    assert caught.value.frame == Frame.Text(text)


@pytest.mark.parametrize("text", ["nonsense", "", '{"a"', "[" * 100_000])
def test_p9_what_is_not_json(text):
    with pytest.raises(MalformedContentError, match="this is not JSON: ") as caught:
        converter.deserialize(Frame.Text(text), Any)
    assert caught.value.frame == Frame.Text(text)


def test_p3_frames_that_it_does_not_read():
    assert converter.is_applicable(Frame.Text("1"))
    assert not converter.is_applicable(Frame.Pong(b"1"))
    with pytest.raises(FrameNotApplicableError, match=r"PydanticConverter\(\) does not read frames like <Frame.Pong"):
        converter.deserialize(Frame.Pong(b"1"), int)


def test_strictness():
    text = Frame.Text('"12"')
    assert converter.deserialize(text, int) == 12
    with pytest.raises(ContentMismatchError, match="input should be a valid integer"):
        PydanticConverter(strict=True).deserialize(text, int)


def test_values_that_cannot_be_written():
    for value in (object(), {"a": object()}, Broken.model_construct(number=1)):
        with pytest.raises(SerializeError, match="cannot be written as JSON"):
            converter.serialize(value)


def test_types_that_cannot_be_read():
    with pytest.raises(TypeError, match="cannot be read by pydantic"):
        converter.deserialize(Frame.Text("1"), list[object()])  # type: ignore[misc]  # what the test is about

"""How values become bytes: JSON of the house, and the converters of sessions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import pydantic
import pytest

from flowws import delay
from flowws._json import JsonError, JsonMismatchError, MalformedJsonError
from flowws.brokers import Codec, JsonCodec, MemoryBroker
from flowws.websocket import JsonConverter, MsgspecConverter, PydanticConverter, SerializeError
from tests.brokers.ground import gathered


@dataclass
class Person:
    name: str
    age: int


class Model(pydantic.BaseModel):
    name: str


class Struct(msgspec.Struct):
    name: str


CODECS: list[tuple[Codec, Any, Any]] = [
    (JsonCodec(), Person, Person("Ada", 36)),
    (JsonConverter(), Person, Person("Ada", 36)),
    (JsonConverter(charset="utf-16"), Person, Person("Ada", 36)),
    (MsgspecConverter(), Struct, Struct("Ada")),
    (MsgspecConverter("msgpack"), Struct, Struct("Ada")),
    (PydanticConverter(), Model, Model(name="Ada")),
]


@pytest.mark.parametrize(("codec", "kind", "value"), CODECS)
async def test_converters_of_sessions_are_codecs(test_scope, codec: Codec, kind: Any, value: Any) -> None:
    assert isinstance(codec, Codec)
    async with MemoryBroker() as broker:
        flow = broker.shared_flow("people", kind, codec)
        state = broker.state_flow("person", value, kind, codec)
        values, _ = gathered(flow, test_scope)
        await flow.ready()
        await flow.emit(value)
        await state.update(lambda person: person)
        await delay(1)
        assert values == [value]
        assert state.value == value


@pytest.mark.parametrize(("codec", "kind", "value"), CODECS)
def test_what_they_cannot_read_they_refuse(codec: Codec, kind: Any, value: Any) -> None:
    assert codec.from_bytes(codec.to_bytes(value), kind) == value
    with pytest.raises(ValueError):  # noqa: PT011  # each has an error of its own
        codec.from_bytes(b"\xff", kind)
    with pytest.raises(ValueError):  # noqa: PT011  # as above
        codec.from_bytes(codec.to_bytes({"nom": "Ada"}), kind)
    assert codec.from_bytes(codec.to_bytes(None), None) is None


@pytest.mark.parametrize("codec", [JsonConverter(), MsgspecConverter(), PydanticConverter()])
def test_what_converters_cannot_write_they_refuse(codec: Codec) -> None:
    with pytest.raises(SerializeError, match="cannot be written as"):
        codec.to_bytes(object())


def test_json_says_what_is_wrong_and_where() -> None:
    codec = JsonCodec()
    with pytest.raises(TypeError, match="cannot be written as JSON"):
        codec.to_bytes(object())
    with pytest.raises(MalformedJsonError, match="this is not JSON"):
        codec.from_bytes(b"{", Person)
    with pytest.raises(JsonMismatchError, match="age: expected an integer, not '36'"):
        codec.from_bytes(b'{"name": "Ada", "age": "36"}', Person)
    with pytest.raises(TypeError, match="complex"):
        codec.from_bytes(b"1", complex)
    with pytest.raises(JsonError, match="there is no 'title'"):
        JsonCodec(forbid_extra_keys=True).from_bytes(b'{"name": "Ada", "age": 36, "title": "Countess"}', Person)
    assert repr(codec) == "JsonCodec()"


async def test_gaps_and_values_of_another_program(test_scope) -> None:
    """What one program writes with msgspec, another reads with JSON."""
    async with MemoryBroker() as broker:
        writer = broker.shared_flow("people", Struct, MsgspecConverter())
        reader = broker.shared_flow("people", dict[str, str])
        values, _ = gathered(reader, test_scope)
        await reader.ready()
        await writer.emit(Struct("Ada"))
        await delay(1)
        assert values == [{"name": "Ada"}]

from __future__ import annotations

import tracemalloc
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from enum import Enum, IntEnum, StrEnum
from typing import Any, Generic, Literal, NamedTuple, Optional, TypedDict, TypeVar
from uuid import UUID

import pytest

from flowws.websocket import (
    ContentConvertError,
    ConverterNotFoundError,
    DeserializeError,
    Frame,
    JsonConverter,
    SerializeError,
    WebSocketClient,
    WebSockets,
)

T = TypeVar("T")


class Color(StrEnum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1


class Odd(Enum):
    ONE = 1
    TWO = "two"


@dataclass
class Box(Generic[T]):
    value: T


@dataclass
class Node:
    name: str
    children: list[Node] = field(default_factory=list)
    parent: Optional[Node] = None  # noqa: UP045  # both spellings are read


class Options(TypedDict, total=False):
    a: int


class Point(NamedTuple):
    x: int
    y: float = 0.0


@dataclass
class Save:
    name: str
    type: Literal["save"] = "save"


@dataclass
class Delete:
    id: int
    type: Literal["delete"] = "delete"


@dataclass
class Circle:
    radius: float


@dataclass
class Ring:
    radius: float
    width: float


@dataclass
class Everything:
    at: datetime
    day: date
    hour: time
    id: UUID
    color: Color
    level: Level
    odd: Odd
    tags: set[str]
    scores: dict[int, float]
    by_color: dict[Color, int]
    pair: tuple[int, str]
    many: tuple[int, ...]
    frozen: frozenset[int]
    sequence: Sequence[int]
    mapping: Mapping[str, Any]
    point: Point
    options: Options
    box: Box[Box[int]]
    maybe: int | None
    either: int | str | list[int]
    message: Save | Delete


converter = JsonConverter()


def read(text, kind):
    return converter.deserialize(Frame.Text(text), kind)


def test_everything_comes_back():
    value = Everything(
        at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        day=date(2026, 1, 2),
        hour=time(3, 4),
        id=UUID(int=7),
        color=Color.RED,
        level=Level.LOW,
        odd=Odd.TWO,
        tags={"a"},
        scores={1: 2.5},
        by_color={Color.BLUE: 1},
        pair=(1, "x"),
        many=(1, 2, 3),
        frozen=frozenset({1}),
        sequence=[1, 2],
        mapping={"a": [None]},
        point=Point(1, 2.0),
        options={"a": 1},
        box=Box(Box(1)),
        maybe=None,
        either=[1],
        message=Delete(3),
    )
    again = converter.deserialize(converter.serialize(value), Everything)
    assert again == value
    assert type(again.point) is Point
    assert type(again.color) is Color


def test_values_read():
    assert read("1", float) == 1.0
    assert read("null", None) is None
    assert read("[1, [2]]", Any) == [1, [2]]
    assert read('{"value": {"name": "a", "children": [{"name": "b"}]}}', Box[Node]) == Box(Node("a", [Node("b")]))
    assert read('{"radius": 1}', Circle | Ring) == Circle(1)
    assert read('{"radius": 1, "width": 2}', Circle | Ring) == Ring(1, 2)
    assert read('{"type": "save", "name": "Ada"}', Save | Delete | None) == Save("Ada")
    assert read("null", Save | Delete | None) is None
    assert read('"red"', Literal["red", 1]) == "red"
    assert converter.deserialize(Frame.Binary(b"[1]"), list[int]) == [1]


@pytest.mark.parametrize(
    ("text", "kind", "problem"),
    [
        ('"12"', int, "expected an integer, not '12'"),
        ("1.0", int, "expected an integer, not 1.0"),
        ("true", int, "expected an integer, not true"),
        ("1", bool, "expected true or false, not 1"),
        ("1", str, "expected a text, not 1"),
        ('"1"', float, "expected a number, not '1'"),
        ("null", int, "expected an integer, not null"),
        ("0", None, "expected null, not 0"),
        ('"abc"', list[str], "expected a list, not 'abc'"),
        ('{"a": 1}', list[str], "expected a list, not {'a': 1}"),
        ("[1, 2, 3]", tuple[int, int], "expected a list of 2, not [1, 2, 3]"),
        ("[1, true]", list[int], "[1]: expected an integer, not true"),
        ("[]", dict[str, int], "expected an object, not []"),
        ('{"a": "b"}', dict[str, int], "['a']: expected an integer, not 'b'"),
        ('{"a": "b"}', dict[int, str], "['a']: expected an integer, not 'a'"),
        ('["a"]', Save, "expected an object, not ['a']"),
        ("{}", Save, "name: missing"),
        ('{"name": "a", "children": [{"name": 1}]}', Node, "children[0].name: expected a text, not 1"),
        ('{"name": "a", "parent": {"name": 1}}', Node, "parent.name: expected a text, not 1"),
        ('{"value": "1"}', Box[int], "value: expected an integer, not '1'"),
        ('"green"', Color, "expected 'red' or 'blue', not 'green'"),
        ("true", Level, "expected 1, not true"),
        ('"now"', datetime, "expected a date and time, not 'now'"),
        ('"x"', UUID, "expected a UUID, not 'x'"),
        ('"x"', bytes, "expected bytes, which JSON has no form for, not 'x'"),
        ('{"type": "drop"}', Save | Delete, "type: expected 'save' or 'delete', not 'drop'"),
        ("{}", Save | Delete, "type: missing"),
        ('{"type": "delete", "id": "3"}', Save | Delete, "id: expected an integer, not '3'"),
        ("[]", Save | Delete, "expected Save or Delete, not []"),
        ("1.5", int | str, "expected int or str, not 1.5"),
        ("null", int | str, "expected int or str, not null"),
        ('"x"', int | None, "expected an integer, not 'x'"),
        ('{"a": "1"}', Options, "a: expected an integer, not '1'"),
        ("nonsense", int, "this is not JSON"),
        ("", int, "this is not JSON"),
        ('["' + "x" * 100 + '"]', list[int], "not 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..."),
        ("[true, true, true, true]", list[int], "; and more"),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(text, kind, problem):
    """W118, P3 to P5"""
    with pytest.raises(DeserializeError) as caught:
        read(text, kind)
    assert problem in str(caught.value)
    assert caught.value.frame == Frame.Text(text)
    assert isinstance(caught.value, ContentConvertError)


@pytest.mark.parametrize(
    ("text", "fits", "does_not"),
    [
        ("[" + "0," * 50_000 + "0]", list[int], list[str]),
        ("{" + ",".join(f'"{number}":0' for number in range(20_000)) + "}", dict[str, int], dict[str, str]),
        ("[" + "[0,0]," * 20_000 + "[0]]", list[list[int]], list[list[str]]),
        ("[" + '{"name":"a"},' * 20_000 + '{"name":"a"}]', list[Save], list[Circle]),
    ],
)
def test_a_message_in_which_nothing_fits_costs_no_more_than_a_good_one(text, fits, does_not):
    """Not a complaint for each of its parts, of which three are told."""

    def cost(kind: Any) -> int:
        tracemalloc.start()
        try:
            with suppress(DeserializeError):
                read(text, kind)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        return peak

    assert cost(does_not) < 1.1 * cost(fits)


def test_fields_that_nobody_asked_for():
    assert read('{"name": "a", "more": 1}', Save) == Save("a")
    with pytest.raises(DeserializeError, match="there is no 'more'"):
        JsonConverter(forbid_extra_keys=True).deserialize(Frame.Text('{"name": "a", "more": 1}'), Save)


def test_a_class_that_refuses_its_own_values():
    @dataclass
    class Positive:
        value: int

        def __post_init__(self):
            if self.value < 0:
                raise ValueError("less than nothing")

    with pytest.raises(DeserializeError, match="less than nothing"):
        read('{"value": -1}', Positive)


def test_a_type_without_a_form_is_the_callers_mistake():
    with pytest.raises(TypeError, match="cannot be read from JSON"):
        read("1", lambda: 1)


def test_values_written():
    assert converter.serialize({"b": [1, None, True]}) == Frame.Text('{"b":[1,null,true]}')
    assert converter.serialize({Color.RED: {1}}) == Frame.Text('{"red":[1]}')
    for value in (object(), b"bytes", {"x": object()}):
        with pytest.raises(SerializeError, match="cannot be written as JSON"):
            converter.serialize(value)
    assert repr(converter) == "JsonConverter()"


async def test_sessions_speak_in_values(house, engine):
    """W117, W119"""

    async def handler(session):
        while True:
            try:
                message = await session.receive_deserialized(Save | Delete)
            except DeserializeError as error:
                await session.send_serialized({"error": str(error)})
            else:
                await session.send_serialized(message)

    server = await house.serve(handler)
    async with WebSocketClient(engine=engine).websocket(f"ws://127.0.0.1:{server.port}/") as session:
        await session.send_serialized(Save("Ada"))
        assert await session.receive_deserialized(Save) == Save("Ada")
        await session.send("{}")
        assert await session.receive_deserialized(dict[str, str]) == {"error": "type: missing"}
        await session.send_serialized(Delete(1))
        assert await session.receive_deserialized(Delete) == Delete(1)


async def test_w117_without_a_converter(house):
    """W117"""

    async def handler(session):
        for attempt in (session.send_serialized, session.receive_deserialized):
            with pytest.raises(ConverterNotFoundError, match="content_converter"):
                await attempt(int)
        await session.send("fine")

    server = await house.serve(handler, WebSockets(content_converter=None))
    peer = await house.open(server.port)
    assert await peer.next() == (1, b"fine")


@pytest.mark.parametrize("key", ["1_0", " 1", "1 ", "+1", "01", "\u0661", "nan", "inf", "0x1", ""])
@pytest.mark.parametrize("kind", [dict[int, int], dict[float, int]])
def test_a_key_is_a_number_only_if_json_would_call_it_one(key, kind):
    """Else two keys of the peer could be one here."""
    with pytest.raises(DeserializeError, match=r"expected an? (integer|number), not"):
        read(f'{{"{key}": 1}}', kind)


def test_keys_that_are_numbers():
    assert read('{"-12": 1, "0": 2}', dict[int, int]) == {-12: 1, 0: 2}
    assert read('{"1.5": 1, "-1e3": 2, "7": 3}', dict[float, int]) == {1.5: 1, -1000.0: 2, 7.0: 3}

"""What type hints may say, beyond the plain types of `test_json_converter.py`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import Enum, Flag
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    Optional,
    Required,
    TypedDict,
    TypeVar,
    Union,
)
from uuid import UUID

import pytest

from flowws.websocket import ContentMismatchError, Frame, FrameNotApplicableError, JsonConverter

T = TypeVar("T")
UserId = NewType("UserId", int)

NOW = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


class Pair(NamedTuple, Generic[T]):
    left: T
    right: list[T] | None = None


class Patch(TypedDict):
    id: int
    name: NotRequired[str]
    tags: NotRequired[Annotated[list[str], "few"]]


class Loose(TypedDict, total=False):
    id: Required[int]
    name: str


class Named(TypedDict, Generic[T]):
    value: T
    note: NotRequired[T]


class Rights(Flag):
    READ = 1
    WRITE = 2


class Size(Enum):
    SMALL = 1
    LARGE = "l"


@dataclass(frozen=True)
class Key:
    number: int


@dataclass(slots=True, kw_only=True)
class Special(Generic[T]):
    value: T
    kind: ClassVar[str] = "special"
    note: Annotated[str, "short"] = ""
    fixed: Final[int] = 1


@dataclass
class Node:
    name: str
    children: list[Node] = field(default_factory=list)


@dataclass
class Base(Generic[T]):
    value: T


@dataclass
class Derived(Base[int]):
    more: list[int] = field(default_factory=list)


@dataclass
class Cat:
    kind: Literal["cat"]
    lives: int


@dataclass
class Dog:
    kind: Literal["dog"]
    name: str


converter = JsonConverter()


def read(text: str, kind: Any) -> Any:
    return converter.deserialize(Frame.Text(text), kind)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Pair[int], Pair(1, [2])),
        (Pair[datetime], Pair(NOW)),
        (Pair, Pair[Any]("anything", [None])),
        (list[Pair[Key]], [Pair(Key(1), [Key(2)])]),
        (Patch, {"id": 1}),
        (Patch, {"id": 1, "name": "a", "tags": ["b"]}),
        (Loose, {"id": 1}),
        (Named[int], {"value": 1}),
        (Named[list[UUID]], {"value": [UUID(int=1)], "note": []}),
        (Named, {"value": {"a": 1}}),
        (Special[int], Special(value=1, note="n")),
        (Special[list[Key] | None], Special(value=[Key(1)])),
        (Base, Base({"a": [1]})),
        (list[Base], [Base(1)]),  # type: ignore[type-arg]  # what the case is about
        (Base[object], Base("x")),
        (Derived, Derived(1, [2])),
        (UserId, UserId(3)),
        (Annotated[list[int], "a few"], [1]),
        (Rights, Rights.READ | Rights.WRITE),
        (set[Key], {Key(1), Key(2)}),
        (dict[UUID, int], {UUID(int=4): 1}),
        (dict[date, int], {date(2026, 1, 1): 1}),
        (dict[Size, int], {Size.SMALL: 1, Size.LARGE: 2}),
        (dict[float, str], {1.5: "a"}),
        (dict[bool, str], {True: "yes", False: "no"}),
        (list[Optional[int]], [1, None]),  # noqa: UP045  # both spellings are read
        (Optional[list[Union[Cat, Dog]]], [Cat("cat", 9), Dog("dog", "Rex")]),  # noqa: UP007, UP045  # as above
        (Cat | Dog | int | None, 3),
        (datetime | str, NOW),
        (datetime | str, "soon"),
        (UUID | datetime | None, NOW),
        (list[int] | dict[str, int], {"a": 1}),
        (Literal[1, "a", Size.LARGE] | None, None),
        (Literal[Size.LARGE], Size.LARGE),
        (tuple[()], ()),
        (object, {"a": [1]}),
    ],
)
def test_there_and_back(kind, value):
    again = converter.deserialize(converter.serialize(value), kind)
    assert again == value
    assert type(again) is type(value)


@pytest.mark.parametrize(
    ("text", "kind", "problem"),
    [
        ('["1"]', Pair[int], "expected a list of 2, not ['1']"),
        ('["1", null]', Pair[int], "[0]: expected an integer, not '1'"),
        ("{}", Patch, "id: missing"),
        ('{"id": 1, "name": null}', Patch, "name: expected a text, not null"),
        ('{"id": 1, "tags": ["a", 1]}', Patch, "tags[1]: expected a text, not 1"),
        ('{"name": "a"}', Loose, "id: missing"),
        ('{"value": "1"}', Named[int], "value: expected an integer, not '1'"),
        ('[{"value": 1}, {}]', list[Named[int]], "[1].value: missing"),
        ("[]", Patch, "expected an object, not []"),
        ("4", Rights, "expected a sum of 1 and 2, not 4"),
        ("-9", Rights, "expected a sum of 1 and 2, not -9"),
        ("true", Rights, "expected a sum of 1 and 2, not true"),
        ('{"x": 1}', dict[bool, int], "['x']: expected 'true' or 'false', not 'x'"),
        ('{"value": 1, "more": ["a"]}', Derived, "more[0]: expected an integer, not 'a'"),
    ],
)
def test_what_does_not_fit(text, kind, problem):
    with pytest.raises(ContentMismatchError) as caught:
        read(text, kind)
    assert str(caught.value) == problem


@pytest.mark.parametrize("depth", [300, 500])
def test_p9_what_is_nested_too_deeply(depth):
    """For the interpreter's stack: an error like any other, and a short one"""
    text = '{"name": "a", "children": [' * depth + "]}" * depth
    with pytest.raises(ContentMismatchError, match=r"^children\[0\].*\.\.\.: nested too deeply$") as caught:
        read(text, Node)
    assert len(str(caught.value)) < 200


def test_p3_frames_that_it_does_not_read():
    assert not converter.is_applicable(Frame.Ping(b"1"))
    with pytest.raises(FrameNotApplicableError, match=r"JsonConverter\(\) does not read frames like <Frame.Ping"):
        converter.deserialize(Frame.Ping(b"1"), int)


def test_keys_of_a_typed_dict_that_nobody_asked_for():
    text = '{"id": 1, "more": 2}'
    assert read(text, Patch) == {"id": 1}
    strict = JsonConverter(forbid_extra_keys=True)
    assert strict.deserialize(Frame.Text('{"id": 1}'), Patch) == {"id": 1}
    with pytest.raises(ContentMismatchError, match=r"^\[0\]: there is no 'more'$"):
        strict.deserialize(Frame.Text(f"[{text}]"), list[Patch])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1", complex),
        ("[1]", list[complex]),
        ('{"a": []}', dict[str, complex | int]),
        ("[1, null]", Pair[complex]),
        ('{"value": 1}', Named[complex]),
    ],
)
def test_a_type_without_a_form_deep_inside_is_the_callers_mistake(text, kind):
    """The peer cannot be blamed: it is no `DeserializeError`"""
    with pytest.raises(TypeError, match=r"cannot be read from JSON: .*complex"):
        read(text, kind)

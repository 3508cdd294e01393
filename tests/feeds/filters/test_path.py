"""Which fields a value has: the declared ones, and nothing else."""

from __future__ import annotations

from collections import ChainMap, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as a_field
from typing import NamedTuple

import msgspec
import pydantic
import pytest

from flowws.feeds import BadFilterError, field


@dataclass
class Person:
    name: str
    city: object = None
    _secret: int = 1
    ghost: int = a_field(init=False)  # declared, and never set

    kind = "no field"

    @property
    def age(self) -> int:
        raise AssertionError("nobody asks for what is no field")

    def shout(self) -> None:
        raise AssertionError("nobody calls")


class Place(NamedTuple):
    name: str
    city: object = None


class Capital(Place):
    """Of a class that is made of a NamedTuple."""


class Row(msgspec.Struct, rename="camel"):
    name: str
    home_city: str = "London"


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(populate_by_name=True)
    name: str
    home_city: str = pydantic.Field("London", alias="homeCity")
    secret: int = pydantic.Field(1, exclude=True)
    _own: int = 1

    @property
    def age(self) -> int:
        raise AssertionError("nobody asks for what is no field")


@pydantic.dataclasses.dataclass
class Checked:
    name: str


class Plain:
    name = "Ada"


VALUES = [
    {"name": "Ada"},
    ChainMap({"name": "Ada"}),
    Person("Ada"),
    Place("Ada"),
    Capital("Ada"),
    Row("Ada"),
    Model.model_validate({"name": "Ada"}),
    Checked("Ada"),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_declared_field_is_read(value: object) -> None:
    assert (field("name") == "Ada")(value)
    assert (field("nobody") == None)(value)  # noqa: E711 - it makes a filter
    assert not (field("name.first") == "A")(value)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_path_goes_through_any_of_them(value: object) -> None:
    for outer in ({"city": value}, Person("Ada", value), Place("Ada", value)):
        assert (field("city.name") == "Ada")(outer)
        assert (field("city.nobody.at.all") == None)(outer)  # noqa: E711 - it makes a filter
        assert (field("nobody.name") == None)(outer)  # noqa: E711 - it makes a filter


@pytest.mark.parametrize("name", ["_secret", "ghost", "kind", "age", "shout", "__class__", "__dict__"])
def test_nothing_else_of_an_object_is_read(name: str) -> None:
    assert (field(name) == None)(Person("Ada"))  # noqa: E711 - it makes a filter


@pytest.mark.parametrize("value", [Plain(), Plain, 1, "name", None, ["Ada"], ("Ada",), Person], ids=repr)
def test_what_has_no_fields_has_none(value: object) -> None:
    assert (field("name") == None)(value)  # noqa: E711 - it makes a filter


@pytest.mark.parametrize("value", [Row("Ada"), Model.model_validate({"name": "Ada"})])
def test_a_field_goes_by_its_name_in_messages_too(value: object) -> None:
    assert (field("homeCity") == "London")(value)
    assert (field("home_city") == "London")(value)


@pytest.mark.parametrize("name", ["secret", "_own", "age", "model_config", "model_fields"])
def test_what_a_model_does_not_show_is_no_field(name: str) -> None:
    assert (field(name) == None)(Model.model_validate({"name": "Ada"}))  # noqa: E711 - it makes a filter


def test_looking_does_not_change_a_mapping() -> None:
    value: Mapping[str, int] = defaultdict(int)
    assert (field("count") == None)(value)  # noqa: E711 - it makes a filter
    assert not value


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b"])
def test_a_path_without_names_is_refused(path: str) -> None:
    with pytest.raises(BadFilterError, match="names with dots between them"):
        field(path)


def test_a_path_is_a_text_of_a_certain_length() -> None:
    assert (field("a.b.c.d.e.f.g.h") == None)({})  # noqa: E711 - it makes a filter
    with pytest.raises(BadFilterError, match="at most 8 steps, not 9"):
        field("a.b.c.d.e.f.g.h.i")
    with pytest.raises(BadFilterError, match="at most 1024 characters, not 1025"):
        field("a" * 1025)
    with pytest.raises(BadFilterError, match="is a text, not 3"):
        field(3)  # type: ignore[arg-type]  # a caller without type checks

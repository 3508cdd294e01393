"""`table`, `spark` and `json`: what they show of values of all kinds, and that nothing from outside is markup."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

import msgspec
import pydantic
import pytest

from flowws.notebook import json, spark, table
from flowws.notebook._fields import numbers_of

NOON = datetime(2026, 5, 4, 12).timestamp()  # noqa: DTZ001 - a table shows the local time


class Named(NamedTuple):
    name: str
    size: int


@dataclass
class Data:
    name: str
    size: int


class Struct(msgspec.Struct):
    name: str
    size: int


class Model(pydantic.BaseModel):
    name: str
    size: int


KINDS = [{"name": "Ada", "size": 3}, Named("Ada", 3), Data("Ada", 3), Struct("Ada", 3), Model(name="Ada", size=3)]


def items(values: Iterable[Any], step: float = 1) -> list[tuple[float, Any]]:
    return [(NOON + step * n, value) for n, value in enumerate(values)]


def texts(html: str, tag: str) -> list[str]:
    return re.findall(rf"<{tag}\b[^>]*>(.*?)</{tag}>", html)


def rows(html: str) -> list[list[str]]:
    return [texts(row, "td") for row in texts(html, "tr") if "<td" in row]


@pytest.mark.parametrize("value", KINDS, ids=lambda value: type(value).__name__)
def test_a_table_has_a_column_for_each_field(value: object) -> None:
    html = table(items([value]))
    assert texts(html, "th") == ["time", "name", "size"]
    assert rows(html) == [["12:00:00.000", "Ada", "3"]]


def test_a_table_shows_the_newest_values_first() -> None:
    assert rows(table(items(range(100), 0.25))) == [
        [f"12:00:{n // 4:02d}.{n % 4 * 250:03d}", str(n)] for n in range(99, 89, -1)
    ]
    assert len(rows(partial(table, rows=3)(items(range(100))))) == 3


def test_a_field_that_a_value_has_not_is_empty_in_its_row() -> None:
    html = table(items([{"a": 1}, {"b": None}, 7]))
    assert texts(html, "th") == ["time", "value", "b", "a"]
    assert [row[1:] for row in rows(html)] == [["7", "", ""], ["", "None", ""], ["", "", "1"]]


def test_numbers_stand_on_the_right() -> None:
    head = re.findall(
        r"text-align:(\w+)", table(items([{"n": Decimal("1.5"), "s": "x", "b": True}])).split("</thead>")[0]
    )
    assert head == ["left", "right", "left", "left"]


def test_a_table_leaves_out_what_is_too_much() -> None:
    html = table(items([{f"c{n}": "x" * 1000 for n in range(15)}]))
    assert len(texts(html, "th")) == 1 + 12
    assert "and 3 more columns" in html
    assert {len(cell) for cell in rows(html)[0][1:]} == {80}


def test_a_value_that_cannot_be_shown_is_named() -> None:
    class Bad:
        def __repr__(self) -> str:
            raise RuntimeError

    assert "Bad" in table(items([Bad()]))
    assert "Bad" in json(items([Bad()]))


@pytest.mark.parametrize("render", [table, spark, json])
@pytest.mark.parametrize("value", ["<b>", {"<b>": 1}, {"a": "<b>"}, ["<b>"]])
def test_values_and_names_are_text(render: Any, value: object) -> None:
    html = render(items([value]))
    inner = re.sub(r"<b style=[^>]*>", "", html)  # spark's own
    assert "<b>" not in inner
    assert "&lt;b&gt;" in inner


def test_a_spark_line_for_each_number() -> None:
    html = spark(items([{"up": n, "down": -n / 2, "word": "x", "flag": True} for n in range(11)]))
    assert len(texts(html, "svg")) == 2
    assert "up: from 0 to 10" in html
    assert "down: from -5 to 0" in html
    assert "11 values in 10 s" in html
    up = re.findall(r"points='([^']*)'", html)[0].split()
    assert len(up) == 11
    assert (up[0], up[-1]) == ("3.0,37.0", "477.0,3.0")


def test_a_spark_line_of_one_value_and_of_equal_values() -> None:
    assert "points='477.0,20.0'" in spark(items([5]))
    assert "points='3.0,20.0 477.0,20.0'" in spark(items([5, 5]))


def test_no_numbers_are_said_to_be_none() -> None:
    assert "no numbers among the values: Ada" in spark(items(["Ada"]))


def test_a_spark_of_many_fields_says_what_it_left_out() -> None:
    assert "and 2 more fields" in spark(items([{f"f{n}": n for n in range(10)}]))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, True, "1", None, 1j, Decimal("sNaN")])
def test_what_cannot_be_plotted_is_no_number(value: object) -> None:
    assert numbers_of(value) == {}


@pytest.mark.parametrize("value", KINDS, ids=lambda value: type(value).__name__)
def test_json_shows_the_newest_value(value: object) -> None:
    assert texts(json(items([0, value])).replace("\n", ""), "pre") == [
        "{  &quot;name&quot;: &quot;Ada&quot;,  &quot;size&quot;: 3}"
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({3, 1, 2}, "[  1,  2,  3]"),
        (OrderedDict({1: 2}), "{  &quot;1&quot;: 2}"),
        (2**70, str(2**70)),
        (1j, "&quot;1j&quot;"),
    ],
)
def test_json_of_what_json_does_not_know(value: object, text: str) -> None:
    assert texts(json(items([value])).replace("\n", ""), "pre") == [text]


def test_json_of_a_circle_is_its_repr() -> None:
    circle: list[Any] = []
    circle.append(circle)
    assert "[" in json(items([circle]))


def test_json_of_much_is_cut() -> None:
    html = json(items([[*range(100), "x" * 1000]]))
    assert "and 63 more lines" in html
    assert html.count("\n") == 40

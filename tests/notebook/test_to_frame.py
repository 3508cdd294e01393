"""`to_frame`: rows of pandas and polars."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, NamedTuple

import msgspec
import polars as pl
import pydantic
import pytest

from flowws import as_flow, empty_flow, flow_of
from flowws.notebook import to_frame

pd: Any = import_module("pandas")  # whose types are a package of their own
BOTH = pytest.mark.parametrize("library", ["pandas", "polars"])


def rows(frame: Any) -> list[dict[str, Any]]:
    return frame.to_dicts() if isinstance(frame, pl.DataFrame) else frame.to_dict("records")


@dataclass
class Point:
    x: int
    y: int


@dataclass(slots=True)
class Slotted:
    x: int
    y: int


class Named(NamedTuple):
    x: int
    y: int


class Struct(msgspec.Struct):
    x: int
    y: int


class Model(pydantic.BaseModel):
    x: int
    y: int


@BOTH
@pytest.mark.parametrize("kind", [Point, Slotted, Named, Struct, Model, dict])
async def test_a_row_per_value_and_a_column_per_field(kind: Any, library: Literal["pandas", "polars"]) -> None:
    frame = await to_frame(flow_of(kind(x=1, y=2), kind(x=3, y=4)), library=library)
    assert type(frame).__module__.startswith(library)
    assert rows(frame) == [{"x": 1, "y": 2}, {"x": 3, "y": 4}]


@BOTH
async def test_anything_else_is_one_column(library: Literal["pandas", "polars"]) -> None:
    assert rows(await to_frame(flow_of(1, 2), library=library)) == [{"value": 1}, {"value": 2}]
    assert rows(await to_frame(flow_of("a"), library=library)) == [{"value": "a"}]
    assert len(await to_frame(empty_flow(), library=library)) == 0


async def test_a_plain_tuple_and_a_class_are_values() -> None:
    assert rows(await to_frame(flow_of((1, 2)), library="pandas")) == [{"value": (1, 2)}]
    assert rows(await to_frame(flow_of(Point), library="pandas")) == [{"value": Point}]


@BOTH
async def test_the_last_ones_are_kept(library: Literal["pandas", "polars"]) -> None:
    assert rows(await to_frame(as_flow(range(1000)), last=2, library=library)) == [{"value": 998}, {"value": 999}]


async def test_pandas_first(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(await to_frame(flow_of(1)), pd.DataFrame)
    monkeypatch.delitem(sys.modules, "pandas")  # then the one that is loaded already
    assert isinstance(await to_frame(flow_of(1)), pl.DataFrame)


async def test_without_either_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pandas", "polars"):
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(ModuleNotFoundError, match="pandas or polars: pip install pandas"):
        await to_frame(flow_of(1))
    with pytest.raises(ModuleNotFoundError, match="polars: pip install polars"):
        await to_frame(flow_of(1), library="polars")


async def test_a_failure_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        await to_frame(flow_of(0).map(lambda n: 1 // n))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"last": 0}, ValueError, "not 0"),
        ({"last": "7"}, TypeError, "not '7'"),
        ({"library": "numpy"}, ValueError, "not 'numpy'"),
    ],
)
async def test_bad_arguments(options: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        await to_frame(flow_of(1), **options)

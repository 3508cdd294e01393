"""The source of lambdas: from files and from cells, and of the right one where a line has several."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

import pytest

from flowws.notebook._source_of import source_of

_serial = count()


def from_cell(source: str) -> Any:
    """What the last line of a cell is worth; IPython keeps the source of cells where tracebacks look for it."""
    name = f"<cell {next(_serial)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    return eval(compile(source, name, "eval"), {"k": 3})


@pytest.mark.parametrize(
    "source",
    [
        "lambda n: n * 10",
        "lambda: None",
        "lambda: 7",
        "lambda n: n",
        "lambda n: (n, k)",
        "lambda n: n if n else -n",
        "lambda a: a and not a",
        "lambda n: [i + n for i in range(n)]",
        "lambda n, /, m=(1, 2), *rest, key=None, **more: n",
        "lambda n: lambda m: n + m",
        'lambda ü: f"{ü}é" + "日本"',
        "lambda n: (yield n)",
    ],
)
def test_a_lambda_is_given_as_it_was_written(source: str) -> None:
    assert source_of(from_cell(source)) == source


def test_it_is_found_among_others_on_its_line() -> None:
    source = '[lambda n: n + 1, (lambda n: "日本"), lambda n: n + k, lambda m: m, lambda n: lambda n: n]'
    functions = from_cell(source)
    assert [source_of(each) for each in functions] == [
        "lambda n: n + 1",
        'lambda n: "日本"',
        "lambda n: n + k",
        "lambda m: m",
        "lambda n: lambda n: n",
    ]
    assert source_of(functions[-1](1)) == "lambda n: n"


def test_constants_are_told_apart() -> None:
    sources = ["lambda: 1", "lambda: True", "lambda: None", "lambda: (1, 2)", "lambda: 1.0"]
    functions = from_cell(f"[{', '.join(sources)}, lambda: sources]")
    assert [source_of(each) for each in functions[:-1]] == sources


def test_several_lines_become_one() -> None:
    assert source_of(from_cell("(lambda n: (\n    n +\n    1\n))")) == "lambda n: ( n + 1 )"


def test_a_file_has_its_source_too() -> None:
    assert source_of(lambda n: n * 2) == "lambda n: n * 2"
    here = 1
    inner: Callable[[], Callable[[], int]] = lambda: lambda: here  # noqa: E731 - it is lambdas that are looked at
    assert source_of(inner()) == "lambda: here"


def test_what_is_no_lambda_has_a_name_instead() -> None:
    assert [source_of(each) for each in (print, str, partial(print, 1), 7, test_a_file_has_its_source_too)] == [
        None
    ] * 5


def test_without_source_there_is_none() -> None:
    assert source_of(eval("lambda n: n")) is None


@pytest.mark.parametrize("now", ["f(lambda n:", "", "\n\n1 + 1", "lambda m: m", "lambda n: k"])
def test_source_that_has_changed_since_is_no_source(now: str) -> None:
    function = from_cell("lambda n: n * 10 + 100")
    name = function.__code__.co_filename
    linecache.cache[name] = (len(now), None, now.splitlines(keepends=True), name)
    assert source_of(function) is None

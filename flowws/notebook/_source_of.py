"""What was written: the source of a lambda, from a file or a cell."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Final, TypeAlias

_LAMBDA: Final = "<lambda>"

Span: TypeAlias = "tuple[tuple[int, int], tuple[int, int]]"
"""Where something begins and ends: line and byte."""


def source_of(function: object) -> str | None:
    """A lambda as it was written, on one line; None for other functions, and where its source cannot be had.

    A line may have several lambdas. The one that is meant is told by the positions of its instructions.
    """
    if not isinstance(function, FunctionType) or function.__name__ != _LAMBDA:
        return None
    code = function.__code__
    text = "".join(linecache.getlines(code.co_filename, function.__globals__))
    spans = list(_instructions(code))
    matches = [each for each in _lambdas(text) if _may_be(each, code, spans)]
    if len(matches) > 1 and not spans:  # Python 3.12 does not say where a constant stood
        matches = [each for each in matches if _is_constant(each.body, code.co_consts[-1])]
    if not matches:
        return None
    # Of lambdas around each other, such as `lambda x: lambda x: x`, the inner one.
    found = min(matches, key=lambda each: len(ast.dump(each)))
    segment = ast.get_source_segment(text, found)
    return None if segment is None else " ".join(segment.split())


@lru_cache(maxsize=32)
def _lambdas(text: str) -> list[ast.Lambda]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):  # a file that is being edited; a cell with magics in it
        return []
    return [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]


def _may_be(node: ast.Lambda, code: CodeType, spans: list[Span]) -> bool:
    arguments = node.args
    names = [each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    if node.lineno != code.co_firstlineno or names != list(code.co_varnames[: len(names)]):
        return False
    if len(names) != code.co_argcount + code.co_kwonlyargcount:
        return False
    first, last = _span(node.body)
    return all(first <= begin and end <= last for begin, end in spans)


def _is_constant(body: ast.expr, value: object) -> bool:
    try:
        return repr(ast.literal_eval(body)) == repr(value)
    except ValueError:
        return False


def _span(node: ast.expr) -> Span:
    assert node.end_lineno is not None  # from source, not made by hand
    assert node.end_col_offset is not None
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)


def _instructions(code: CodeType) -> Iterator[Span]:
    """Where those instructions stand that stand for something written."""
    for line, end_line, column, end_column in code.co_positions():
        if line is not None and end_line is not None and column is not None and end_column is not None:
            span = (line, column), (end_line, end_column)
            if span[0] < span[1]:
                yield span

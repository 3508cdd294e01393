"""Refusing bad arguments at the door, quoting them; and calling those that are functions."""

from __future__ import annotations

from collections.abc import AsyncIterable
from inspect import iscoroutine
from typing import Any


def require_callable(function: object, name: str) -> None:
    """`TypeError` unless `function` can be called."""
    if not callable(function):
        raise TypeError(f"{name} must be a function, sync or async, not {function!r}")


def require_async_iterable(source: object, name: str) -> None:
    """`TypeError` unless `source` can be iterated over with ``async for``: a flow, say."""
    if not isinstance(source, AsyncIterable):
        raise TypeError(f"{name} must be a flow or another async iterable, not {source!r}")


def require_count(count: object, name: str, *, least: int) -> None:
    """`TypeError` or `ValueError` unless `count` is an int of at least `least`."""
    if isinstance(count, bool) or not isinstance(count, int):
        raise TypeError(f"{name} must be a whole number, not {count!r}")
    if count < least:
        raise ValueError(f"{name} must be {least} or more, not {count!r}")


async def settled(outcome: Any) -> Any:
    """What calling a function gave, awaited if that is a coroutine."""
    return await outcome if iscoroutine(outcome) else outcome


async def answered(outcome: Any) -> Any:
    """What a test gave, awaited if that is anything to await: a future is not the truth but promises it."""
    return await outcome if is_awaitable(outcome) else outcome


def is_awaitable(value: object) -> bool:
    """Whether it can be awaited: `inspect.isawaitable` at a quarter of its price."""
    return hasattr(type(value), "__await__")

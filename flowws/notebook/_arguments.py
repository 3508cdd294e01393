"""Refusing bad arguments at the door, quoting them."""

from __future__ import annotations


def require_count(count: object, name: str) -> None:
    """`TypeError` or `ValueError` unless `count` is a whole number of at least 1."""
    if isinstance(count, bool) or not isinstance(count, int):
        raise TypeError(f"{name} must be a whole number, not {count!r}")
    if count < 1:
        raise ValueError(f"{name} must be 1 or more, not {count!r}")

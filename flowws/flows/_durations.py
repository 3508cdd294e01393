"""Durations of operators: refused at the door, quoting them."""

from __future__ import annotations

from flowws._core import Duration, to_seconds


def require_positive(duration: Duration, name: str) -> float:
    """`duration` in seconds; `TypeError` or `ValueError` unless it is greater than zero."""
    seconds = to_seconds(duration, name)
    if seconds <= 0:
        raise ValueError(f"{name} must be greater than zero, not {duration!r}")
    return seconds


def require_not_negative(duration: Duration, name: str) -> float:
    """`duration` in seconds; `TypeError` or `ValueError` if it is negative."""
    seconds = to_seconds(duration, name)
    if seconds < 0:
        raise ValueError(f"{name} must not be negative, not {duration!r}")
    return seconds

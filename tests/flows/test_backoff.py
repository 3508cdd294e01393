"""`Backoff`."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import timedelta
from math import inf, nan
from typing import Any

import pytest

from flowws import Backoff


def test_grows_up_to_the_longest() -> None:
    steady = Backoff(0.5, 3, longest=10, jitter=False)
    assert [steady(attempt) for attempt in range(5)] == [0.5, 1.5, 4.5, 10, 10]


def test_is_drawn_from_all_that_lies_below() -> None:
    """Full jitter."""
    draws = [Backoff(1, longest=4)(1) for _ in range(500)]
    assert all(0 <= each <= 2 for each in draws)
    assert min(draws) < 0.5
    assert max(draws) > 1.5
    assert len(set(draws)) > 400
    assert all(0 <= Backoff(1, longest=4)(30) <= 4 for _ in range(50))


def test_takes_durations() -> None:
    assert Backoff(timedelta(seconds=2), longest=timedelta(minutes=1), jitter=False)(1) == 4


def test_any_attempt_will_do() -> None:
    assert Backoff(jitter=False)(100_000) == 30
    assert Backoff(longest=inf, jitter=False)(100_000) == inf
    assert Backoff(longest=inf)(100_000) == inf
    assert Backoff(0, jitter=False)(5) == 0


def test_is_a_value() -> None:
    assert Backoff(0.1) == Backoff()
    assert hash(Backoff(0.1)) == hash(Backoff())
    assert repr(Backoff()) == "Backoff(first=0.1, factor=2.0, longest=30.0, jitter=True)"
    with pytest.raises(FrozenInstanceError):
        Backoff().first = 3  # type: ignore[misc]  # that it cannot be assigned to is the point


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"first": -1}, "first must not be negative, not -1"),
        ({"longest": -1}, "longest must not be negative, not -1"),
        ({"first": 3, "longest": 2}, "longest must not be below first"),
        ({"factor": 0.5}, "factor must be 1 or more, not 0.5"),
        ({"factor": nan}, "factor must be 1 or more, not nan"),
        ({"first": nan}, "first must be a number of seconds"),
    ],
)
def test_refuses_what_makes_no_sense(arguments: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Backoff(**arguments)


def test_refuses_what_is_no_time() -> None:
    wrong: Any = "1"
    with pytest.raises(TypeError, match="first must be seconds or a timedelta, not '1'"):
        Backoff(wrong)
    with pytest.raises(TypeError, match="factor must be a number, not '1'"):
        Backoff(factor=wrong)

"""The operators of time against models that compute on paper what comes out, and when."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowws import Flow
from flowws.testing import run_test
from tests.flows.timed import at, stamped

# Values come at whole seconds and the end at half ones; what the operators do falls in between, at no one's moment.
SPAN = sqrt(6)
GAPS = st.lists(st.integers(0, 5), max_size=12)


class Timetable(NamedTuple):
    """Value n comes at ``times[n]``; then it is the end."""

    times: list[int]
    end: float

    def flow(self) -> Flow[int]:
        return at(*((second, n) for n, second in enumerate(self.times)), end=self.end)


def timetable(gaps: list[int], rest: int) -> Timetable:
    times = [sum(gaps[: n + 1]) for n in range(len(gaps))]
    return Timetable(times, (times[-1] if times else 0) + rest + 0.5)


Came = list[tuple[float, Any]]


def debounced(story: Timetable) -> Came:
    later = [*story.times[1:], story.end + SPAN]
    return [
        (min(second + SPAN, story.end), n)
        for n, (second, following) in enumerate(zip(story.times, later, strict=False))
        if following - second > SPAN or n == len(story.times) - 1
    ]


def sampled(story: Timetable) -> Came:
    came: Came = []
    seen = 0
    for period in range(1, int(story.end / SPAN) + 1):
        so_far = sum(second <= SPAN * period for second in story.times)
        if so_far > seen:
            came.append((SPAN * period, so_far - 1))
        seen = so_far
    return came


def throttled_to_the_latest(story: Timetable) -> Came:
    came: Came = []
    opens, n = -1.0, 0
    while n < len(story.times):
        given_at = min(max(story.times[n], opens), story.end)
        newest = max(m for m, second in enumerate(story.times) if second <= given_at)
        came.append((given_at, newest))
        opens, n = given_at + SPAN, newest + 1
    return came


def throttled_to_the_first(story: Timetable) -> Came:
    came: Came = []
    for n, second in enumerate(story.times):
        if not came or second >= came[-1][0] + SPAN:
            came.append((second, n))
    return came


def chunked(story: Timetable) -> Came:
    came: Came = []
    n = 0
    while n < len(story.times):
        until = min(story.times[n] + SPAN, story.end)
        chunk = [m for m, second in enumerate(story.times) if m >= n and second <= until][:3]
        came.append((story.times[chunk[-1]] if len(chunk) == 3 else until, chunk))
        n += len(chunk)
    return came


MODELS: dict[str, tuple[Callable[[Flow[int]], Flow[Any]], Callable[[Timetable], Came]]] = {
    "debounce": (lambda above: above.debounce(SPAN), debounced),
    "debounce each": (lambda above: above.debounce(lambda _: SPAN), debounced),
    "sample": (lambda above: above.sample(SPAN), sampled),
    "throttle_latest": (lambda above: above.throttle_latest(SPAN), throttled_to_the_latest),
    "throttle_first": (lambda above: above.throttle_first(SPAN), throttled_to_the_first),
    "chunked": (lambda above: above.chunked(3, SPAN), chunked),
}


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize(("operator", "model"), MODELS.values(), ids=MODELS)
@settings(max_examples=20, deadline=None)
@given(gaps=GAPS, rest=st.integers(0, 4))
def test_gives_what_the_model_gives(
    operator: Callable[[Flow[int]], Flow[Any]],
    model: Callable[[Timetable], Came],
    backend: str,
    gaps: list[int],
    rest: int,
) -> None:
    story = timetable(gaps, rest)
    came = run_test(lambda scope: stamped(scope, operator(story.flow())), backend=backend)
    assert came == [(round(second, 6), value) for second, value in model(story)]

"""What a function gives is told once, if it can be; where it cannot, every result is looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial, wraps
from typing import Any

import anyio.lowlevel
import pytest

from flowws import flow_of
from flowws.flows._answer import Answer, answer_of
from tests.flows.upstream import SPELLINGS, spelled


async def later(n: int) -> int:
    await anyio.lowlevel.checkpoint()
    return n


def nothing(n: int) -> None:
    print(n)


def two_ends(n: int) -> Any:
    if n:
        return n + 1
    return later(n)


async def generated(n: int) -> AsyncIterator[int]:
    yield n


NOW: dict[str, Callable[..., Any]] = {
    "arithmetic": lambda n: n + 1,
    "a comparison": lambda n: n % 2 == 0,
    "not": lambda n: not n,
    "is": lambda n: n is None,
    "in": lambda n: n in (1, 2),
    "a literal": lambda _: 3,
    "a tuple": lambda n: (n, later(n)),
    "a dict": lambda n: {"n": n},
    "text": lambda n: f"{n} values",
    "nothing": nothing,
}
LATER: dict[str, Callable[..., Any]] = {"an async def": later, "a partial of one": partial(later, 1)}
EITHER: dict[str, Callable[..., Any]] = {
    "a call": lambda n: later(n),  # noqa: PLW0108  # as people write it
    "an attribute": lambda n: n.pending,
    "an item": lambda ns: ns[0],
    "itself": lambda n: n,
    "a condition": lambda n: later(n) if n else n + 1,
    "one end of two": two_ends,
    "and": lambda n: n and later(n),
    "or": lambda n: n > 1 or later(n),
    "a class": str,
    "a builtin": len,
    "a method of a builtin": [].append,
    "wrapped": wraps(later)(lambda n: later(n)),  # noqa: PLW0108  # as decorators do
}
TOLD = [(Answer.NOW, NOW), (Answer.LATER, LATER), (Answer.EITHER, EITHER)]


@pytest.mark.parametrize(
    ("expected", "function"),
    [pytest.param(answer, function, id=name) for answer, group in TOLD for name, function in group.items()],
)
def test_what_a_function_answers(expected: Answer, function: Callable[..., Any]) -> None:
    told = answer_of(function)
    assert told is expected or (expected is Answer.NOW and told is Answer.EITHER)  # which is merely slower


@pytest.mark.parametrize("name", ["arithmetic", "a comparison", "not", "nothing"])
def test_the_fast_ones_are_told(name: str) -> None:
    assert answer_of(NOW[name]) is Answer.NOW


def test_what_is_no_function_answers_nothing() -> None:
    for argument in (3, None, "text", object(), ()):
        assert answer_of(argument) is Answer.EITHER


@pytest.mark.parametrize("condition", [lambda n: n and later(n), lambda n: n > 1 or later(n), two_ends])
async def test_a_coroutine_that_comes_now_and_then_is_awaited(condition: Callable[[int], Any]) -> None:
    assert await flow_of(0, 1, 2, 3).map(condition).to_list() == [await _settled(condition(n)) for n in range(4)]


async def _settled(outcome: Any) -> Any:
    return await outcome if hasattr(outcome, "__await__") else outcome


@pytest.mark.parametrize("how", SPELLINGS)
async def test_a_coroutine_is_never_taken_for_a_truth(how: str) -> None:
    no = spelled(how, lambda _: False)
    assert await flow_of(1, 2).filter(no).to_list() == []
    assert await flow_of(1, 2).filter_not(no).to_list() == [1, 2]
    assert await flow_of(1, 2).take_while(no).to_list() == []
    assert await flow_of(1, 2).drop_while(no).to_list() == [1, 2]
    assert await flow_of(1, 2).count(no) == 0


async def test_a_coroutine_among_the_values_is_awaited_by_the_operator_that_gives_it() -> None:
    pending: dict[str, Any] = {}

    def ask(key: str) -> Any:
        pending[key] = later(len(key))
        return key

    assert await flow_of("a", "bb").map(ask).map(lambda key: pending[key]).map(lambda n: n * 2).to_list() == [2, 4]

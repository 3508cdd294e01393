"""A test may give any awaitable, such as a `Deferred` or a future: it is awaited, not taken for the truth."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from flowws import flow_of


class Answer:
    """What is no coroutine but can be awaited; true, as any object is."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def __await__(self) -> Generator[Any, Any, Any]:
        return self.answer
        yield


def is_two(n: int) -> Answer:
    return Answer(n == 2)


async def test_a_test_that_gives_an_awaitable_is_awaited() -> None:
    numbers = flow_of(1, 2, 3)
    assert await numbers.filter(is_two).to_list() == [2]
    assert await numbers.filter_not(is_two).to_list() == [1, 3]
    assert await numbers.take_while(lambda n: Answer(n < 3)).to_list() == [1, 2]
    assert await numbers.drop_while(lambda n: Answer(n < 3)).to_list() == [3]
    assert await numbers.first(is_two) == 2
    assert await numbers.any(lambda n: Answer(n > 3)) is False
    assert await numbers.all(is_two) is False
    assert await numbers.none(is_two) is False
    assert await numbers.distinct_until_changed(lambda old, new: Answer(new == 2)).to_list() == [1, 3]


async def test_so_is_that_of_retry() -> None:
    failing = flow_of("x").map(int)
    with pytest.raises(ValueError, match="x"):
        await failing.retry(predicate=lambda failure: Answer(False)).to_list()
    with pytest.raises(ValueError, match="x"):
        await failing.retry_when(lambda failure, attempt: Answer(False)).to_list()

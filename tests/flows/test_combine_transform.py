"""`combine_transform`, the method and the function."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from flowws import combine_transform, flow_of


async def apart(*values: object) -> AsyncIterator[object]:
    for value in values:
        yield value


async def test_gives_what_the_generator_yields_for_the_newest_values() -> None:
    assert await flow_of(1, 2).combine_transform(flow_of("a", "b"), apart).to_list() == [1, "a", 2, "b"]


async def test_the_function_takes_any_number_of_flows() -> None:
    chain = combine_transform(flow_of(1, 2), flow_of("a", "b"), flow_of(True), transform=apart)
    assert await chain.to_list() == [1, "a", True, 2, "b", True]


async def test_may_yield_nothing() -> None:
    async def evens(a: int, b: int) -> AsyncIterator[int]:
        if (a + b) % 2 == 0:
            yield a + b

    assert await flow_of(1, 2, 3).combine_transform(flow_of(1), evens).to_list() == [2, 4]


async def test_a_failure_of_the_generator_is_raised_as_itself() -> None:
    async def fail(a: int, b: int) -> AsyncIterator[int]:
        yield a
        raise ValueError(b)

    got: list[int] = []
    with pytest.raises(ValueError, match="7"):
        await flow_of(1).combine_transform(flow_of(7), fail).to_list(got)
    assert got == [1]


def test_shows_itself() -> None:
    shown = repr(flow_of(1).combine_transform(flow_of(2), apart))
    assert shown == "flow_of(1).combine(flow_of(2)).transform(apart)"


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_bad_arguments(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).combine_transform(flow_of(2), wrong)
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).combine_transform(wrong, apart)
    with pytest.raises(TypeError, match=repr(wrong)):
        combine_transform(flow_of(1), transform=wrong)
    with pytest.raises(TypeError, match=repr(wrong)):
        combine_transform(flow_of(1), wrong, transform=apart)

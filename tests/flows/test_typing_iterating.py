"""What iterating over a flow is, for the type checkers: an async generator, which can be closed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import assert_type

from flowws import Flow, MutableSharedFlow, MutableStateFlow, flow_of


async def test_the_iterator_of_a_flow_can_be_closed() -> None:
    numbers: Flow[int] = flow_of(1, 2, 3)
    values = aiter(numbers.map(str))
    assert_type(values, AsyncGenerator[str, None])
    async with aclosing(values):
        async for value in values:
            assert_type(value, str)
            break
    async with aclosing(aiter(numbers.buffer())) as buffered:
        assert await anext(buffered) == 1


async def test_hot_flows_are_no_exception() -> None:
    shared = MutableSharedFlow[int](replay=1)
    assert shared.try_emit(1)
    async with aclosing(aiter(shared)) as values:
        assert_type(await anext(values), int)
    async with aclosing(aiter(MutableStateFlow("a"))) as states:
        assert_type(await anext(states), str)


async def test_a_flow_of_ones_own_is_as_closable_as_its_iterator() -> None:
    class Countdown(Flow[int]):
        def __aiter__(self) -> AsyncGenerator[int, None]:
            return self._count()

        async def _count(self) -> AsyncGenerator[int, None]:
            yield 2
            yield 1

    values: AsyncIterator[int] = aiter(Countdown())
    assert [n async for n in values] == [2, 1]
    assert await Countdown().map(lambda n: n * 2).to_list() == [4, 2]

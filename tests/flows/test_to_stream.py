"""`to_stream`."""

from __future__ import annotations

import anyio
import pytest

from flowws import MutableSharedFlow, coroutine_scope, flow_of, supervisor_scope
from tests.flows.upstream import Upstream, settle


async def test_a_stream_with_every_value_and_an_end() -> None:
    async with coroutine_scope() as scope:
        stream = flow_of(1, None, 2).to_stream(scope)
        assert [await stream.receive() for _ in range(3)] == [1, None, 2]
        for _ in range(2):
            with pytest.raises(anyio.EndOfStream):
                await stream.receive()
        assert [n async for n in flow_of(1, 2).to_stream(scope)] == [1, 2]


async def test_readers_share_the_values() -> None:
    got: list[int] = []
    async with coroutine_scope() as scope:
        stream = flow_of(*range(10)).to_stream(scope)

        async def read() -> None:
            async for n in stream:
                got.append(n)
                await settle()

        scope.launch(read)
        scope.launch(read)
    assert sorted(got) == list(range(10))


async def test_a_failure_is_raised_by_the_stream_and_fails_the_scope() -> None:
    upstream = Upstream(1, failure=ValueError("above"))
    got: list[object] = []
    with pytest.raises(ValueError, match="above"):  # noqa: PT012  # the scope is part of it
        async with coroutine_scope() as scope:
            stream = upstream.flow().to_stream(scope)
            got.append(await stream.receive())
            await stream.receive()
    assert got == [1]


async def test_under_a_supervisor_only_the_reader_meets_the_failure() -> None:
    seen: list[BaseException] = []
    async with supervisor_scope(exception_handler=lambda _, failure: seen.append(failure)) as scope:
        stream = Upstream[int](failure=ValueError("above")).flow().to_stream(scope)
        with pytest.raises(ValueError, match="above"):
            await stream.receive()


async def test_closing_it_cancels_the_flow() -> None:
    upstream = Upstream(1, endless=True)
    async with coroutine_scope() as scope:
        async with upstream.flow().to_stream(scope) as stream:
            assert await stream.receive() == 1
        with pytest.raises(anyio.ClosedResourceError):
            await stream.receive()
        await stream.aclose()
    assert upstream.ends == ["cancelled"]


async def test_closing_it_under_a_reader_that_waits() -> None:
    shared = MutableSharedFlow[int]()
    ends: list[str] = []
    async with coroutine_scope() as scope:
        stream = shared.to_stream(scope)

        @scope.launch
        async def read() -> None:
            try:
                await stream.receive()
            except anyio.ClosedResourceError:
                ends.append("closed")

        await settle()
        await stream.aclose()
    assert ends == ["closed"]
    assert shared.subscription_count.value == 0


async def test_a_hot_flow_is_subscribed_to_before_it_returns() -> None:
    """K75"""
    shared = MutableSharedFlow[int](extra_buffer_capacity=1)
    async with coroutine_scope() as scope:
        stream = shared.to_stream(scope)
        assert shared.try_emit(1)
        assert await stream.receive() == 1
        await stream.aclose()


async def test_a_buffer_in_front_says_how_far_the_flow_runs_ahead() -> None:
    upstream = Upstream(*range(10))
    async with coroutine_scope() as scope:
        stream = upstream.flow().buffer(2).to_stream(scope)
        assert await stream.receive() == 0
        await settle()
        assert upstream.story == ["start", 0, 1, 2, 3]  # 1 and 2 wait in the buffer, 3 for room
        await stream.aclose()


async def test_it_shows_its_flow() -> None:
    async with coroutine_scope() as scope:
        stream = flow_of(1).to_stream(scope)
        assert repr(stream) == "flow_of(1).to_stream()"
        await stream.aclose()

"""`on_timeout`, on virtual time. Fact K263."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import partial
from math import inf, nan

import pytest

from flowws import Channel, SelectClause, coroutine_scope, delay, on_timeout, select, select_unbiased
from flowws.testing import TestScope, run_test
from tests.channels.test_select import parked

BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])


@pytest.mark.parametrize("seconds", [0, -1, -inf, timedelta(0), timedelta(seconds=-3)])
async def test_k263_zero_or_less_is_ready_at_once_and_last_it_is_a_default(seconds: float | timedelta) -> None:
    channel = Channel[int](1)
    assert await select(channel.on_receive(), on_timeout(seconds, lambda: "default")) == "default"
    channel.try_send(1)
    assert await select(channel.on_receive(), on_timeout(seconds, lambda: "default")) == 1
    channel.try_send(2)
    assert await select(on_timeout(seconds, lambda: "first"), channel.on_receive()) == "first"


@BACKENDS
@pytest.mark.parametrize("seconds", [60, 60.0, timedelta(minutes=1)])
def test_k263_it_wins_when_its_time_has_come(backend: str, seconds: float | timedelta) -> None:
    channel = Channel[int]()

    async def late() -> str:
        await delay(1)
        return "late"

    async def test(scope: TestScope) -> None:
        assert await select(channel.on_receive(), on_timeout(seconds, late)) == "late"
        assert scope.current_time == 61

    run_test(test, backend=backend)
    assert parked(channel) == (0, 0)


@BACKENDS
@pytest.mark.parametrize("times", [(1, 2, 3), (3, 2, 1), (2, 1, inf)])
def test_k263_of_several_the_shortest_wins(backend: str, times: tuple[float, ...]) -> None:
    async def test(_: TestScope) -> object:
        return await select(*[on_timeout(seconds, partial(float, seconds)) for seconds in times])

    assert run_test(test, backend=backend) == 1


@BACKENDS
def test_k263_what_comes_before_wins(backend: str) -> None:
    channel = Channel[int]()

    async def test(scope: TestScope) -> float:
        async def send() -> None:
            await delay(59)
            await channel.send(1)

        scope.launch(send)
        assert await select(on_timeout(60), channel.on_receive()) == 1
        return scope.current_time

    assert run_test(test, backend=backend) == 59


@BACKENDS
def test_an_element_that_comes_at_the_very_time_is_not_lost(backend: str) -> None:
    channel = Channel[int](1)

    async def test(scope: TestScope) -> list[object]:
        async def send() -> None:
            await delay(60)
            await channel.send(1)

        scope.launch(send)
        won = await select(channel.on_receive(), on_timeout(60, lambda: "late"))
        return [won] if won == 1 else [won, await channel.receive()]

    assert run_test(test, backend=backend) in ([1], ["late", 1])


async def test_k263_unbiased_ready_timeouts_share_wins() -> None:
    won = Counter([await select_unbiased(on_timeout(0, lambda: "a"), on_timeout(0, lambda: "b")) for _ in range(1000)])
    assert min(won["a"], won["b"]) >= 250


async def test_without_a_handler_it_gives_none() -> None:
    without_handler: SelectClause[object] = on_timeout(0)
    assert await select(without_handler) is None


async def test_one_that_never_comes_does_not_get_in_the_way() -> None:
    channel = Channel[int]()
    async with coroutine_scope() as scope:
        scope.launch(channel.send, 1)
        assert await select(on_timeout(inf), channel.on_receive()) == 1


def test_bad_durations_are_refused() -> None:
    with pytest.raises(ValueError, match="nan"):
        on_timeout(nan)
    with pytest.raises(TypeError, match="'soon'"):
        on_timeout("soon")  # type: ignore[call-overload]  # what it refuses
    with pytest.raises(TypeError, match="a handler must be a function"):
        on_timeout(1, 2)  # type: ignore[call-overload]  # what it refuses

"""`call_soon`, `call_later` and `Timer`: calls outside of any task, on both loops."""

from __future__ import annotations

from contextvars import ContextVar

import anyio
import anyio.lowlevel
import pytest

from flowws._core import call_later, call_soon, new_waiter
from flowws.testing import TestScope, run_test

name: ContextVar[str] = ContextVar("name", default="nobody")


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await anyio.lowlevel.checkpoint()


async def test_a_call_is_made_soon_and_in_the_order_of_asking() -> None:
    made: list[int] = []
    waiter = new_waiter()
    for number in range(3):
        call_soon(lambda number=number: made.append(number))  # type: ignore[misc]  # its own number
    call_soon(lambda: waiter.set_result(None))
    assert made == []
    await waiter
    assert made == [0, 1, 2]


async def test_a_call_that_asks_for_a_call_gets_it_in_the_next_turn() -> None:
    waiter = new_waiter()
    call_soon(lambda: call_soon(lambda: waiter.set_result("made")))
    assert await waiter == "made"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_call_is_made_when_it_is_due(backend: str) -> None:
    async def test(scope: TestScope) -> list[tuple[str, float]]:
        made: list[tuple[str, float]] = []
        call_later(60, lambda: made.append(("second", scope.current_time)))
        call_later(5, lambda: made.append(("first", scope.current_time)))
        call_later(0, lambda: made.append(("at once", scope.current_time)))
        call_later(-1, lambda: made.append(("before", scope.current_time)))
        await anyio.sleep(100)
        return made

    made = run_test(test, backend=backend)
    assert sorted(made[:2]) == [("at once", 0), ("before", 0)]
    assert made[2:] == [("first", 5), ("second", 60)]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_delay_counts_from_the_asking(backend: str) -> None:
    async def test(scope: TestScope) -> list[float]:
        made: list[float] = []
        await anyio.sleep(7)
        call_later(5, lambda: made.append(scope.current_time))
        await anyio.sleep(10)
        return made

    assert run_test(test, backend=backend) == [12]


async def test_a_cancelled_call_is_not_made_and_leaves_nothing() -> None:
    made: list[str] = []
    timer = call_later(0, lambda: made.append("cancelled before its first step"))
    timer.cancel()
    far = call_later(3600, lambda: made.append("cancelled later"))
    await turns()
    far.cancel()
    far.cancel()
    await turns()
    assert made == []


async def test_to_cancel_after_the_call_is_harmless() -> None:
    waiter = new_waiter()
    timer = call_later(0, lambda: waiter.set_result(None))
    await waiter
    timer.cancel()


async def test_of_two_that_are_due_together_one_may_cancel_the_other() -> None:
    made: list[str] = []
    over = new_waiter()

    def make(which: str, other: int) -> None:
        made.append(which)
        timers[other].cancel()
        over.set_result(None)

    timers = [call_later(0, lambda: make("first", 1)), call_later(0, lambda: make("second", 0))]
    await over
    await turns()
    assert len(made) == 1


async def test_calls_see_the_context_of_who_asked() -> None:
    seen: list[str] = []
    over = new_waiter()
    name.set("the one who asks")
    call_soon(lambda: seen.append(name.get()))

    def look() -> None:
        seen.append(name.get())
        over.set_result(None)

    call_later(0, look)
    name.set("somebody else")
    await over
    await turns()
    assert seen == ["the one who asks"] * 2


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("ask", [call_soon, lambda call: call_later(1, call)], ids=["soon", "later"])
def test_a_call_that_fails_is_reported_and_hurts_nobody(backend: str, ask: object) -> None:
    made: list[str] = []

    async def test(_: TestScope) -> None:
        ask(lambda: 1 / 0)  # type: ignore[operator]  # one of the two
        ask(lambda: made.append("the next one"))  # type: ignore[operator]  # as above
        await anyio.sleep(2)

    with pytest.raises(ZeroDivisionError):
        run_test(test, backend=backend)
    assert made == ["the next one"]


def test_without_a_loop_there_is_no_later() -> None:
    with pytest.raises(RuntimeError, match="no event loop"):
        call_later(1, print)

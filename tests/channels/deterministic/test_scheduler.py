"""`Scheduler`: its tasks step when they are told to, and are cancelled as on the loop whose manners it has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from flowws._core import Waiter, checkpoint, new_waiter

from .scheduler import Interrupted, Scheduler


@pytest.fixture(params=["asyncio", "trio"])
def scheduler(request: pytest.FixtureRequest) -> Iterator[Scheduler]:
    scheduler = Scheduler(request.param)
    with scheduler.stands_in():
        yield scheduler


async def wait(waiter: Waiter[str], seen: list[str]) -> None:
    try:
        seen.append(await waiter)
        await checkpoint()
        seen.append("went on")
    except Interrupted:
        seen.append("interrupted")
        raise


def test_whoever_holds_it_says_who_steps(scheduler: Scheduler) -> None:
    waiters: list[Waiter[str]] = [new_waiter(), new_waiter()]
    seen: list[str] = []
    tasks = [scheduler.start(wait(waiter, seen)) for waiter in waiters]
    scheduler.step(tasks[1])
    scheduler.step(tasks[0])
    assert scheduler.runnable == []
    waiters[0].set_result("first")
    waiters[1].set_result("second")
    assert scheduler.runnable == tasks
    scheduler.step(tasks[1])
    assert seen == ["second"]
    assert tasks[1].breathes
    scheduler.step(tasks[0])
    assert seen == ["second", "first"]


def test_a_parked_task_is_cancelled_at_once(scheduler: Scheduler) -> None:
    waiter: Waiter[str] = new_waiter()
    seen: list[str] = []
    task = scheduler.start(wait(waiter, seen))
    scheduler.step(task)
    scheduler.cancel(task)
    assert waiter.done()
    assert waiter.cancelled()
    assert seen == []
    scheduler.step(task)
    assert seen == ["interrupted"]
    assert task.over


def test_a_task_that_was_handed_a_value_is_cancelled_before_it_has_it_or_after(scheduler: Scheduler) -> None:
    waiter: Waiter[str] = new_waiter()
    seen: list[str] = []
    task = scheduler.start(wait(waiter, seen))
    scheduler.step(task)
    waiter.set_result("value")
    scheduler.cancel(task)
    assert not waiter.cancelled()
    while not task.over:
        scheduler.step(task)
    assert seen == {"asyncio": ["interrupted"], "trio": ["value", "interrupted"]}[scheduler.manners]


def test_a_task_that_is_cancelled_before_it_runs_never_does_or_gets_to_its_first_wait(scheduler: Scheduler) -> None:
    waiter: Waiter[str] = new_waiter()
    seen: list[str] = []
    task = scheduler.start(wait(waiter, seen))
    scheduler.cancel(task)
    while not task.over:
        scheduler.step(task)
    assert seen == {"asyncio": [], "trio": ["interrupted"]}[scheduler.manners]


def test_a_failure_is_kept_for_whoever_steps(scheduler: Scheduler) -> None:
    async def fail() -> None:
        raise ValueError("as planned")

    task = scheduler.start(fail())
    scheduler.step(task)
    assert task.over
    assert isinstance(task.failure, ValueError)


def test_a_waiter_is_resolved_once(scheduler: Scheduler) -> None:
    waiter: Any = new_waiter()
    waiter.set_result(1)
    with pytest.raises(AssertionError, match="a waiter that is done is to be failed"):
        waiter.set_exception(ValueError())

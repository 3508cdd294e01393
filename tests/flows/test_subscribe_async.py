"""`subscribe_async`."""

from __future__ import annotations

import asyncio
from typing import Any

import aioreactive as rx
import pytest

from flowws import MutableSharedFlow, coroutine_scope, flow_of, supervisor_scope
from tests.flows.upstream import Upstream, settle

pytestmark = pytest.mark.asyncio_only("aioreactive runs on asyncio only")


class Log(rx.AsyncObserver[Any]):
    """An observer that writes down what it hears."""

    def __init__(self) -> None:
        self.story: list[Any] = []

    async def asend(self, value: Any) -> None:
        self.story.append(("begin", value))
        await settle()
        self.story.append(("end", value))

    async def athrow(self, error: Exception) -> None:
        self.story.append(error)

    async def aclose(self) -> None:
        self.story.append("closed")


async def test_an_observer_hears_one_value_after_the_other_and_the_end() -> None:
    log = Log()
    async with coroutine_scope():
        await flow_of(1, 2).subscribe_async(log)
    assert log.story == [("begin", 1), ("end", 1), ("begin", 2), ("end", 2), "closed"]


async def test_the_source_is_asked_for_the_next_value_when_the_observer_is_done_with_the_last() -> None:
    upstream, log = Upstream(1, 2), Log()
    log.story = upstream.story
    async with coroutine_scope():
        await upstream.flow().subscribe_async(log)
    assert upstream.story == [
        "start", 1, ("begin", 1), ("end", 1), 2, ("begin", 2), ("end", 2), "completed", "closed",
    ]  # fmt: skip  # one line per turn reads worse


async def test_functions_may_be_sync_async_or_left_out() -> None:
    story: list[Any] = []

    async def send(value: int) -> None:
        await settle()
        story.append(value)

    async with coroutine_scope():
        await flow_of(1).subscribe_async(story.append, close=lambda: story.append("closed"))
        await settle()
        await flow_of(2).subscribe_async(send)
        await flow_of(3).subscribe_async(lambda value: send(value))  # noqa: PLW0108  # as people write it
        await flow_of(4).subscribe_async()
    assert story == [1, "closed", 2, 3]


async def test_a_failure_above_is_thrown() -> None:
    failure, log = ValueError("above"), Log()
    async with coroutine_scope():
        await Upstream(1, failure=failure).flow().subscribe_async(log)
    assert log.story == [("begin", 1), ("end", 1), failure]


async def test_a_failure_of_the_observer_closes_the_source_and_is_thrown_to_it() -> None:
    upstream = Upstream(0, 1)
    failures: list[Exception] = []
    async with coroutine_scope():
        await upstream.flow().subscribe_async(lambda n: 1 / n, failures.append)
    assert [type(each) for each in failures] == [ZeroDivisionError]
    assert upstream.ends == ["closed"]


async def test_a_failure_that_nobody_is_told_of_fails_the_job_that_subscribed() -> None:
    with pytest.raises(ValueError, match="above"):
        async with coroutine_scope():
            await Upstream[int](failure=ValueError("above")).flow().subscribe_async(print)


async def test_under_a_supervisor_it_goes_to_the_handler() -> None:
    failures: list[BaseException] = []
    async with supervisor_scope(exception_handler=lambda _, failure: failures.append(failure)):
        await Upstream[int](failure=ValueError("above")).flow().subscribe_async(print)
    assert [str(each) for each in failures] == ["above"]


async def test_without_a_job_it_goes_to_the_handler_of_the_loop() -> None:
    loop = asyncio.get_running_loop()
    reported: list[object] = []
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: reported.append(context["exception"]))
    try:
        failure = ValueError("above")
        await Upstream[int](failure=failure).flow().subscribe_async(print)
        await settle()
    finally:
        loop.set_exception_handler(before)
    assert reported == [failure]


async def test_disposing_cancels_awaits_the_cleanup_and_is_silent() -> None:
    upstream, log = Upstream(1, endless=True), Log()
    async with coroutine_scope():
        subscription = await upstream.flow().subscribe_async(log)
        await settle()
        await settle()
        await subscription.dispose_async()
        assert upstream.ends == ["cancelled"]
        await subscription.dispose_async()
    assert log.story == [("begin", 1), ("end", 1)]


async def test_without_a_job_around_it_lives_until_it_is_disposed() -> None:
    upstream = Upstream(1, endless=True)
    async with await upstream.flow().subscribe_async():
        await settle()
        assert upstream.story == ["start", 1]
    assert upstream.ends == ["cancelled"]


async def test_it_ends_with_the_job_that_subscribed() -> None:
    upstream = Upstream(1, endless=True)
    async with coroutine_scope() as scope:

        async def subscribe() -> None:
            await upstream.flow().subscribe_async()

        job = scope.launch(subscribe)
        await settle()
        assert job.is_active
        await job.cancel_and_join()
        assert upstream.ends == ["cancelled"]


async def test_an_observer_may_dispose_its_own_subscription() -> None:
    upstream = Upstream(1, 2, 3)
    subscriptions: list[Any] = []

    async def send(_: int) -> None:
        await subscriptions[0].dispose_async()

    async with coroutine_scope():
        subscriptions.append(await upstream.flow().subscribe_async(send))
    assert upstream.story == ["start", 1, "cancelled"] or upstream.story == ["start", 1, "closed"]


async def test_a_hot_flow_is_subscribed_to_before_it_returns() -> None:
    """K75"""
    shared = MutableSharedFlow[int](extra_buffer_capacity=1)
    got: list[int] = []
    async with coroutine_scope():
        subscription = await shared.subscribe_async(got.append)
        assert shared.subscription_count.value == 1
        assert shared.try_emit(1)
        await settle()
        await subscription.dispose_async()
    assert got == [1]
    assert shared.subscription_count.value == 0


async def test_a_subject_may_observe_a_flow() -> None:
    numbers = rx.AsyncSubject[int]()
    got: list[Any] = []
    await numbers.subscribe_async(rx.AsyncAnonymousObserver(_appending(got)))
    async with coroutine_scope():
        await flow_of(1, 2).subscribe_async(numbers)
    assert got == [1, 2]


def _appending(got: list[Any]) -> Any:
    async def append(value: Any) -> None:
        got.append(value)

    return append


@pytest.mark.parametrize("wrong", [3, "text"])
async def test_refuses_what_is_no_function(wrong: Any) -> None:
    upstream = Upstream(1)
    for arguments in ((wrong,), (None, wrong), (None, None, wrong)):
        with pytest.raises(TypeError, match=repr(wrong)):
            await upstream.flow().subscribe_async(*arguments)
    assert upstream.story == []

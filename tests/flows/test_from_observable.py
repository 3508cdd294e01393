"""`from_observable`."""

from __future__ import annotations

from typing import Any

import aioreactive as rx
import anyio.lowlevel
import pytest

from flowws import CancellationError, coroutine_scope, from_observable
from flowws.testing import TestScope
from tests.flows.upstream import settle

pytestmark = pytest.mark.asyncio_only("aioreactive runs on asyncio only")


class Observed(rx.AsyncObservable[int]):
    """Sends its values while it is being subscribed to, and tells what became of the subscription."""

    def __init__(self, *values: int, failure: Exception | None = None) -> None:
        self.values = values
        self.failure = failure
        self.story: list[Any] = []

    async def subscribe_async(self, send: Any = None, throw: Any = None, close: Any = None) -> Any:
        self.story.append("subscribed")
        for value in self.values:
            await send.asend(value)
            self.story.append(value)
        await (send.aclose() if self.failure is None else send.athrow(self.failure))
        return rx.AsyncDisposable.create(self._dispose)

    async def _dispose(self) -> None:
        await anyio.lowlevel.checkpoint()
        self.story.append("disposed")


async def test_the_values_of_an_observable() -> None:
    assert await from_observable(rx.from_iterable([1, 2, 3])).to_list() == [1, 2, 3]
    assert await from_observable(rx.single(7)).map(lambda n: n * 2).to_list() == [14]
    assert await from_observable(rx.empty()).to_list() == []


async def test_every_collection_subscribes_anew_and_disposes() -> None:
    observed = Observed(1, 2)
    chain = from_observable(observed)
    assert observed.story == []
    assert await chain.to_list() == [1, 2]
    assert await chain.to_list() == [1, 2]
    assert observed.story == ["subscribed", 1, 2, "disposed"] * 2


async def test_who_sends_waits_until_the_collector_asks() -> None:
    observed = Observed(1, 2, 3)
    async for n in from_observable(observed):
        observed.story.append(f"got {n}")
        await settle()
    assert observed.story == ["subscribed", 1, "got 1", "got 2", 2, "got 3", 3, "disposed"]


@pytest.mark.parametrize(
    ("capacity", "ahead"),
    [(None, [1, 2, 3, 4, "disposed"]), (1, [1, 2]), (0, [1])],
    ids=["buffer()", "buffer(1)", "buffer(0)"],
)
async def test_a_buffer_lets_it_run_ahead(capacity: int | None, ahead: list[Any]) -> None:
    observed = Observed(1, 2, 3, 4)
    chain = from_observable(observed).buffer() if capacity is None else from_observable(observed).buffer(capacity)
    values: Any = aiter(chain)
    assert await anext(values) == 1
    await settle()
    assert observed.story == ["subscribed", *ahead]
    await values.aclose()


async def test_conflated_the_newest_value_is_kept() -> None:
    numbers = rx.AsyncSubject[int]()
    values: Any = aiter(from_observable(numbers).conflate())
    async with coroutine_scope() as scope:
        scope.launch(_emit_when_observed, numbers, 1)
        assert await anext(values) == 1
        for n in (2, 3, 4):
            await numbers.asend(n)
        assert await anext(values) == 4
        await values.aclose()


async def _emit_when_observed(subject: rx.AsyncSubject[int], value: int) -> None:
    await settle()
    await subject.asend(value)


async def test_an_error_that_is_thrown_is_raised_as_itself_after_the_values_before_it() -> None:
    failure = ValueError("above")
    got: list[int] = []
    observed = Observed(1, failure=failure)
    with pytest.raises(ValueError, match="above") as raised:
        await from_observable(observed).to_list(got)
    assert raised.value is failure
    assert got == [1]
    assert observed.story == ["subscribed", 1, "disposed"]


async def test_a_subscription_that_fails_fails_the_flow() -> None:
    def fail() -> Any:
        raise ValueError("no such thing")

    async def subscribe(_: Any) -> Any:
        fail()

    with pytest.raises(ValueError, match="no such thing"):
        await from_observable(rx.AsyncAnonymousObservable(subscribe)).to_list()


async def test_a_subject_is_observed_from_the_first_value_that_is_asked_for() -> None:
    numbers = rx.AsyncSubject[int]()
    got: list[int] = []
    async with coroutine_scope() as scope:
        job = from_observable(numbers).on_each(got.append).launch_in(scope)
        await numbers.asend(0)  # nobody observes yet
        await settle()
        await numbers.asend(1)
        await numbers.asend(2)
        await numbers.aclose()
        await job.join()
    assert got == [1, 2]


async def test_a_subject_may_have_many_collectors_one_of_which_leaves() -> None:
    numbers = rx.AsyncSubject[int]()
    brief: list[int] = []
    long: list[int] = []
    async with coroutine_scope() as scope:
        leaving = from_observable(numbers).take(1).on_each(brief.append).launch_in(scope)
        staying = from_observable(numbers).on_each(long.append).launch_in(scope)
        await settle()
        for n in range(3):
            await numbers.asend(n)
        await leaving.join()
        await numbers.aclose()
        await staying.join()
    assert brief == [0]
    assert long == [0, 1, 2]


async def test_time_in_an_observable_is_virtual(test_scope: TestScope) -> None:
    assert await from_observable(rx.interval(1, 60)).take(3).to_list() == [0, 1, 2]
    assert test_scope.current_time == 121


async def test_a_single_subject_waits_for_the_collector() -> None:
    numbers = rx.AsyncSingleSubject[int]()
    async with coroutine_scope() as scope:

        @scope.launch
        async def send() -> None:
            await numbers.asend(1)
            await numbers.asend(2)
            await numbers.aclose()

        assert await from_observable(numbers).to_list() == [1, 2]


async def test_who_waits_with_a_value_when_the_collector_leaves_is_let_go_without_an_error() -> None:
    numbers = rx.AsyncSubject[int]()
    async with coroutine_scope() as scope:
        values: Any = aiter(from_observable(numbers))
        scope.launch(_emit_when_observed, numbers, 1)
        assert await anext(values) == 1
        sender = scope.launch(numbers.asend, 2)
        await settle()
        assert sender.is_active
        await values.aclose()
        await sender.join()
        assert not sender.is_cancelled


async def test_a_source_that_goes_on_after_its_disposal_does_not_block_the_loop() -> None:
    class Stubborn(rx.AsyncObservable[int]):
        async def subscribe_async(self, send: Any = None, throw: Any = None, close: Any = None) -> Any:
            scope.launch(self.run, send)
            return rx.AsyncDisposable.empty()

        async def run(self, observer: rx.AsyncObserver[int]) -> None:
            n = 0
            while n >= 0:
                n += 1
                await observer.asend(n)

    async with coroutine_scope() as scope:
        assert await from_observable(Stubborn()).take(2).to_list() == [1, 2]
        await settle()
        scope.cancel()


async def test_what_comes_after_the_end_is_not_heard() -> None:
    async def subscribe(observer: rx.AsyncObserver[int]) -> rx.AsyncDisposable:
        await observer.asend(1)
        await observer.aclose()
        await observer.asend(2)
        await observer.athrow(ValueError("late"))
        return rx.AsyncDisposable.empty()

    assert await from_observable(rx.AsyncAnonymousObservable(subscribe)).to_list() == [1]


async def test_a_disposal_is_awaited_to_its_end_also_under_cancellation() -> None:
    disposed: list[str] = []

    async def dispose() -> None:
        await settle()
        disposed.append("done")

    async def subscribe(_: Any) -> rx.AsyncDisposable:
        return rx.AsyncDisposable.create(dispose)

    async with coroutine_scope() as scope:
        job = from_observable(rx.AsyncAnonymousObservable(subscribe)).launch_in(scope)
        await settle()
        await job.cancel_and_join()
        assert disposed == ["done"]


async def test_a_disposal_that_fails_is_raised() -> None:
    async def dispose() -> None:
        raise ValueError("cleanup")

    async def subscribe(observer: rx.AsyncObserver[int]) -> rx.AsyncDisposable:
        await observer.asend(1)
        return rx.AsyncDisposable.create(dispose)

    with pytest.raises(ValueError, match="cleanup"):
        await from_observable(rx.AsyncAnonymousObservable(subscribe)).first()


async def test_a_cancellation_error_that_is_thrown_is_raised() -> None:
    with pytest.raises(CancellationError):
        await from_observable(Observed(failure=CancellationError("gone"))).to_list()


@pytest.mark.parametrize("wrong", [None, 3, [1]])
def test_refuses_what_cannot_be_subscribed_to(wrong: Any) -> None:
    with pytest.raises(TypeError, match="subscribe_async"):
        from_observable(wrong)


def test_it_shows_the_observable() -> None:
    class Numbers(Observed):
        def __repr__(self) -> str:
            return "numbers"

    assert repr(from_observable(Numbers()).map(str)) == "from_observable(numbers).map(str)"

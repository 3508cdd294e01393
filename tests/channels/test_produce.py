"""`scope.produce`: a job that fills a channel. Facts K12, K62 to K67."""

# ruff: noqa: PT012  # a scope raises at its end, so all of it stands inside `raises`

from __future__ import annotations

import anyio
import pytest

from flowws import (
    BufferOverflow,
    CancellationError,
    Channel,
    ChannelResult,
    CoroutineScope,
    Job,
    ProducerScope,
    ScopeClosedError,
    coroutine_scope,
    current_job,
    produce,
    supervisor_scope,
)
from tests.core.observing import cancel_natively, reported, turns


async def three(producer: ProducerScope[int]) -> None:
    for number in (1, 2, 3):
        await producer.send(number)


async def test_a_producer_fills_its_channel() -> None:
    async with coroutine_scope() as scope:
        assert [number async for number in scope.produce(three)] == [1, 2, 3]


@pytest.mark.parametrize("capacity", [-3, -100])
async def test_k12_a_capacity_that_is_none_is_refused_and_no_job_is_left(capacity: int) -> None:
    async with coroutine_scope() as scope:
        with pytest.raises(ValueError, match=str(capacity)):
            scope.produce(three, capacity)
        assert list(scope.job.children) == []


async def test_k62_the_channel_closes_when_the_body_and_all_its_children_have_ended() -> None:
    gate = anyio.Event()

    async def late(producer: ProducerScope[int]) -> None:
        await gate.wait()
        await producer.send(2)

    async def body(producer: ProducerScope[int]) -> None:
        producer.launch(late, producer)
        await producer.send(1)

    async with coroutine_scope() as scope:
        channel = scope.produce(body)
        assert await channel.receive() == 1
        await turns()
        assert not channel.is_closed_for_receive
        gate.set()
        assert [number async for number in channel] == [2]


async def test_k63_what_was_sent_is_receivable_then_the_failure_is_raised_and_the_parent_fails() -> None:
    failure = ValueError("of the producer")

    async def body(producer: ProducerScope[int]) -> None:
        await producer.send(1)
        await producer.send(2)
        raise failure

    with pytest.raises(ValueError, match="of the producer") as caught:
        async with coroutine_scope() as scope:
            channel = scope.produce(body, 2)
            [job] = scope.job.children
            await job.join()
    assert [channel.try_receive() for _ in range(3)] == [
        ChannelResult.success(1),
        ChannelResult.success(2),
        ChannelResult.closed(failure),
    ]
    assert caught.value is failure


async def test_k63_the_failure_of_a_child_is_the_producers() -> None:
    async def fail() -> None:
        raise KeyError("child")

    async def body(producer: ProducerScope[int]) -> None:
        producer.launch(fail)
        await producer.await_close()

    scope = CoroutineScope(supervisor=True)
    with reported() as errors:
        with pytest.raises(KeyError, match="child"):
            await scope.produce(body).receive()
        await scope.aclose()
    assert errors == []


@pytest.mark.parametrize("cause", [None, CancellationError("enough")])
async def test_k64_cancelling_the_channel_cancels_the_producer(cause: CancellationError | None) -> None:
    met: list[BaseException] = []
    jobs: list[Job | None] = []

    async def body(producer: ProducerScope[int]) -> None:
        jobs.append(current_job())
        try:
            await producer.send(1)
        except CancellationError as error:
            met.append(error)
            raise

    async with coroutine_scope() as scope:
        channel = scope.produce(body)
        await turns()
        channel.cancel(cause)
        [job] = jobs
        assert job is not None
        await job.join()
        assert job.is_cancelled
        assert scope.is_active
    assert len(met) == 1
    assert met[0] is channel.try_receive().exception_or_none()
    assert cause is None or met == [cause]


async def test_k64_a_producer_that_waits_elsewhere_is_cancelled_too() -> None:
    async with coroutine_scope() as scope:

        async def body(_: ProducerScope[int]) -> None:
            await anyio.sleep_forever()

        with scope.produce(body).consume():
            await turns()


def test_k64_a_cause_that_is_none_cancels_nobody() -> None:
    async def main() -> None:
        async with coroutine_scope() as scope:
            channel = scope.produce(three)
            with pytest.raises(TypeError, match="CancellationError"):
                channel.cancel("a text")  # type: ignore[arg-type]  # the mistake under test
            assert await channel.to_list() == [1, 2, 3]

    anyio.run(main)


async def test_k64_a_hook_that_raises_does_not_keep_the_producer_alive() -> None:
    def bad(element: int) -> None:
        raise KeyError(element)

    async with coroutine_scope() as scope:
        channel = scope.produce(three, 1, on_undelivered_element=bad)
        await turns()
        with pytest.raises(KeyError):
            channel.cancel()


@pytest.mark.parametrize("interrupt", [Job.cancel, cancel_natively])
async def test_k65_the_channel_stays_open_until_a_cancelled_producer_has_really_ended(interrupt: object) -> None:
    async def body(producer: ProducerScope[int]) -> None:
        try:
            await producer.send(1)
            await anyio.sleep_forever()
        finally:
            assert producer.try_send(2).is_success
            await producer.send(3)

    seen: list[int] = []
    async with coroutine_scope() as scope:
        channel = scope.produce(body, 10, name="producer")
        await turns()
        [job] = scope.job.children
        interrupt(job)  # type: ignore[operator]  # one of the two above
        assert not channel.is_closed_for_receive
        with pytest.raises(CancellationError):
            await channel.consume_to(seen)
        assert scope.is_active
    assert seen == [1, 2, 3]


async def test_k66_cancelling_a_channel_that_was_closed_by_hand_cancels_what_is_left_of_the_producer() -> None:
    ended: list[str] = []

    async def child() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("child")

    async def body(producer: ProducerScope[int]) -> None:
        producer.launch(child)
        assert producer.close()

    async with coroutine_scope() as scope:
        channel = scope.produce(body)
        await turns()
        assert channel.is_closed_for_receive
        assert ended == []
        channel.cancel()
    assert ended == ["child"]


async def test_k67_a_failure_after_the_channel_was_closed_goes_to_the_handler_where_no_parent_takes_it() -> None:
    told: list[BaseException] = []
    failure = ValueError("late")

    async def body(producer: ProducerScope[int]) -> None:
        try:
            await producer.send(1)
        finally:
            raise failure

    async with supervisor_scope(exception_handler=lambda _, error: told.append(error)) as scope:
        channel = scope.produce(body)
        await turns()
        channel.cancel()
    assert told == [failure]


async def test_k67_a_failure_that_the_channel_tells_does_not_go_to_the_handler() -> None:
    told: list[BaseException] = []

    async def body(_: ProducerScope[int]) -> None:
        raise ValueError("told by the channel")

    async with supervisor_scope(exception_handler=lambda _, error: told.append(error)) as scope:
        result = await scope.produce(body).receive_catching()
    assert isinstance(result.exception_or_none(), ValueError)
    assert told == []


async def test_a_closed_scope_refuses_a_producer() -> None:
    scope = CoroutineScope()
    scope.cancel()
    with pytest.raises(ScopeClosedError):
        scope.produce(three)


async def test_what_is_no_function_is_refused() -> None:
    async with coroutine_scope() as scope:
        with pytest.raises(TypeError, match="async function"):
            scope.produce(3)  # type: ignore[arg-type]  # the mistake under test
        assert list(scope.job.children) == []


async def test_the_function_takes_all_options_of_a_channel() -> None:
    lost: list[int] = []
    async with coroutine_scope() as scope:
        channel = produce(scope, three, 1, BufferOverflow.DROP_OLDEST, lost.append, name="mine")
        [job] = scope.job.children
        assert job.name == "mine"
        await job.join()
        assert await channel.to_list() == [3]
    assert lost == [1, 2]


async def test_a_producer_whose_scope_is_cancelled_before_it_began_closes_its_channel() -> None:
    scope = CoroutineScope()
    channel = scope.produce(three)
    scope.cancel()
    await scope.join()
    assert isinstance((await channel.receive_catching()).exception_or_none(), CancellationError)


async def test_a_pipeline_of_producers() -> None:
    async def numbers(producer: ProducerScope[int]) -> None:
        number = 2
        while True:
            await producer.send(number)
            number += 1

    async with coroutine_scope() as scope:
        primes: list[int] = []
        with scope.produce(numbers).consume() as source:
            while len(primes) < 10:
                candidate = await source.receive()
                if all(candidate % prime for prime in primes):
                    primes.append(candidate)
    assert primes == [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]


async def test_the_channel_is_a_channel_that_many_share() -> None:
    async with coroutine_scope() as scope:
        channel = scope.produce(three)
        assert isinstance(channel, Channel)
        both = [scope.async_(channel.receive) for _ in range(2)]
        assert sorted([await each for each in both]) == [1, 2]
        channel.cancel()

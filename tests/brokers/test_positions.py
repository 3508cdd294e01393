"""Positions: where a value is, what was before it, and how to go on behind it."""

from __future__ import annotations

import pytest

from flowws import delay
from flowws.brokers import BrokerUnavailableError, FlowGapError, Gap, GapReason, MemoryBroker, Position, Retention
from flowws.brokers._places import Places
from tests.brokers.ground import FaultyBroker, gathered, settle


async def test_the_position_is_exact_inside_a_tap_and_after_it(test_scope) -> None:
    async with MemoryBroker() as broker:
        flow = broker.shared_flow("numbers", int)
        heard: list[tuple[int, int]] = []
        flow.tap(lambda value: heard.append((flow.position.offset, value)))
        for number in range(300):
            await flow.emit(number)
        await delay(1)
        assert heard == [(number + 1, number) for number in range(300)]
        assert flow.position.offset == 300


async def test_ready_says_where_and_many_may_ask(test_scope) -> None:
    async with FaultyBroker() as broker:
        writer = broker.shared_flow("numbers", int)
        await writer.emit(0)
        await writer.flush()
        flow = broker.shared_flow("numbers", int)
        asked = [test_scope.async_(flow.ready) for _ in range(3)]
        positions = [await each for each in asked]
        assert positions == [broker.log("numbers").newest] * 3
        assert await flow.ready() == positions[0]
        assert broker.tails == 1


async def test_positions_of_the_replay(test_scope) -> None:
    async with MemoryBroker() as broker:
        writer = broker.shared_flow("numbers", int)
        for number in range(10):
            await writer.emit(number)
        await writer.flush()
        flow = broker.shared_flow("numbers", int, replay=4)
        await flow.ready()
        await settle()
        values, _ = gathered(flow.positioned(), test_scope)
        await settle()
        assert [(position.offset, value) for position, value in values] == [(7, 6), (8, 7), (9, 8), (10, 9)]


async def test_since_begins_with_the_log_and_goes_on(test_scope) -> None:
    async with MemoryBroker() as broker:
        flow = broker.shared_flow("numbers", int, retention=Retention(10_000, None))
        start = await flow.ready()
        for number in range(2000):
            await flow.emit(number)
        await flow.flush()
        values, _ = gathered(flow.since(Position(start.epoch, 500)), test_scope)
        placed, _ = gathered(flow.positioned(Position(start.epoch, 1990)), test_scope)
        for number in range(2000, 2500):
            await flow.emit(number)
        await delay(1)
        assert values == list(range(500, 2500))
        assert placed == [(Position(start.epoch, number + 1), number) for number in range(1990, 2500)]


async def test_since_while_others_emit_without_end(test_scope) -> None:
    async with MemoryBroker() as broker:
        flow = broker.shared_flow("numbers", int, extra_buffer_capacity=8)
        start = await flow.ready()

        async def emit() -> None:
            for number in range(3000):
                await flow.emit(number)
                if number % 7 == 0:
                    await delay(0.001)

        job = test_scope.launch(emit)
        heard = []
        for begin in range(0, 100, 10):
            await delay(0.01)
            heard.append(gathered(flow.since(Position(start.epoch, begin)), test_scope)[0])
        await job.join()
        await delay(1)
        for number, values in enumerate(heard):
            assert values == list(range(number * 10, 3000))


async def test_since_where_the_log_does_not_go_on(test_scope) -> None:
    async with MemoryBroker() as broker:
        short = Retention(10, None)
        flow = broker.shared_flow("numbers", int, retention=short)
        delivering = broker.shared_flow("numbers", int, retention=short, on_gap="deliver")
        seen: list[Gap] = []
        calling = broker.shared_flow("numbers", int, retention=short, on_gap=seen.append)
        start = await flow.ready()
        for number in range(100):
            await flow.emit(number)
        await flow.flush()
        gap = Gap(GapReason.TRIMMED, start, Position(start.epoch, 90), 90)
        with pytest.raises(FlowGapError) as caught:
            await flow.since(start).first()
        assert caught.value.gap == gap
        assert await delivering.since(start).take(3).to_list() == [gap, 90, 91]
        assert (await delivering.positioned(start).first()) == (Position(start.epoch, 90), gap)
        assert await calling.since(start).take(3).to_list() == [90, 91, 92]
        assert seen == [gap]
        with pytest.raises(FlowGapError, match="reset: an unknown number"):
            await flow.since(Position(1, 1)).first()


async def test_since_over_a_restart(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("numbers", int)
        start = await flow.ready()
        for number in range(5):
            await flow.emit(number)
        await flow.flush()
        broker.restart("numbers", forgetting=0)
        for number in range(5, 8):
            await flow.emit(number)
        await flow.flush()
        today = await flow.resolve(Position(start.epoch, 2))
        assert today == Position(start.epoch + 1, 2)
        values, _ = gathered(flow.since(today), test_scope)
        same, _ = gathered(flow.since(Position(start.epoch, 2)), test_scope)
        await delay(1)
        await flow.emit(8)
        await delay(1)
        assert values == same == [2, 3, 4, 5, 6, 7, 8]
        assert [value for _, value in await flow.history(today, 2)] == [2, 3]  # type: ignore[misc]  # no gaps


async def test_since_endures_an_outage(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("numbers", int)
        start = await flow.ready()
        for number in range(5):
            await flow.emit(number)
        await flow.flush()
        broker.go_away()
        values, _ = gathered(flow.since(start), test_scope)
        await delay(30)
        assert values == []
        with pytest.raises(BrokerUnavailableError):
            await flow.history(start, 10)
        with pytest.raises(BrokerUnavailableError):
            await flow.resolve(start)
        broker.come_back()
        await delay(3)
        assert values == [0, 1, 2, 3, 4]


async def test_history_is_what_is_there_now(test_scope) -> None:
    async with MemoryBroker() as broker:
        flow = broker.shared_flow("numbers", int, retention=Retention(5, None))
        start = await flow.ready()
        assert await flow.history(start, 10) == []
        for number in range(8):
            await flow.emit(number)
        await flow.flush()
        gap, *values = await flow.history(start, 2)
        assert gap == Gap(GapReason.TRIMMED, start, Position(start.epoch, 3), 3)
        assert values == [(Position(start.epoch, 4), 3), (Position(start.epoch, 5), 4)]


def test_since_what_is_no_position() -> None:
    with pytest.raises(TypeError, match=r"'5-3'.*Position\.parse"):
        MemoryBroker().shared_flow("numbers", int).since("5-3")  # type: ignore[arg-type]  # on purpose


def test_how_they_are_shown() -> None:
    flow = MemoryBroker().shared_flow("numbers", int)
    assert repr(flow.positioned()) == "<BrokeredSharedFlow 'numbers' at 0-0, of 0 subscribers>.positioned()"
    assert repr(flow.since(Position(1, 2))).endswith(".since(Position(epoch=1, offset=2))")
    assert repr(flow.positioned(Position(1, 2)).take(1)).endswith(".positioned(Position(epoch=1, offset=2)).take(1)")


def test_places_keep_what_can_still_be_asked_for() -> None:
    places = Places()
    assert places.of(-1) == Position(0, 0)
    for number in range(0, 10_000, 10):
        places.mark(number, Position(7, 3 * number), max(0, number - 50))
    assert len(places._marks) < 64
    for number in range(9_950, 10_020):
        begin = min(number // 10 * 10, 9_990)
        assert places.of(number) == Position(7, 3 * begin + number - begin)

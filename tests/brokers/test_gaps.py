"""Where something is missing, nobody is left to find out by himself."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from flowws import Lag, delay
from flowws.brokers import (
    BrokeredSharedFlow,
    FlowGapError,
    Gap,
    GapReason,
    Position,
    Retention,
    UnreadableEntryError,
)
from tests.brokers.ground import FaultyBroker, gathered, settle

SHORT = Retention(5, None)


async def fall_behind(broker: FaultyBroker, flow: BrokeredSharedFlow[Any], missing: int) -> None:
    """Have the broker away from the readers while more is written than the log keeps."""
    broker.go_away()
    await delay(11)  # whoever waited for more has noticed
    log = broker.log("numbers")
    first = log.newest.offset
    log.append([b"%d" % (first + number) for number in range(missing + 5)], "another", first + 1, SHORT)
    broker.come_back()
    await delay(3)


async def test_collectors_get_the_error_at_its_place_and_may_collect_again(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("numbers", int, retention=SHORT)
        values, _ = gathered(flow, test_scope)
        start = await flow.ready()
        await flow.emit(0)
        await settle()
        await fall_behind(broker, flow, 100)
        error = values.pop()
        assert isinstance(error, FlowGapError)
        assert not isinstance(error, UnreadableEntryError)
        after, resumed = Position(start.epoch, 1), Position(start.epoch, 101)
        assert error.gap == Gap(GapReason.TRIMMED, after, resumed, 100)
        assert str(error) == f"trimmed: 100 updates between {after} and {resumed}"
        assert values == [0]
        again, _ = gathered(flow, test_scope)
        await settle()
        await flow.emit(7)
        await settle()
        assert again == [7]


async def test_what_was_before_the_gap_is_given_out_before_the_error(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("numbers", int, retention=SHORT, extra_buffer_capacity=10)
        slow = aiter(flow)
        slow_too = aiter(flow.subscribe(on_lag=Lag.DROP_OLDEST))
        await flow.ready()
        for number in range(3):
            await flow.emit(number)
        await settle()
        await fall_behind(broker, flow, 100)
        for values in (slow, slow_too):
            assert [await anext(values) for _ in range(3)] == [0, 1, 2]
            with pytest.raises(FlowGapError, match="trimmed: 100 updates"):
                await anext(values)
        assert flow.subscription_count.value == 0
        await flow.emit(9)
        await settle()


async def test_who_is_left_behind_a_gap_holds_up_nobody(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("numbers", int, retention=SHORT, extra_buffer_capacity=2)
        slow = aiter(flow)
        await flow.ready()
        await flow.emit(0)
        await settle()
        await fall_behind(broker, flow, 10)
        values, _ = gathered(flow, test_scope)
        await settle()
        for number in range(20):
            await flow.emit(number)
            await settle()
        assert values == list(range(20))
        assert await anext(slow) == 0
        await slow.aclose()


async def test_each_error_is_one_of_its_own(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("numbers", int, retention=SHORT)
        many = [gathered(flow, test_scope)[0] for _ in range(3)]
        await flow.ready()
        await fall_behind(broker, flow, 10)
        assert len({id(values[-1]) for values in many}) == 3


async def test_the_replay_has_no_hole(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("numbers", int, retention=SHORT, replay=3)
        await flow.ready()
        await flow.emit(-2)
        await flow.emit(-1)
        await settle()
        assert list(flow.replay_cache) == [-2, -1]
        broker.go_away()
        await delay(11)
        broker.lose("numbers")
        broker.come_back()
        await delay(3)
        assert list(flow.replay_cache) == []
        await flow.emit(1)
        await settle()
        assert list(flow.replay_cache) == [1]


async def test_gaps_as_values(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("numbers", int, retention=SHORT, on_gap="deliver", replay=10)
        values, _ = gathered(flow, test_scope)
        placed, _ = gathered(flow.positioned(), test_scope)
        start = await flow.ready()
        await flow.emit(0)
        await settle()
        await fall_behind(broker, flow, 2)
        gap = Gap(GapReason.TRIMMED, Position(start.epoch, 1), Position(start.epoch, 3), 2)
        assert values == [0, gap, 3, 4, 5, 6, 7]
        assert [(position.offset, value) for position, value in placed] == [
            (1, 0),
            (3, gap),
            (4, 3),
            (5, 4),
            (6, 5),
            (7, 6),
            (8, 7),
        ]
        assert flow.replay_cache == tuple(values)


async def test_a_function_for_gaps(test_scope, caplog) -> None:
    seen: list[Gap] = []

    def see(gap: Gap) -> None:
        seen.append(gap)
        raise ZeroDivisionError

    async with FaultyBroker() as broker:
        flow = broker.shared_flow("numbers", int, retention=SHORT, on_gap=see)
        values, stop = gathered(flow, test_scope)
        await flow.ready()
        await flow.emit(0)
        await settle()
        with caplog.at_level(logging.ERROR, "flowws.brokers"):
            await fall_behind(broker, flow, 2)
        assert values == [0, 3, 4, 5, 6, 7]
        assert [gap.missing for gap in seen] == [2]
        assert "on_gap has failed" in caplog.text
        stop()
        await settle()
        await fall_behind(broker, flow, 3)
        assert [gap.missing for gap in seen] == [2, 3], "also while nobody listens"


@pytest.mark.parametrize("on_gap", ["raise", "deliver", lambda gap: None])
async def test_taps_hear_a_gap_in_its_place_and_know_where_they_are(test_scope, on_gap) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("numbers", int, retention=SHORT, on_gap=on_gap)
        heard: list[tuple[int, object]] = []
        flow.tap(lambda value: heard.append((flow.position.offset, value)))
        start = await flow.ready()
        for number in range(2):
            await flow.emit(number)
        await settle()
        await fall_behind(broker, flow, 2)
        gap = Gap(GapReason.TRIMMED, Position(start.epoch, 2), Position(start.epoch, 4), 2)
        assert heard == [(1, 0), (2, 1), (4, gap), (5, 4), (6, 5), (7, 6), (8, 7), (9, 8)]


async def test_what_a_slow_collector_has_missed_is_told_to_the_number(test_scope) -> None:
    async with FaultyBroker() as broker:
        retention = Retention(50, None)
        writer = broker.shared_flow("numbers", int, retention=retention)
        reader = broker.shared_flow("numbers", int, retention=retention, extra_buffer_capacity=8, on_gap="deliver")
        start = await reader.ready()
        received: list[int] = []
        missing = 0
        values = aiter(reader)
        for number in range(3000):
            await writer.emit(number)
            if number % 100 == 99:
                await writer.flush()
                await delay(0.01)
        while received[-1:] != [2999]:
            value = await anext(values)
            if isinstance(value, Gap):
                assert value.reason is GapReason.TRIMMED
                missing += value.missing or 0
            else:
                received.append(value)
                assert value == len(received) + missing - 1
        assert missing > 0
        assert len(received) + missing == 3000
        assert reader.position == Position(start.epoch, 3000)
        await values.aclose()


async def test_an_update_that_cannot_be_read_is_told(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("numbers", int)
        delivered = broker.shared_flow("numbers", int, on_gap="deliver")
        raised, _ = gathered(flow, test_scope)
        values, _ = gathered(delivered, test_scope)
        start = await flow.ready()
        await delivered.ready()
        other = broker.shared_flow("numbers", str)
        await flow.emit(1)
        await flow.flush()
        await other.emit("two")
        await other.flush()
        await flow.emit(3)
        await delay(1)
        gap = Gap(GapReason.UNREADABLE, Position(start.epoch, 1), Position(start.epoch, 2), 1)
        assert values == [1, gap, 3]
        error = raised.pop()
        assert raised == [1]
        assert isinstance(error, UnreadableEntryError)
        assert error.gap == gap
        assert "expected an integer, not 'two'" in str(error)
        assert error.__cause__ is not None
        with pytest.raises(UnreadableEntryError, match="expected an integer"):
            await flow.since(start).to_list()
        assert await flow.history(start, 10) == [
            (Position(start.epoch, 1), 1),
            gap,
            (Position(start.epoch, 3), 3),
        ]


async def test_a_server_that_comes_back_with_all_it_had_is_no_gap(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("numbers", int)
        values, _ = gathered(flow.positioned(), test_scope)
        start = await flow.ready()
        await flow.emit(1)
        await settle()
        broker.restart("numbers", forgetting=0)
        await flow.emit(2)
        await delay(1)
        assert values == [(Position(start.epoch, 1), 1), (Position(start.epoch + 1, 2), 2)]
        assert await flow.resolve(Position(start.epoch, 1)) == Position(start.epoch + 1, 1)


async def test_a_server_that_has_forgotten_what_was_seen(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("numbers", int, on_gap="deliver")
        values, _ = gathered(flow, test_scope)
        start = await flow.ready()
        for number in range(10):
            await flow.emit(number)
        await settle()
        broker.restart("numbers", forgetting=4)
        for number in range(100, 103):
            await flow.emit(number)
        await delay(15)
        gap = Gap(GapReason.ROLLBACK, Position(start.epoch, 10), Position(start.epoch + 1, 6), 4)
        assert values == [*range(10), gap, 100, 101, 102]
        assert await flow.resolve(Position(start.epoch, 8)) is None


async def test_a_rollback_is_told_even_if_nothing_comes(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("numbers", int)
        values, _ = gathered(flow, test_scope)
        await flow.ready()
        await flow.emit(1)
        await settle()
        broker.restart("numbers", forgetting=1)
        await delay(15)
        error = values[-1]
        assert isinstance(error, FlowGapError)
        assert (error.gap.reason, error.gap.missing) == (GapReason.ROLLBACK, 1)


async def test_a_server_that_comes_back_with_nothing(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("numbers", int, on_gap="deliver")
        values, _ = gathered(flow, test_scope)
        start = await flow.ready()
        for number in range(3):
            await flow.emit(number)
        await settle()
        broker.lose("numbers")
        await flow.emit(3)
        await delay(15)
        gap = Gap(GapReason.RESET, Position(start.epoch, 3), Position(start.epoch + 1000, 0), None)
        assert values == [0, 1, 2, gap, 3]
        assert flow.position == Position(start.epoch + 1000, 1)

"""A brokered state: the newest of the log, for everybody."""

from __future__ import annotations

import logging

import anyio
import pytest

from flowws import StateFlow, delay
from flowws.brokers import (
    BrokerClosedError,
    BrokerRefusedError,
    BrokerUnavailableError,
    MemoryBroker,
    Position,
)
from tests.brokers.ground import FaultyBroker, gathered, settle


async def test_it_has_its_initial_value_until_the_log_has_one(test_scope) -> None:
    async with MemoryBroker() as broker:
        state = broker.state_flow("light", "off")
        assert isinstance(state, StateFlow)
        assert (state.value, state.position) == ("off", Position(0, 0))
        start = await state.ready()
        assert (state.value, state.position) == ("off", start)
        await state.emit("on")
        assert state.value == "off", "it is seen when it comes out of the log"
        await state.flush()
        await settle()
        assert (state.value, state.position) == ("on", Position(start.epoch, 1))
        late = broker.state_flow("light", "off")
        await late.ready()
        assert late.value == "on"
        assert late.replay_cache == ("on",)


async def test_collectors_and_taps_see_it_change_everywhere(test_scope) -> None:
    async with MemoryBroker() as broker:
        here, there = (broker.state_flow("light", "off") for _ in range(2))
        values, _ = gathered(there, test_scope)
        heard: list[str] = []
        there.tap(heard.append)
        shout = there.map_state(str.upper)
        await there.ready()
        for value in ("on", "on", "dim"):
            assert here.try_emit(value)
            await delay(1)
        assert values == ["off", "on", "dim"]
        assert heard == ["on", "dim"]
        assert shout.value == "DIM"
        assert there.subscription_count.value == 2


async def test_of_a_batch_only_the_last_counts(test_scope) -> None:
    async with MemoryBroker() as broker:
        here, there = (broker.state_flow("number", 0) for _ in range(2))
        values, _ = gathered(there, test_scope)
        await there.ready()
        for number in range(1, 100):
            await here.emit(number)
        await delay(1)
        assert values[0] == 0
        assert values[-1] == 99
        assert len(values) < 10


async def test_compare_and_set(test_scope) -> None:
    async with MemoryBroker() as broker:
        here, there = (broker.state_flow("light", "off") for _ in range(2))
        assert await here.compare_and_set("off", "on")
        assert here.value == "on", "at once"
        assert await there.compare_and_set("on", "dim") or there.value == "off"
        await delay(1)
        assert not await here.compare_and_set("on", "off") or here.value == "off"
        await delay(1)
        assert here.value == there.value
        await here.emit("broken")
        await here.flush()
        assert not await here.compare_and_set("something else", "off")
        await delay(1)
        assert await here.compare_and_set("broken", "off")
        await delay(11)
        assert here.value == there.value == "off"


async def test_who_has_not_heard_of_a_change_does_not_overwrite_it(test_scope) -> None:
    async with FaultyBroker() as broker:
        here, there = (broker.state_flow("light", "off") for _ in range(2))
        await there.ready()
        await here.ready()
        newest = await here._topic.compare_and_publish(here.position, b'"on"')
        assert newest is not None
        assert there.value == "off"
        assert not await there.compare_and_set("off", "dim")
        await settle()
        assert there.value == "on"


async def test_no_update_is_lost(test_scope) -> None:
    async with MemoryBroker() as broker:
        empty: list[str] = []
        states = [broker.state_flow("names", empty, list[str]) for _ in range(4)]

        async def add(state, name: str) -> None:
            for number in range(10):
                await state.update(lambda names: [*names, f"{name}{number}"])  # noqa: B023  # called at once

        jobs = [test_scope.launch(add, state, name) for state, name in zip(states, "abcd", strict=True)]
        for job in jobs:
            await job.join()
        await delay(1)
        assert len({tuple(state.value) for state in states}) == 1
        for name in "abcd":
            assert [each for each in states[0].value if each[0] == name] == [f"{name}{n}" for n in range(10)]


async def test_updates_that_cannot_be(test_scope) -> None:
    async with MemoryBroker() as broker:
        state = broker.state_flow("number", 0)

        async def later(number: int) -> int:
            return number + 1

        with pytest.raises(TypeError, match="must not be async"):
            await state.update(later)  # type: ignore[arg-type]  # on purpose
        with pytest.raises(ValueError, match="expected an integer, not 'one'"):
            await state.update(lambda _: "one")  # type: ignore[arg-type, return-value]  # on purpose
        with pytest.raises(TypeError, match="cannot be written"):
            await state.emit(object())  # type: ignore[arg-type]  # on purpose
        assert (await state.ready()).offset == 0


async def test_a_lost_answer_is_the_callers_to_judge(test_scope) -> None:
    async with FaultyBroker() as broker:
        state = broker.state_flow("number", 0)
        await state.ready()
        broker.answers_to_lose = 1
        with pytest.raises(BrokerUnavailableError):
            await state.update(lambda number: number + 1)
        await delay(1)
        assert state.value == 1, "it was done, this time"
        broker.go_away()
        with pytest.raises(BrokerUnavailableError):
            await state.compare_and_set(1, 2)
        assert not state.compare_and_set.__doc__ or "may have been done or not" in state.compare_and_set.__doc__


async def test_the_newest_that_the_log_has_is_what_counts_after_a_rollback(test_scope) -> None:
    async with FaultyBroker() as broker:
        state = broker.state_flow("number", 0)
        for number in (1, 2, 3):
            await state.emit(number)
            await state.flush()
        await settle()
        assert state.value == 3
        broker.restart("number", forgetting=1)
        await delay(15)
        assert state.value == 2
        assert await state.compare_and_set(2, 5)
        broker.lose("number")
        await delay(15)
        assert state.value == 5, "there is nothing newer"
        assert await state.compare_and_set(5, 6)
        await delay(15)
        assert state.value == 6


async def test_an_outage(test_scope) -> None:
    async with FaultyBroker() as broker:
        here, there = (broker.state_flow("number", 0) for _ in range(2))
        await there.ready()
        broker.go_away()
        for number in range(1, 10):
            await here.emit(number)
        await delay(60)
        assert there.value == 0
        broker.come_back()
        await delay(3)
        assert there.value == 9


async def test_a_full_queue(test_scope) -> None:
    async with FaultyBroker() as broker:
        broker.gate = anyio.Event()
        state = broker.state_flow("number", 0, pending=1)
        assert state.try_emit(1)
        assert not state.try_emit(2)
        waiting = test_scope.launch(state.emit, 3)
        await settle()
        assert waiting.is_active
        broker.gate.set()
        await waiting.join()
        await state.flush()
        await settle()
        assert state.value == 3


async def test_what_cannot_be_read_is_logged_and_passed_over(test_scope, caplog) -> None:
    async with FaultyBroker() as broker:
        state = broker.state_flow("number", 0)
        other = broker.state_flow("number", "", str)
        await other.ready()
        with caplog.at_level(logging.ERROR, "flowws.brokers"):
            await other.emit("two")
            await delay(1)
        assert "cannot be read: expected an integer, not 'two'" in caplog.text
        assert state.value == 0
        await state.update(lambda number: number + 1)
        assert (state.value, state.position.offset) == (1, 2)


async def test_a_refusal_is_final(test_scope) -> None:
    async with FaultyBroker() as broker:
        state = broker.state_flow("number", 0)
        await state.ready()
        broker.refusal = BrokerRefusedError("no permission")
        await delay(11)
        for main in (lambda: state.emit(1), lambda: state.update(lambda n: n), lambda: state.compare_and_set(0, 1)):
            with pytest.raises(BrokerRefusedError):
                await main()
        with pytest.raises(BrokerRefusedError):
            state.try_emit(1)
        broker.refusal = None
    assert state.value == 0


async def test_a_refused_writer(test_scope) -> None:
    async with FaultyBroker() as broker:
        state = broker.state_flow("number", 0)
        await state.ready()
        broker.refusal = BrokerRefusedError("no permission")
        await state.emit(1)
        await settle()
        with pytest.raises(BrokerRefusedError):
            await state.flush()
        broker.refusal = None
        with pytest.raises(BrokerRefusedError):
            await state.emit(2)


async def test_the_end_of_the_block(test_scope) -> None:
    async with FaultyBroker() as broker:
        state = broker.state_flow("number", 0)
        await state.emit(1)
        await state.flush()
        await settle()
    assert state.value == 1
    for main in (lambda: state.emit(1), lambda: state.update(lambda n: n), state.flush):
        with pytest.raises(BrokerClosedError):
            await main()
    with pytest.raises(BrokerClosedError):
        broker.state_flow("number", 0)


async def test_an_update_does_not_wait_until_it_hears_what_it_has_missed(test_scope) -> None:
    async with FaultyBroker() as broker:
        state = broker.state_flow("number", 0)
        await state.emit(1)
        await state.flush()
        await settle()
        broker.log("number")._parked.clear()  # this process hears nothing for a while
        broker.restart("number", forgetting=1)
        began = test_scope.current_time
        await state.update(lambda number: number + 10)
        assert (state.value, state.position.offset) == (11, 1)
        await broker.topic("number").compare_and_publish(state.position, b"20")
        await state.update(lambda number: number + 10)
        assert (state.value, state.position.offset) == (30, 3)
        assert test_scope.current_time == began
        await delay(30)
        assert state.value == 30


async def test_a_tap_knows_where_the_value_is(test_scope) -> None:
    async with MemoryBroker() as broker:
        state = broker.state_flow("number", 0)
        heard: list[tuple[int, int]] = []
        state.tap(lambda number: heard.append((number, state.position.offset)))
        await state.update(lambda _: 7)
        await state.emit(8)
        await delay(1)
        assert heard == [(7, 1), (8, 2)]


async def test_how_it_is_shown(test_scope) -> None:
    async with MemoryBroker() as broker:
        state = broker.state_flow("light", "off")
        look = state._look()
        assert look.kind == "BrokeredStateFlow"
        assert dict(look.facts)["topic"] == "light"
        assert repr(state) == "<BrokeredStateFlow 'light' at 0-0: 'off'>"

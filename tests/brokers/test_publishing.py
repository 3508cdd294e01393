"""How what is emitted gets into the log: in order, once, in batches, and never silently not at all."""

from __future__ import annotations

import logging

import anyio
import pytest

from flowws import delay
from flowws.brokers import (
    BrokerClosedError,
    BrokerError,
    BrokerRefusedError,
    BrokerUnavailableError,
    Connected,
    Position,
    Retention,
)
from flowws.brokers._publisher import BATCH, BATCH_BYTES
from tests.brokers.ground import FaultyBroker, gathered, settle


def said(broker: FaultyBroker, name: str = "numbers") -> list[int]:
    return [int(entry.payload) for entry in broker.log(name).tail(1_000_000)]


async def test_emit_waits_only_for_a_place_in_the_queue(test_scope) -> None:
    async with FaultyBroker() as broker:
        broker.gate = anyio.Event()
        flow = broker.shared_flow("numbers", int)
        for number in range(1024):
            await flow.emit(number)
        assert said(broker) == []
        broker.gate.set()
        await flow.flush()
        assert said(broker) == list(range(1024))


async def test_a_full_queue(test_scope) -> None:
    async with FaultyBroker() as broker:
        broker.go_away()
        flow = broker.shared_flow("numbers", int, pending=3)
        for number in range(3):
            assert flow.try_emit(number)
        assert not flow.try_emit(3)
        waiting = []
        for number in (3, 4, 5, 6):
            waiting.append(test_scope.launch(flow.emit, number))
            await settle()  # on trio, tasks begin in any order
        await delay(10)
        assert all(job.is_active for job in waiting)
        waiting[1].cancel()
        await settle()
        assert dict(flow._look().facts)["emitters, parked"] == 3
        broker.come_back()
        assert not flow.try_emit(7), "who waits already comes first"
        await delay(5)
        assert all(job.is_completed for job in waiting)
        assert said(broker) == [0, 1, 2, 3, 5, 6]
        assert flow.try_emit(7)
        await flow.flush()
        assert said(broker)[-1] == 7


async def test_a_cancelled_emitter_takes_its_value_back_even_in_the_middle(test_scope) -> None:
    async with FaultyBroker() as broker:
        broker.gate = anyio.Event()
        flow = broker.shared_flow("numbers", int, pending=1)
        await flow.emit(0)
        with anyio.move_on_after(1):
            await flow.emit(1)
        later = test_scope.launch(flow.emit, 2)
        await settle()
        broker.gate.set()
        await later.join()
        await flow.flush()
        assert said(broker) == [0, 2]


async def test_one_batch_in_flight_which_takes_all_that_waits(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("numbers", int)
        broker.gate = anyio.Event()
        await flow.emit(0)
        await settle()
        for number in range(1, 100):
            await flow.emit(number)
        await settle()
        assert broker.published == [(1, 1)], "a lone value leaves at once"
        broker.gate.set()
        await flow.flush()
        assert broker.published == [(1, 1), (2, 99)]
        assert broker.most_in_flight == 1


async def test_batches_are_bounded(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("texts", str, pending=2 * BATCH, retention=Retention(10, None))
        for _ in range(BATCH + 1):
            assert flow.try_emit("x")
        await flow.flush()
        large = "y" * (BATCH_BYTES // 3)
        for _ in range(4):
            await flow.emit(large)
        await flow.emit("z" * (BATCH_BYTES * 2))
        await flow.flush()
        assert [size for _, size in broker.published] == [BATCH, 1, 2, 2, 1]


async def test_a_lost_answer_loses_nothing_and_doubles_nothing(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("numbers", int)
        values, _ = gathered(flow, test_scope)
        await flow.ready()
        for number in range(100):
            if number % 3 == 0:
                broker.answers_to_lose = 1 + number % 2
            await flow.emit(number)
            if number % 5 == 0:
                await flow.flush()
        await flow.flush()
        await delay(1)
        assert said(broker) == list(range(100))
        assert values == list(range(100))


async def test_an_outage_ends_in_order(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("numbers", int, pending=10)
        values, _ = gathered(flow, test_scope)
        await flow.ready()

        async def emit() -> None:
            for number in range(100):
                await flow.emit(number)

        emitting = test_scope.launch(emit)
        for _ in range(5):
            broker.go_away()
            await delay(7)
            broker.come_back()
            await settle()
        await emitting.join()
        await flow.flush()
        await delay(1)
        assert values == list(range(100))


async def test_it_goes_on_at_once_when_the_broker_is_back(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("numbers", int)
        await flow.emit(0)
        await flow.flush()
        broker.go_away()
        await flow.emit(1)
        await delay(60)
        broker.come_back()
        began = test_scope.current_time
        await flow.flush()
        assert test_scope.current_time == began


async def test_attempts_become_rarer_and_begin_anew_after_a_success(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("numbers", int)
        for _ in range(2):
            broker.go_away(quietly=True)
            broker.published.clear()
            await flow.emit(0)
            await delay(0.1)
            assert 2 <= len(broker.published) <= 6
            await delay(60)
            assert 30 <= len(broker.published) <= 80
            broker.is_away = False
            await flow.flush()
            assert broker.status.value == Connected()


async def test_what_cannot_be_written_is_refused_by_emit(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("numbers", int)
        for emit in (flow.emit, flow.try_emit):
            with pytest.raises(TypeError, match="cannot be written as JSON"):
                await emit(object())  # type: ignore[arg-type, misc]  # on purpose
        await flow.emit(1)
        await flow.flush()
        assert broker.published == [(1, 1)]


async def test_flush_is_about_what_was_emitted_before_it(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("numbers", int)
        await flow.flush()
        broker.gate = anyio.Event()
        await flow.emit(0)
        await settle()
        first = test_scope.launch(flow.flush)
        await settle()
        await flow.emit(1)
        cancelled = test_scope.launch(flow.flush)
        second = test_scope.launch(flow.flush)
        await settle()
        assert first.is_active
        cancelled.cancel()
        gate, broker.gate = broker.gate, anyio.Event()
        gate.set()
        await first.join()
        await settle()
        assert second.is_active
        broker.gate.set()
        await second.join()


async def test_a_refusal_is_final_for_emitters_and_collectors(test_scope, caplog) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("numbers", int, pending=2)
        values, _ = gathered(flow, test_scope)
        await flow.ready()
        broker.gate = anyio.Event()
        for number in range(2):
            await flow.emit(number)
        met: list[BrokerError] = []

        async def meet(main) -> None:
            try:
                await main()
            except BrokerError as error:
                met.append(error)

        test_scope.launch(meet, lambda: flow.emit(2))
        test_scope.launch(meet, flow.flush)
        await settle()
        broker.refusal = refusal = BrokerRefusedError("that key holds a list")
        broker.gate.set()
        await settle()
        assert met == [refusal, refusal]
        assert values == [refusal]
        with pytest.raises(BrokerRefusedError, match="list"):
            await flow.emit(3)
        with pytest.raises(BrokerRefusedError, match="list"):
            await flow.flush()
        assert flow.is_closed
        broker.refusal = None
    assert "2 values of 'numbers' cannot be written: BrokerRefusedError('that key holds a list')" in caplog.text


async def test_a_refused_reader_is_told(test_scope) -> None:
    async with FaultyBroker() as broker:
        broker.refusal = BrokerRefusedError("no permission")
        flow = broker.shared_flow("numbers", int)
        values, _ = gathered(flow, test_scope)
        with pytest.raises(BrokerRefusedError, match="permission"):
            await flow.ready()
        await settle()
        assert values == [broker.refusal]
        broker.refusal = None
        with pytest.raises(BrokerRefusedError, match="permission"):
            await flow.emit(1)


async def test_a_backend_with_a_bug_keeps_nobody_waiting(test_scope, caplog) -> None:
    async with FaultyBroker() as broker:
        flow, state = broker.shared_flow("numbers", int), broker.state_flow("state", 0)
        values, _ = gathered(flow, test_scope)
        await flow.ready()
        await state.ready()
        broker.refusal = ZeroDivisionError("a bug")
        await delay(11)
        assert values == [broker.refusal]
        with pytest.raises(ZeroDivisionError):
            await state.update(lambda number: number)
        writer = broker.shared_flow("numbers", int)
        await writer.emit(1)
        with pytest.raises(ZeroDivisionError):
            await writer.flush()
        broker.refusal = None
    assert "reading 'numbers' has failed" in caplog.text
    assert "1 values of 'numbers' cannot be written: ZeroDivisionError('a bug')" in caplog.text


async def test_a_type_of_which_nothing_is_a_value(test_scope) -> None:
    class Empty:
        def to_bytes(self, value: str) -> bytes:
            return value.encode()

        def from_bytes(self, data: bytes, kind: object) -> str:
            return data.decode()

    async with FaultyBroker() as broker:
        flow = broker.shared_flow("texts", str, Empty())
        values, _ = gathered(flow, test_scope)
        await settle()
        await flow.emit("")
        await flow.emit("x")
        await delay(1)
        assert values == ["", "x"]


async def test_leaving_the_block_writes_what_is_pending(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("numbers", int)
        values, _ = gathered(flow, test_scope)
        for number in range(10):
            await flow.emit(number)
    assert said(broker) == list(range(10))
    await settle()
    assert isinstance(values[-1], StopAsyncIteration)
    with pytest.raises(BrokerClosedError):
        await flow.emit(10)
    with pytest.raises(BrokerClosedError):
        flow.try_emit(10)
    with pytest.raises(BrokerClosedError):
        await flow.flush()
    with pytest.raises(BrokerClosedError):
        broker.shared_flow("numbers", int)


async def test_what_could_not_be_written_in_time_is_told_with_its_number(test_scope) -> None:
    broker = await FaultyBroker().__aenter__()
    broker.go_away()
    flow = broker.shared_flow("numbers", int)
    for number in range(17):
        await flow.emit(number)
    began = test_scope.current_time
    with pytest.raises(BrokerUnavailableError, match="17 values could not be written within 5 s"):
        await broker.__aexit__(None, None, None)
    assert test_scope.current_time == began + 5
    with pytest.raises(BrokerUnavailableError, match="17 values of 'numbers'"):
        await flow.flush()


async def test_what_could_not_be_written_does_not_hide_why_the_block_failed(test_scope, caplog) -> None:
    async def fail() -> None:
        async with FaultyBroker(flush_timeout=1) as broker:
            broker.go_away()
            await broker.shared_flow("numbers", int).emit(1)
            raise ZeroDivisionError

    with caplog.at_level(logging.ERROR, "flowws.brokers"), pytest.raises(ZeroDivisionError):
        await fail()
    assert "1 values could not be written within 1 s" in caplog.text


async def test_a_cancelled_block_writes_what_is_pending(test_scope) -> None:
    broker = FaultyBroker()
    with anyio.move_on_after(1):
        async with broker:
            await delay(0.5)
            broker.gate = anyio.Event()
            test_scope.launch(_open_later, broker.gate)
            await broker.shared_flow("numbers", int).emit(1)
            await delay(10)
    assert said(broker) == [1]


async def _open_later(gate: anyio.Event) -> None:
    await delay(1)
    gate.set()


async def test_an_emitter_that_waits_when_the_block_ends_is_told(test_scope) -> None:
    met: list[BrokerError] = []
    broker = await FaultyBroker().__aenter__()
    broker.go_away()
    flow = broker.shared_flow("numbers", int, pending=1)
    await flow.emit(0)

    async def emit() -> None:
        try:
            await flow.emit(1)
        except BrokerError as error:
            met.append(error)

    test_scope.launch(emit)
    await settle()
    with pytest.raises(BrokerUnavailableError):
        await broker.__aexit__(None, None, None)
    await settle()
    assert [type(error) for error in met] == [BrokerUnavailableError]


async def test_position_of_the_log_after_a_flush(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("numbers", int)
        assert flow.position == Position(0, 0)
        start = await flow.ready()
        await flow.emit(1)
        await flow.flush()
        await settle()
        assert flow.position == Position(start.epoch, 1)

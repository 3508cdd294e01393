"""A brokered shared flow as a hot flow: everybody hears the log, in its order."""

from __future__ import annotations

import anyio
import pytest

from flowws import BufferOverflow, ClosedSendChannelError, Lag, MutableSharedFlow, delay
from flowws.brokers import BrokeredSharedFlow, MemoryBroker, Position, Retention, brokered
from tests.brokers.ground import FaultyBroker, gathered, settle


async def test_it_is_a_mutable_shared_flow(test_scope) -> None:
    async with MemoryBroker() as broker:
        flow: MutableSharedFlow[int] = broker.shared_flow("numbers", int)
        values, _ = gathered(flow.map(lambda n: n * n).filter(lambda n: n % 2 == 1), test_scope)
        await settle()
        assert flow.subscription_count.value == 1
        for number in range(6):
            await flow.emit(number)
        await settle()
        assert values == [1, 9, 25]
    await settle()
    assert isinstance(values[-1], StopAsyncIteration), "it ends with the broker's block"


async def test_all_processes_hear_one_order(test_scope) -> None:
    async with MemoryBroker() as broker:
        flows = [broker.shared_flow("numbers", int) for _ in range(3)]
        heard = [gathered(flow, test_scope)[0] for flow in flows]
        await settle()
        for number in range(30):
            await flows[number % 3].emit(number)
        await delay(1)
        assert heard[0] == heard[1] == heard[2]
        for emitter in range(3):
            assert [n for n in heard[0] if n % 3 == emitter] == list(range(emitter, 30, 3))


async def test_the_replay_comes_from_the_log_and_what_follows_is_right_behind_it(test_scope) -> None:
    async with MemoryBroker() as broker:
        writer = broker.shared_flow("numbers", int)
        for number in range(10):
            await writer.emit(number)
        await writer.flush()
        reader = broker.shared_flow("numbers", int, replay=3)
        early, _ = gathered(reader, test_scope)
        await reader.ready()
        await writer.emit(10)
        await delay(1)
        assert early == [7, 8, 9, 10]
        assert reader.replay_cache == (8, 9, 10)
        late, _ = gathered(reader, test_scope)
        await settle()
        assert late == [8, 9, 10]


async def test_who_subscribes_and_then_emits_hears_it_however_long_joining_takes(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("news", str)
        broker.go_away()
        values, _ = gathered(flow, test_scope)
        await settle()
        await flow.emit("hello")
        await delay(30)
        assert values == []
        broker.come_back()
        await delay(3)
        assert values == ["hello"]


async def test_who_only_emits_reads_nothing(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("news", str)
        for _ in range(100):
            await flow.emit("hello")
        await flow.flush()
        await delay(60)
        assert (broker.reads, broker.tails) == (0, 0)
        assert flow.position == Position(0, 0)


async def test_waiting_costs_one_read_in_ten_seconds(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("news", str, replay=1)
        await flow.ready()
        await delay(1000)
        assert broker.reads <= 101
        assert broker.tails == 1


async def test_while_nobody_listens_it_stays_joined(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("numbers", int)
        values, stop = gathered(flow, test_scope)
        await settle()
        stop()
        for number in range(3):
            await flow.emit(number)
        await delay(1)
        assert values == []
        assert flow.position.offset == 3
        values, _ = gathered(flow.positioned(), test_scope)
        await settle()
        await flow.emit(3)
        await delay(1)
        assert [(position.offset, value) for position, value in values] == [(4, 3)]
        assert broker.tails == 1


async def test_flows_may_be_made_before_the_block(test_scope) -> None:
    broker = MemoryBroker()
    flow = broker.shared_flow("news", str, replay=5)
    values, _ = gathered(flow, test_scope)
    assert flow.try_emit("early")
    await settle()
    assert values == []
    async with broker:
        await delay(1)
        assert values == ["early"]


async def test_a_slow_collector_holds_up_its_own_process_only(test_scope) -> None:
    async with FaultyBroker() as broker:
        slow, quick = (broker.shared_flow("numbers", int, extra_buffer_capacity=4) for _ in range(2))
        taken: list[int] = []

        async def take(value: int) -> None:
            await delay(1)
            taken.append(value)

        test_scope.background_scope.launch(slow.collect, take)
        values, _ = gathered(quick, test_scope)
        await settle()
        for number in range(600):
            await quick.emit(number)
        await delay(3.5)
        assert values == list(range(600))
        assert taken == [0, 1, 2]
        assert slow.position.offset < 10
        reads = broker.reads
        await delay(600)
        assert taken == list(range(600)), "nothing is lost while the log has it"
        assert broker.reads < reads + 100


async def test_dropping_is_the_process_own_affair_and_positions_stay_true(test_scope) -> None:
    async with MemoryBroker() as broker:
        writer = broker.shared_flow("numbers", int)
        for overflow, expected in (
            (BufferOverflow.DROP_OLDEST, [0, 6, 7, 8, 9]),
            (BufferOverflow.DROP_LATEST, [0, 1, 2, 3, 4]),
        ):
            flow = broker.shared_flow("numbers", int, extra_buffer_capacity=4, on_buffer_overflow=overflow)
            start = await flow.ready()
            values = aiter(flow.positioned())
            await writer.emit(0)
            await settle()
            got = [await anext(values)]
            for number in range(1, 10):
                await writer.emit(number)
            await delay(1)
            got += [await anext(values) for _ in range(4)]
            assert [value for _, value in got] == expected
            assert [position.offset - start.offset - 1 for position, _ in got] == expected
            assert flow.position.offset == start.offset + 10
            await writer.emit(10)
            await delay(1)
            position, value = await anext(values)
            assert (position.offset - start.offset - 1, value) == (10, 10)
            await values.aclose()


async def test_subscribers_with_a_policy_of_their_own(test_scope) -> None:
    async with MemoryBroker() as broker:
        flow = broker.shared_flow("numbers", int, extra_buffer_capacity=2)
        subscription = flow.subscribe(on_lag=Lag.DROP_OLDEST)
        values = aiter(subscription)
        for number in range(10):
            await flow.emit(number)
        await delay(1)
        assert [await anext(values), await anext(values)] == [8, 9]
        assert subscription.lost == 8


async def test_without_a_buffer_everybody_has_taken_a_value_before_the_next_is_read(test_scope) -> None:
    async with MemoryBroker() as broker:
        flow = broker.shared_flow("numbers", int, extra_buffer_capacity=0)
        start = await flow.ready()
        values = aiter(flow.positioned())
        for number in range(3):
            await flow.emit(number)
        await delay(1)
        got = [await anext(values) for _ in range(3)]
        assert [(position.offset - start.offset, value) for position, value in got] == [(1, 0), (2, 1), (3, 2)]


async def test_closing_ends_it_here_and_writes_what_was_emitted(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow, other = broker.shared_flow("numbers", int), broker.shared_flow("numbers", int)
        here, _ = gathered(flow, test_scope)
        there, _ = gathered(other, test_scope)
        await other.ready()
        await flow.ready()
        await flow.emit(1)
        await settle()
        await flow.emit(2)
        assert flow.close()
        assert not flow.close()
        await settle()
        assert there == [1, 2]
        assert here[0] == 1
        assert isinstance(here[-1], StopAsyncIteration)
        with pytest.raises(ClosedSendChannelError):
            await flow.emit(3)
        with pytest.raises(ClosedSendChannelError):
            flow.try_emit(3)
        assert flow not in broker._ground._tenants, "who is closed and has nothing to write is forgotten"
        await other.emit(4)
        await settle()
        assert there == [1, 2, 4]


async def test_closing_before_it_has_joined(test_scope) -> None:
    async with FaultyBroker() as broker:
        broker.go_away()
        flow = broker.shared_flow("numbers", int)
        values, _ = gathered(flow, test_scope)
        await settle()
        await flow.emit(1)
        flow.close(RuntimeError("enough"))
        await settle()
        assert [type(value) for value in values] == [RuntimeError]
        broker.come_back()
        await flow.flush()
        assert broker.log("numbers").newest.offset == 1


async def test_a_tap_that_closes_the_flow(test_scope) -> None:
    async with MemoryBroker() as broker:
        flow = broker.shared_flow("numbers", int)
        heard: list[int] = []

        def hear(value: int) -> None:
            heard.append(value)
            flow.close()

        flow.tap(hear)
        for number in range(3):
            flow.try_emit(number)
        await delay(1)
        assert heard == [0]


async def test_how_it_is_shown(test_scope) -> None:
    async with FaultyBroker() as broker:
        flow = broker.shared_flow("news", str, replay=2)
        await flow.ready()
        broker.gate = anyio.Event()
        await flow.emit("hello")
        look = flow._look()
        assert look.kind == "BrokeredSharedFlow"
        assert dict(look.facts)["topic"] == "news"
        assert dict(look.facts)["pending"] == "1 of 1024"
        assert repr(flow).startswith("<BrokeredSharedFlow 'news' at ")
        broker.gate.set()
        await flow.flush()
    assert "closed" in repr(flow)


def test_a_view_leads_back_to_it() -> None:
    flow = MemoryBroker().shared_flow("news", str)
    assert brokered(flow) is flow
    assert brokered(flow.as_shared_flow()) is flow
    assert brokered(MutableSharedFlow[str]()) is None
    assert isinstance(flow, BrokeredSharedFlow)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"name": ""}, ValueError, "printable"),
        ({"name": "a\nb"}, ValueError, "printable"),
        ({"name": 3}, TypeError, "3"),
        ({"replay": -1}, ValueError, "-1"),
        ({"pending": 0}, ValueError, "0"),
        ({"on_gap": "ignore"}, TypeError, "ignore"),
        ({"converter": object()}, TypeError, "to_bytes"),
        ({"type": complex}, TypeError, "complex"),
    ],
)
def test_bad_arguments_are_refused_at_the_door(options, error, words) -> None:
    given = {"name": "news", "type": str} | options
    with pytest.raises(error, match=words):
        MemoryBroker().shared_flow(given.pop("name"), given.pop("type"), **given)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [((0,), ValueError), ((True,), TypeError), ((1.5,), TypeError), ((5, 0), ValueError), ((5, "long"), TypeError)],
)
def test_bad_retentions(arguments, error) -> None:
    with pytest.raises(error):
        Retention(*arguments)

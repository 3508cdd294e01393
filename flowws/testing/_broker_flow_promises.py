"""What the flows of every broker promise, as far as it depends on the backend; the table is at the end."""

from __future__ import annotations

from flowws._core import coroutine_scope, yield_now
from flowws.brokers import Connected, FlowGapError, GapReason, Position, Retention

from ._broker_promises import BrokerPromise
from ._broker_trial import BrokerTrial


async def _one_order(it: BrokerTrial) -> None:
    flows = [it.broker.shared_flow(it.name, int) for _ in range(3)]
    for flow in flows:
        await flow.ready()
    async with coroutine_scope() as scope:
        heard = [scope.async_(flow.take(200).to_list) for flow in flows]
        await yield_now()

        async def emit(base: int) -> None:
            for number in range(base, base + 100):
                await flows[base // 1000].emit(number)

        scope.launch(emit, 0)
        scope.launch(emit, 1000)
        first = await heard[0]
        for other in heard:
            assert await other == first, "processes hear different orders"
    assert [each for each in first if each < 1000] == list(range(100))
    assert [each for each in first if each >= 1000] == list(range(1000, 1100))


async def _replayed(it: BrokerTrial) -> None:
    writer = it.broker.shared_flow(it.name, int)
    for number in range(50):
        await writer.emit(number)
    await writer.flush()
    reader = it.broker.shared_flow(it.name, int, replay=10)
    async with coroutine_scope() as scope:
        heard = scope.async_(reader.take(20).to_list)
        await reader.ready()
        for number in range(50, 60):
            await writer.emit(number)
        assert await heard == list(range(40, 60))


async def _own_echo(it: BrokerTrial) -> None:
    flow = it.broker.shared_flow(it.name, str)
    async with coroutine_scope() as scope:
        heard = scope.async_(flow.first)
        await yield_now()
        await flow.emit("hello")
        assert await heard == "hello"


async def _went_on(it: BrokerTrial) -> None:
    writer = it.broker.shared_flow(it.name, int)
    start = await writer.ready()
    for number in range(1000):
        await writer.emit(number)
    await writer.flush()
    reader = it.broker.shared_flow(it.name, int)
    async with coroutine_scope() as scope:
        heard = scope.async_(reader.positioned(Position(start.epoch, 300)).take(800).to_list)
        for number in range(1000, 1100):
            await writer.emit(number)
        got = await heard
    assert [value for _, value in got] == list(range(300, 1100))
    assert [position.offset for position, _ in got] == list(range(301, 1101))


async def _too_late(it: BrokerTrial) -> None:
    retention = Retention(10, 600.0)
    writer = it.broker.shared_flow(it.name, int, retention=retention)
    start = await writer.ready()
    for _ in range(10):
        for number in range(100):
            await writer.emit(number)
        await writer.flush()
    reader = it.broker.shared_flow(it.name, int, retention=retention)
    try:
        await reader.since(start).first()
    except FlowGapError as error:
        gap = error.gap
    else:
        raise AssertionError("a collector was not told that it is too late")
    assert gap.reason is GapReason.TRIMMED
    assert gap.missing == gap.resumed.offset


async def _counted(it: BrokerTrial) -> None:
    states = [it.broker.state_flow(it.name, 0) for _ in range(3)]

    async def count(number: int) -> None:
        for _ in range(10):
            await states[number].update(lambda value: value + 1)

    async with coroutine_scope() as scope:
        for number in range(3):
            scope.launch(count, number)
    for state in states:
        assert await state.first(lambda value: value == 30) == 30


async def _state(it: BrokerTrial) -> None:
    writer, reader = it.broker.state_flow(it.name, "initial"), it.broker.state_flow(it.name, "initial")
    await reader.ready()
    assert reader.value == "initial"
    await writer.emit("on")
    assert await reader.first(lambda value: value != "initial") == "on"
    assert await reader.compare_and_set("off", "never") is False
    assert await reader.compare_and_set("on", "off") is True
    assert reader.value == "off"
    assert await writer.first(lambda value: value == "off") == "off"
    late = it.broker.state_flow(it.name, "initial")
    await late.ready()
    assert late.value == "off"


async def _connected(it: BrokerTrial) -> None:
    assert await it.broker.status.first(lambda status: isinstance(status, Connected)) == Connected()


FLOW_PROMISES = (
    BrokerPromise("a broker that works says so", _connected),
    BrokerPromise("all flows of a topic hear one order, and each emitter's own", _one_order),
    BrokerPromise("the replay is the newest values of the log, and what comes is right behind them", _replayed),
    BrokerPromise("who subscribes and then emits hears it", _own_echo),
    BrokerPromise("from a position on nothing is missing and nothing comes twice", _went_on),
    BrokerPromise("who comes too late is told", _too_late),
    BrokerPromise("a state is the newest value, for everybody", _state),
    BrokerPromise("no update of a state is lost", _counted),
)

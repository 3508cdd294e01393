"""A broker as a block: what is open in it, and what its status says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from flowws import CoroutineScope, delay
from flowws.brokers import (
    Broker,
    BrokerClosedError,
    BrokerError,
    BrokerRefusedError,
    Closed,
    Connected,
    MemoryBroker,
    Reconnecting,
    RedisBroker,
    Retention,
    Topic,
    open_broker,
)
from tests.brokers.ground import FaultyBroker, settle


def now(broker: Broker) -> object:
    """Its status, of which type checkers remember nothing."""
    return broker.status.value


async def test_the_status_follows_the_block(test_scope) -> None:
    broker = FaultyBroker()
    seen: list[object] = []
    broker.status.tap(seen.append)
    assert now(broker) == Closed()
    async with broker:
        assert now(broker) == Connected()
        broker.go_away()
        away = broker.status.value
        assert isinstance(away, Reconnecting)
        assert away.attempt == 1
        assert away.since > 1_700_000_000
        broker.come_back()
        flow = broker.shared_flow("news", str)
        assert flow.broker_status.value == Connected()
    assert broker.status.value == Closed()
    assert seen == [Connected(), away, Connected(), Closed()]


async def test_a_block_is_entered_once(test_scope) -> None:
    broker = MemoryBroker()
    async with broker:
        with pytest.raises(BrokerError, match="entered already"):
            await broker.__aenter__()
    with pytest.raises(BrokerError, match="make another one"):
        await broker.__aenter__()


class Backend(Broker):
    """One that cannot be opened, or fails later."""

    def __init__(self, on_open: Callable[[CoroutineScope], Awaitable[None]]) -> None:
        super().__init__()
        self._on_open = on_open
        self.is_closed = False

    def topic(self, name: str, retention: Retention = Retention()) -> Topic:  # noqa: B008  # it is frozen
        return MemoryBroker().topic(name, retention)

    async def _open(self) -> None:
        assert self._scope is not None
        await self._on_open(self._scope)

    async def _close(self) -> None:
        self.is_closed = True


async def test_what_makes_it_useless_to_go_on_is_raised_when_the_block_is_entered(test_scope) -> None:
    refusal = BrokerRefusedError("wrong password")

    async def refuse(scope: CoroutineScope) -> None:
        scope.launch(delay, 3600)
        raise refusal

    broker = Backend(refuse)
    flow = broker.shared_flow("news", str, replay=1)
    with pytest.raises(BrokerRefusedError, match="wrong password"):
        await broker.__aenter__()
    assert broker.is_closed
    assert broker.status.value == Closed(refusal)
    with pytest.raises(BrokerClosedError):
        await flow.ready()
    with pytest.raises(BrokerClosedError):
        await flow.emit("hello")


async def test_a_backend_that_fails_for_good_says_so(test_scope) -> None:
    async def open_it(scope: CoroutineScope) -> None:
        broker._is_connected()

    broker = Backend(open_it)
    async with broker:
        assert now(broker) == Connected()
        broker._has_failed(refusal := BrokerRefusedError("the password has been changed"))
    assert now(broker) == Closed(refusal)
    assert broker.is_closed


async def test_the_block_waits_for_nothing_that_is_not_to_be_written(test_scope) -> None:
    async with FaultyBroker() as broker:
        for number in range(10):
            await broker.shared_flow(f"topic {number}", int, replay=1).ready()
        broker.go_away()
        began = test_scope.current_time
    assert test_scope.current_time == began


async def test_the_log_of_a_memory_broker_outlives_its_flows_but_not_its_broker(test_scope) -> None:
    async with MemoryBroker() as broker:
        flow = broker.shared_flow("news", str)
        await flow.emit("hello")
        await flow.flush()
        flow.close()
        assert await broker.shared_flow("news", str, replay=1).first() == "hello"
    async with MemoryBroker() as broker:
        other = broker.shared_flow("news", str, replay=1)
        assert (await other.ready()).offset == 0


async def test_what_is_too_old_goes(test_scope) -> None:
    async with MemoryBroker() as broker:
        topic = broker.topic("news", Retention(100, 60))
        start, _ = await topic.tail(0)
        for number in range(5):
            await topic.publish([b"%d" % number], producer="p", first_seq=number + 1)
            await delay(20)
        _, entries = await topic.tail(10)
        assert [entry.payload for entry in entries] == [b"3", b"4"]
        await delay(3600 * 2)
        assert (await topic.tail(10))[1] == []
        (gap,) = await topic.read(start, limit=10, wait=0)
        assert gap == type(gap)(gap.reason, start, start._replace(offset=5), 5)  # type: ignore[union-attr, call-arg, arg-type]  # it is a gap
        await topic.publish([b"again"], producer="p", first_seq=1)
        assert [entry.payload for entry in (await topic.tail(1))[1]] == [b"again"], "numbers are known for an hour"


async def test_a_log_that_is_trimmed_again_and_again_stays_small(test_scope) -> None:
    async with MemoryBroker() as broker:
        topic = broker.topic("news", Retention(10, None))
        for number in range(5000):
            await topic.publish([b"x"], producer="p", first_seq=number + 1)
        log = broker._logs["news"]
        assert len(log._entries) < 2100
        assert repr(topic) == f"<MemoryTopic at {log.newest}>"


async def test_jobs_of_a_broker_end_with_it(test_scope) -> None:
    broker = MemoryBroker()
    async with broker:
        flows = [broker.shared_flow(f"topic {number}", int, replay=1) for number in range(20)]
        for flow in flows:
            await flow.emit(1)
        await settle()
        scope = broker._scope
        assert scope is not None
        assert len(list(scope.job.children)) == 40
    assert list(scope.job.children) == []


@pytest.mark.parametrize(
    ("url", "kind"),
    [("memory:", MemoryBroker), ("redis://localhost", RedisBroker), ("unix:///tmp/redis.sock", RedisBroker)],
)
def test_a_url_names_a_broker(url: str, kind: type[Broker]) -> None:
    assert type(open_broker(url)) is kind


@pytest.mark.parametrize(
    ("url", "error", "words"),
    [
        ("nats://localhost", ValueError, "nats"),
        ("memory://elsewhere", ValueError, "memory"),
        ("", ValueError, "begins with"),
        (None, TypeError, "None"),
    ],
)
def test_urls_that_name_none(url: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        open_broker(url)


def test_options_go_to_the_broker() -> None:
    assert open_broker("memory:", flush_timeout=1)._flush_timeout == 1

"""A broker in memory whose server can be taken away, can lose answers, hold them back, and forget."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import anyio

from flowws import yield_now
from flowws.brokers import BrokerUnavailableError, Entry, Gap, MemoryBroker, Position, Reconnecting, Retention
from flowws.brokers._memory_broker import MemoryTopic
from flowws.brokers._memory_log import MemoryLog
from flowws.flows import Flow
from flowws.testing import TestScope

R = TypeVar("R")


class FaultyBroker(MemoryBroker):
    """A `MemoryBroker` with faults, and a count of what it was asked for."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.is_away = False
        self.answers_to_lose = 0
        self.gate: anyio.Event | None = None  # what publishing, tailing and comparing wait for
        self.refusal: Exception | None = None
        self.published: list[tuple[int, int]] = []  # the first number of each batch, and its size
        self.in_flight = self.most_in_flight = 0
        self.reads = self.tails = 0
        self._epochs = 0

    def topic(self, name: str, retention: Retention = Retention()) -> FaultyTopic:  # noqa: B008  # it is frozen
        super().topic(name, retention)
        return FaultyTopic(self, self._logs[name], retention)

    def log(self, name: str) -> MemoryLog:
        self.topic(name)
        return self._logs[name]

    def go_away(self, *, quietly: bool = False) -> None:
        self.is_away = True
        if not quietly:
            self._is_reconnecting(Reconnecting(time.time(), 1, ConnectionError("no route to host")))

    def come_back(self) -> None:
        self.is_away = False
        self._is_connected()

    def restart(self, name: str, *, forgetting: int) -> None:
        """The server comes back with an older copy of the log, and begins a new epoch."""
        log = self.log(name)
        if forgetting:
            del log._entries[-forgetting:], log._moments[-forgetting:]
        log._newest = Position(log._newest.epoch + 1, log._newest.offset - forgetting)
        log._chain.append(log._newest)
        self._wake(log)

    def save(self, name: str) -> Callable[[], None]:
        """What brings the server back as it is now, as one that was killed and restarted: in a new epoch."""
        log = self.log(name)
        entries, moments, gone, newest = list(log._entries), list(log._moments), log._gone, log._newest
        producers, chain = log._producers.copy(), list(log._chain)

        def restore() -> None:
            log._entries[:], log._moments[:], log._gone = entries, moments, gone
            log._producers.clear()
            log._producers.update(producers)
            self._epochs += 1
            log._newest = Position(log._newest.epoch + self._epochs, newest.offset)
            log._chain = [*chain, log._newest]
            self._wake(log)

        return restore

    def lose(self, name: str) -> None:
        """The server comes back with nothing."""
        log = self.log(name)
        log._entries.clear()
        log._moments.clear()
        log._gone = 0
        log._newest = Position(log._newest.epoch + 1000, 0)
        log._chain = [log._newest]
        self._wake(log)

    @staticmethod
    def _wake(log: MemoryLog) -> None:
        for waiter in log._parked:
            if not waiter.done():
                waiter.set_result(None)


class FaultyTopic(MemoryTopic):
    __slots__ = ("_broker",)

    def __init__(self, broker: FaultyBroker, log: MemoryLog, retention: Retention) -> None:
        super().__init__(log, retention)
        self._broker = broker

    async def _ask(self, ask: Callable[[], Awaitable[R]]) -> R:
        broker = self._broker
        if broker.gate is not None:
            await broker.gate.wait()
        self._check()
        answer = await ask()
        if broker.answers_to_lose:
            broker.answers_to_lose -= 1
            raise BrokerUnavailableError("the answer was lost")
        return answer

    def _check(self) -> None:
        if self._broker.refusal is not None:
            raise self._broker.refusal
        if self._broker.is_away:
            raise BrokerUnavailableError("it is away")

    async def publish(self, payloads: Sequence[bytes], *, producer: str, first_seq: int) -> Position:
        broker = self._broker
        broker.published.append((first_seq, len(payloads)))
        broker.in_flight += 1
        broker.most_in_flight = max(broker.most_in_flight, broker.in_flight)
        try:
            return await self._ask(
                lambda: super(FaultyTopic, self).publish(payloads, producer=producer, first_seq=first_seq)
            )
        finally:
            broker.in_flight -= 1

    async def read(self, after: Position, *, limit: int, wait: float) -> Sequence[Entry | Gap]:
        self._broker.reads += 1
        self._check()
        items = await super().read(after, limit=limit, wait=wait)
        self._check()
        return items

    async def tail(self, count: int) -> tuple[Position, Sequence[Entry]]:
        self._broker.tails += 1
        return await self._ask(lambda: super(FaultyTopic, self).tail(count))

    async def compare_and_publish(self, expected: Position, payload: bytes) -> Position | None:
        return await self._ask(lambda: super(FaultyTopic, self).compare_and_publish(expected, payload))

    async def resolve(self, position: Position) -> Position | None:
        return await self._ask(lambda: super(FaultyTopic, self).resolve(position))


def gathered(flow: Flow[Any], scope: TestScope) -> tuple[list[Any], Callable[[], None]]:
    """What a flow gives, in the background, its failure included; and what ends it."""
    values: list[Any] = []

    async def collect() -> None:
        try:
            await flow.collect(values.append)
        except Exception as failure:  # noqa: BLE001  # it is looked at by the test
            values.append(failure)
        else:
            values.append(StopAsyncIteration())

    job = scope.background_scope.launch(collect)
    return values, job.cancel


async def settle() -> None:
    """Let everything happen that can happen now."""
    for _ in range(50):
        await yield_now()

"""`Channel` against a plain list: whatever tasks do to it in whatever order, the model knows what each of them gets.

A run is a sequence of commands. Each waiting operation is a job of its own, and the loop is left to settle after each
command, so that the order in which tasks park is the order of the commands. That makes the outcome of every operation a
matter of arithmetic, which `Model` does with lists alone. In the last tests everything overlaps; there only
conservation is certain.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final

import anyio
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from flowws import BufferOverflow, CancellationError, Channel, ClosedSendChannelError, CoroutineScope, Job, yield_now
from tests.core.observing import cancel_natively

CLOSED: Final = "closed"
CANCELLED: Final = "cancelled"
KINDS: Final = {
    "rendezvous": (Channel.RENDEZVOUS, BufferOverflow.SUSPEND),
    "one": (1, BufferOverflow.SUSPEND),
    "three": (3, BufferOverflow.SUSPEND),
    "unlimited": (Channel.UNLIMITED, BufferOverflow.SUSPEND),
    "conflated": (Channel.CONFLATED, BufferOverflow.SUSPEND),
    "drop oldest": (2, BufferOverflow.DROP_OLDEST),
    "drop latest": (2, BufferOverflow.DROP_LATEST),
}
Command = tuple[str, int]
COMMANDS: Final = st.lists(
    st.tuples(
        st.sampled_from(
            ["send"] * 4
            + ["try_send"] * 2
            + ["receive"] * 4
            + ["try_receive"] * 2
            + ["cancel a task"] * 2
            + ["close"]
            + ["cancel"]
        ),
        st.integers(0, 7),
    ),
    max_size=30,
)


class Model:
    """The law of a channel. Operations are numbered; `results` says what became of each, None where it waits."""

    def __init__(self, kind: str) -> None:
        capacity, overflow = KINDS[kind]
        self.capacity = 1 if capacity == Channel.CONFLATED else capacity
        self.overflow = BufferOverflow.DROP_OLDEST if capacity == Channel.CONFLATED else overflow
        self.buffer: list[int] = []
        self.senders: list[tuple[int, int]] = []
        self.receivers: list[int] = []
        self.state = "open"
        self.results: dict[int, object] = {}
        self.lost: list[int] = []

    def send(self, number: int, element: int, *, trying: bool) -> None:
        if self.state != "open":
            self.results[number] = self.state
            self.lost += [] if trying else [element]
        elif self.receivers:
            self.results[self.receivers.pop(0)] = element
            self.results[number] = "sent"
        elif len(self.buffer) < self.capacity:
            self.buffer.append(element)
            self.results[number] = "sent"
        elif self.overflow is BufferOverflow.DROP_OLDEST:
            self.buffer.append(element)
            self.lost.append(self.buffer.pop(0))
            self.results[number] = "sent"
        elif self.overflow is BufferOverflow.DROP_LATEST:
            self.lost += [] if trying else [element]
            self.results[number] = "sent"
        elif trying:
            self.results[number] = "failed"
        else:
            self.senders.append((number, element))

    def receive(self, number: int, *, trying: bool) -> None:
        if self.buffer:
            self.results[number] = self.buffer.pop(0)
            if self.senders:
                sender, element = self.senders.pop(0)
                self.buffer.append(element)
                self.results[sender] = "sent"
        elif self.senders:
            sender, self.results[number] = self.senders.pop(0)
            self.results[sender] = "sent"
        elif self.state != "open":
            self.results[number] = self.state
        elif trying:
            self.results[number] = "failed"
        else:
            self.receivers.append(number)

    def cancel_task(self, choice: int) -> int | None:
        waiting = sorted([number for number, _ in self.senders] + self.receivers)
        if not waiting:
            return None
        number = waiting[choice % len(waiting)]
        self.lost += [element for sender, element in self.senders if sender == number]
        self.senders = [parked for parked in self.senders if parked[0] != number]
        self.receivers = [receiver for receiver in self.receivers if receiver != number]
        self.results[number] = "task cancelled"
        return number

    def close(self) -> None:
        if self.state == "open":
            self._end(CLOSED)

    def cancel(self) -> None:
        if self.state == CANCELLED:
            return
        shown = CLOSED if self.state == CLOSED else CANCELLED  # the first ending is what everybody is told
        self.lost += [element for _, element in reversed(self.senders)] + self.buffer[::-1]
        self.results |= dict.fromkeys((number for number, _ in self.senders), shown)
        self.buffer, self.senders = [], []
        self._end(shown)

    def _end(self, shown: str) -> None:
        self.state = shown
        self.results |= dict.fromkeys(self.receivers, shown)
        self.receivers = []


class Machine:
    """The real channel, driven by the same commands."""

    def __init__(self, kind: str, scope: CoroutineScope) -> None:
        capacity, overflow = KINDS[kind]
        self.lost: list[int] = []
        self.channel = Channel[int](capacity, overflow, self.lost.append)
        self.scope = scope
        self.results: dict[int, object] = {}
        self.jobs: dict[int, Job] = {}

    def start(self, number: int, operation: Callable[[], Any]) -> None:
        async def run() -> None:
            try:
                got = await operation()
                self.results[number] = "sent" if got is None else got
            except CancellationError:
                self.results[number] = CANCELLED
            except (RuntimeError, LookupError, StopAsyncIteration):
                self.results[number] = CLOSED
            except anyio.get_cancelled_exc_class():
                self.results[number] = "task cancelled"
                raise

        self.jobs[number] = self.scope.launch(run)

    def note(self, number: int, result: Any) -> None:
        if result.is_closed:
            cancelled = isinstance(result.exception_or_none(), CancellationError)
            self.results[number] = CANCELLED if cancelled else CLOSED
        elif result.is_success:
            value = result.get_or_none()
            self.results[number] = "sent" if value is None else value
        else:
            self.results[number] = "failed"


async def settle() -> None:
    for _ in range(4):
        await yield_now()


async def play(kind: str, commands: list[Command]) -> None:
    scope = CoroutineScope(supervisor=True)
    model, machine = Model(kind), Machine(kind, scope)
    channel = machine.channel
    for number, (command, choice) in enumerate(commands):
        element = 1000 + number
        if command == "send":
            model.send(number, element, trying=False)
            machine.start(number, lambda element=element: channel.send(element))  # type: ignore[misc]  # mypy: default
        elif command == "receive":
            model.receive(number, trying=False)
            machine.start(number, [channel.receive, channel.__anext__][choice % 2])
        elif command == "try_send":
            model.send(number, element, trying=True)
            machine.note(number, channel.try_send(element))
        elif command == "try_receive":
            model.receive(number, trying=True)
            machine.note(number, channel.try_receive())
        elif command == "cancel a task":
            victim = model.cancel_task(choice)
            if victim is not None:
                machine.jobs[victim].cancel()
        elif command == "close":
            model.close()
            channel.close()
        else:
            model.cancel()
            channel.cancel()
        await settle()
        assert machine.results == model.results, commands[: number + 1]
        assert sorted(machine.lost) == sorted(model.lost), commands[: number + 1]
        assert list(channel._buffer) == model.buffer
        assert channel.is_closed_for_send == (model.state != "open")
        assert channel.is_empty == (model.state == "open" and not model.buffer and not model.senders)
        assert channel.is_closed_for_receive == (model.state != "open" and not model.buffer and not model.senders)
    await scope.aclose()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_every_operation_ends_as_the_model_says(backend: str, kind: str) -> None:
    @seed(20)
    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(COMMANDS)
    def check(commands: list[Command]) -> None:
        anyio.run(play, kind, commands, backend=backend)

    check()


def interrupt(random: Random, jobs: list[Job]) -> None:
    job = random.choice(jobs)
    if not job.is_completed:
        if random.random() < 0.5:
            job.cancel()
        else:
            cancel_natively(job)


async def storm(number: int) -> None:
    """Everybody at once: every element ends up in exactly one place, and a single producer's elements stay in order."""
    random = Random(number)
    kind = random.choice(["rendezvous", "one", "three", "unlimited"])
    lost: list[int] = []
    received: list[int] = []
    offered: list[int] = []
    channel = Channel[int](KINDS[kind][0], on_undelivered_element=lost.append)
    scope = CoroutineScope(supervisor=True)

    async def produce(start: int) -> None:
        for element in range(start, start + 12):
            offered.append(element)
            try:
                await channel.send(element)
            except (CancellationError, ClosedSendChannelError):
                return
            if random.random() < 0.3:
                await yield_now()

    async def consume() -> None:
        async for element in channel:
            received.append(element)
            if random.random() < 0.3:
                await yield_now()

    producers = 1 + random.randrange(4)
    jobs = [scope.launch(produce, 100 * producer, name=f"producer {producer}") for producer in range(producers)]
    jobs += [scope.launch(consume, name=f"consumer {consumer}") for consumer in range(1 + random.randrange(4))]
    for late in range(random.randrange(12)):
        for _ in range(random.randrange(3)):
            await yield_now()
        interrupt(random, jobs)
        if random.random() < 0.5:
            jobs.append(scope.launch(consume, name=f"late consumer {late}"))
    for _ in range(10):
        await yield_now()
    ending = random.choice(["close", "cancel", "close, then cancel"])
    if ending != "cancel":
        channel.close()
    if ending != "close":
        channel.cancel()
    scope.cancel()
    await scope.join()
    left = list(channel._buffer)
    assert sorted(received + lost + left) == sorted(offered), (number, kind, ending)
    assert not channel._senders
    assert not channel._receivers
    if ending == "cancel":
        assert left == []


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_in_a_storm_of_cancellations_no_element_is_lost_or_doubled(backend: str) -> None:
    async def main() -> None:
        for number in range(150):
            await storm(number)

    anyio.run(main, backend=backend)


async def crowd(number: int) -> None:
    """Several consumers, of which some are cancelled in the very turn in which they were handed an element."""
    random = Random(number)
    channel = Channel[int](random.choice([0, 1, 5]))
    received: list[int] = []

    async def consume() -> None:
        async for element in channel:
            received.append(element)  # noqa: PERF401  # one by one: a cancelled consumer keeps what it has

    async with CoroutineScope() as scope:
        jobs = [scope.launch(consume, name=f"consumer {consumer}") for consumer in range(5)]
        for element in range(40):
            for _ in range(random.randrange(2)):
                await yield_now()
            if random.random() < 0.3:
                channel.try_send(-1 - element)
                interrupt(random, jobs)
                jobs.append(scope.launch(consume, name=f"late consumer {element}"))
            await channel.send(element)
        channel.close()
        for job in jobs:
            await job.join()
    assert channel.is_closed_for_receive
    assert sorted(element for element in received if element >= 0) == list(range(40))
    assert len(received) == len(set(received))


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_element_handed_to_a_cancelled_consumer_reaches_another(backend: str) -> None:
    async def main() -> None:
        for number in range(60):
            await crowd(number)

    anyio.run(main, backend=backend)

"""`Channel` against its model on the real loops, where the order of steps is the loop's.

`deterministic` plays every order of steps that hypothesis thinks of, on a scheduler of its own. Here the same stories
are played on asyncio and trio, which are left to settle after each command: the waiters are real, and so is
cancellation. In the last tests everything overlaps; there only conservation is certain.
"""

from __future__ import annotations

from collections.abc import Coroutine
from random import Random
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from flowws import CancellationError, Channel, ClosedSendChannelError, CoroutineScope, Job, yield_now
from tests.channels.deterministic.channel_model import KINDS
from tests.channels.deterministic.machine import STORIES, Machine, Story
from tests.channels.deterministic.scheduler import Manners, Task
from tests.core.observing import cancel_natively, turns


class RealLoop:
    """The loop that runs, as the stage of a machine. It steps its tasks itself."""

    manners: Manners = "asyncio"  # of no account: nobody is cancelled between a hand-over and its resuming

    def __init__(self, scope: CoroutineScope) -> None:
        self.interruption: type[BaseException] = anyio.get_cancelled_exc_class()
        self.runnable: list[Task] = []
        self.reported: list[BaseException] = []
        self._scope = scope
        self._jobs: dict[Task, Job] = {}

    def start(self, body: Coroutine[Any, Any, None]) -> Task:
        task = Task(body)
        self._jobs[task] = self._scope.launch(self._run, task)
        return task

    async def _run(self, task: Task) -> None:
        try:
            await task.body
        finally:
            task.over = True

    def step(self, task: Task) -> None:
        """It will."""

    def cancel(self, task: Task) -> None:
        self._jobs[task].cancel()


async def play(kinds: tuple[str, str], story: Story) -> None:
    async with CoroutineScope(supervisor=True) as scope:
        machine = Machine(kinds, RealLoop(scope))
        for command in story:
            machine.do(command)
            await settle(machine)
        while machine.anybody_is_left():
            machine.cancel_a_task(0)
            await settle(machine)
        machine.drain()
        machine.everything_has_arrived()


async def settle(machine: Machine) -> None:
    await turns(4)
    machine.model.settle()
    for lost in (*machine.lost, *(channel.lost for channel in machine.model.channels)):
        lost.sort()  # trio steps those who were woken together in an order of its own
    machine.agrees_with_the_model()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_every_operation_ends_as_the_model_says(backend: str, kind: str) -> None:
    @settings(
        max_examples=60,
        derandomize=True,
        phases=(Phase.generate, Phase.shrink),
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.sampled_from(sorted(KINDS)), STORIES)
    def check(other: str, story: Story) -> None:
        anyio.run(play, (kind, other), story, backend=backend)

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

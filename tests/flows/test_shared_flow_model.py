"""`MutableSharedFlow` against a model of lists, and `MutableStateFlow` against a shared flow, over random stories."""

from __future__ import annotations

from collections import deque
from typing import Any

import anyio.lowlevel
from hypothesis import given, settings
from hypothesis import strategies as st

from flowws import (
    BufferOverflow,
    Channel,
    CoroutineScope,
    Flow,
    Job,
    MutableSharedFlow,
    MutableStateFlow,
    coroutine_scope,
)

SUSPEND, DROP_OLDEST, DROP_LATEST = BufferOverflow


async def settle() -> None:
    for _ in range(8):
        await anyio.lowlevel.checkpoint()


class Model:
    """A shared flow as simple as it can be said: every subscriber has a list of the values it has yet to take."""

    def __init__(self, replay: int, extra: int, overflow: BufferOverflow) -> None:
        self.size = replay
        self.capacity = replay + extra
        self.overflow = overflow
        self.replay: list[int] = []
        self.pending: dict[int, list[int]] = {}
        self.waiting: deque[int] = deque()  # values of emitters that wait; without a buffer, the first one stands
        self.standing: int | None = None

    def full(self) -> bool:
        return bool(self.pending) and max(map(len, self.pending.values())) >= self.capacity

    def accept(self, value: int) -> None:
        for values in self.pending.values():
            values.append(value)
        self.replay = [*self.replay, value][-self.size :] if self.size else []

    def try_emit(self, value: int) -> bool:
        if self.full():
            if self.overflow is SUSPEND:
                return False
            if self.overflow is DROP_LATEST:
                return True
        self.accept(value)
        if self.overflow is DROP_OLDEST:
            for values in self.pending.values():
                del values[: -self.capacity]
        return True

    def emit(self, value: int) -> None:
        if not self.try_emit(value):
            self.waiting.append(value)
            self.admit()

    def admit(self) -> None:
        while True:
            if self.standing is not None:
                if any(self.standing in values for values in self.pending.values()):
                    return
                self.waiting.popleft()
                self.standing = None
            elif self.waiting and self.capacity == 0:
                self.standing = self.waiting[0]
                self.accept(self.standing)
            elif self.waiting and not self.full():
                self.accept(self.waiting.popleft())
            else:
                return

    def cancel(self, value: int) -> None:
        self.waiting.remove(value)
        if self.standing == value:
            self.standing = None
            for values in self.pending.values():
                if value in values:
                    values.remove(value)
        self.admit()

    def take(self, subscriber: int) -> int:
        value = self.pending[subscriber].pop(0)
        self.admit()
        return value


class Story:
    """Plays one story on the model and on the flow, and compares them after every step."""

    def __init__(self, scope: CoroutineScope, replay: int, extra: int, overflow: BufferOverflow) -> None:
        self.scope = scope
        self.model = Model(replay, extra, overflow)
        self.shared = MutableSharedFlow[int](replay, extra, overflow)
        self.subscribers: dict[int, Any] = {}
        self.emitters: dict[int, Job] = {}
        self.reading: dict[int, tuple[Job, list[int]]] = {}
        self.serial = 0

    async def play(self, step: str, choice: int) -> None:
        self.serial += 1
        idle = sorted(set(self.subscribers) - set(self.reading))
        match step:
            case "subscribe":
                self.subscribers[self.serial] = aiter(self.shared)
                self.model.pending[self.serial] = list(self.model.replay)
            case "leave" if idle:
                await self.leave(idle[choice % len(idle)])
            case "read" if idle:
                self.read(idle[choice % len(idle)])
            case "stop reading" if self.reading:
                await self.stop_reading(sorted(self.reading)[choice % len(self.reading)])
            case "try_emit":
                assert self.shared.try_emit(self.serial) == self.model.try_emit(self.serial)
            case "emit":
                self.emitters[self.serial] = self.scope.launch(self.shared.emit, self.serial)
                await settle()
                self.model.emit(self.serial)
            case "cancel" if self.model.waiting:
                value = self.model.waiting[choice % len(self.model.waiting)]
                self.emitters[value].cancel()
                self.model.cancel(value)
            case "reset":
                self.shared.reset_replay_cache()
                self.model.replay = []
            case _:
                return
        await settle()
        self.compare()

    async def leave(self, subscriber: int) -> None:
        await self.subscribers.pop(subscriber).aclose()
        del self.model.pending[subscriber]
        self.model.admit()

    def read(self, subscriber: int) -> None:
        got: list[int] = []

        async def take_one() -> None:
            got.append(await anext(values))

        values = self.subscribers[subscriber]
        self.reading[subscriber] = (self.scope.launch(take_one), got)

    async def stop_reading(self, subscriber: int) -> None:
        job, got = self.reading.pop(subscriber)
        await job.cancel_and_join()
        assert got == []
        await self.leave(subscriber)  # a cancelled generator is over

    def compare(self) -> None:
        while ready := [each for each in self.reading if self.model.pending[each]]:
            for subscriber in ready:
                job, got = self.reading.pop(subscriber)
                assert job.is_completed
                assert got == [self.model.take(subscriber)]
        assert not any(job.is_completed for job, _ in self.reading.values())
        assert self.shared.replay_cache == tuple(self.model.replay)
        assert self.shared.subscription_count.value == len(self.model.pending)
        waiting = [value for value, job in self.emitters.items() if not job.is_completed]
        assert waiting == list(self.model.waiting)

    async def end(self) -> None:
        for subscriber in list(self.reading):
            await self.stop_reading(subscriber)
        for subscriber, values in self.subscribers.items():
            while self.model.pending[subscriber]:
                assert await anext(values) == self.model.take(subscriber)
                await settle()
        self.compare()
        for subscriber in list(self.subscribers):
            await self.leave(subscriber)
        await settle()
        self.compare()
        assert not self.model.waiting


kinds = st.tuples(st.integers(0, 2), st.integers(0, 2), st.sampled_from(BufferOverflow)).filter(
    lambda kind: kind[2] is SUSPEND or kind[0] + kind[1] > 0
)
steps = st.tuples(
    st.sampled_from(
        [
            "subscribe",
            "leave",
            "read",
            "read",
            "read",
            "stop reading",
            "try_emit",
            "emit",
            "emit",
            "emit",
            "cancel",
            "reset",
        ]
    ),
    st.integers(0, 5),
)


@settings(deadline=None, max_examples=150)
@given(kind=kinds, story=st.lists(steps, min_size=5, max_size=40))
async def test_any_story_goes_as_the_model_says(
    kind: tuple[int, int, BufferOverflow], story: list[tuple[str, int]]
) -> None:
    """K76 to K91"""
    async with coroutine_scope() as scope:
        played = Story(scope, *kind)
        for step, choice in story:
            await played.play(step, choice)
        await played.end()


@settings(deadline=None, max_examples=100)
@given(
    story=st.lists(st.tuples(st.sampled_from(["assign", "assign", "join", "go on"]), st.integers(0, 3)), max_size=40)
)
async def test_a_state_is_a_shared_flow_of_one_without_repetitions(story: list[tuple[str, int]]) -> None:
    """K109"""
    state = MutableStateFlow(0)
    shared = MutableSharedFlow[int](1, 0, DROP_OLDEST)
    await shared.emit(0)
    pairs: list[tuple[Channel[None], list[int], Channel[None], list[int]]] = []

    def join(scope: CoroutineScope, values: Flow[int]) -> tuple[Channel[None], list[int]]:
        """A collector that works on each value until it is told to go on."""
        permits, got = Channel[None](), list[int]()

        async def work(value: int) -> None:
            got.append(value)
            await permits.receive()

        values.on_each(work).launch_in(scope)
        return permits, got

    async with CoroutineScope() as scope:
        for step, number in story:
            match step:
                case "assign":
                    state.value = number
                    assert shared.try_emit(number)
                case "join":
                    pairs.append((*join(scope, state), *join(scope, shared.distinct_until_changed())))
                case "go on" if pairs:
                    one, _, two, _ = pairs[number % len(pairs)]
                    assert one.try_send(None).is_success == two.try_send(None).is_success
                case _:
                    pass
            if step != "assign":
                await settle()
                for _, one_got, _, two_got in pairs:
                    assert one_got == two_got
            assert state.replay_cache == shared.replay_cache

"""Random stories of outages, restarts and slowness: whatever happens, each reader can account for every update.

``FLOWWS_STORIES=10000`` plays more of them.
"""

from __future__ import annotations

import os
from random import Random
from random import seed as seed_backoffs

import pytest

from flowws import delay
from flowws.brokers import BrokeredSharedFlow, Gap, GapReason, Position, Retention
from flowws.brokers._memory_log import MemoryLog
from flowws.testing import TestScope
from tests.brokers.ground import FaultyBroker, settle

STORIES = int(os.environ.get("FLOWWS_STORIES", "24"))
KEPT = Retention(40, None)
NAME = "numbers"


class Truth:
    """What has ever stood in the log, and where."""

    def __init__(self, log: MemoryLog) -> None:
        self.said: dict[Position, bytes] = {}
        self._log = log
        self._put = log._put
        log._put = self._note  # type: ignore[method-assign]  # to see each entry that is put down

    def _note(self, payload: bytes, now: float) -> None:
        self._put(payload, now)
        position = self._log.newest
        assert position not in self.said, "no two entries have one position"
        self.said[position] = payload


class Watched(MemoryLog):
    """A log that can be watched."""

    __slots__ = ("__dict__",)


class Reader:
    """Hears a flow with gaps as values, slowly at times, and checks each step."""

    def __init__(self, flow: BrokeredSharedFlow[int | Gap], truth: Truth, random: Random) -> None:
        self._flow = flow
        self._truth = truth
        self._random = random
        self._newest_of: dict[int, int] = {}
        self.at: Position | None = None
        self.received = 0
        self.missing = 0

    async def run(self, after: Position | None) -> None:
        self.at = after
        async for position, value in self._flow.positioned(after):
            self._check(position, value)
            if self._random.random() < 0.02:
                await delay(self._random.random() * 3)

    def _check(self, position: Position, value: int | Gap) -> None:
        before = self.at
        self.at = position
        if isinstance(value, Gap):
            assert value.resumed == position
            assert before is None or value.after is None or value.after.offset == before.offset
            if value.reason is GapReason.TRIMMED:
                assert value.after is not None
                assert value.missing == value.resumed.offset - value.after.offset
            elif value.reason is GapReason.ROLLBACK:
                assert value.after is not None
                assert value.missing == value.after.offset - value.resumed.offset
            if value.reason is not GapReason.TRIMMED:
                self._newest_of.clear()  # what was not acknowledged, and was forgotten, may be written again
            self.missing += value.missing or 0
            return
        self.received += 1
        assert before is None or position.offset == before.offset + 1, f"{before} -> {position} without a gap"
        assert self._truth.said[position] == b"%d" % value
        emitter, number = divmod(value, 1_000_000)
        assert number > self._newest_of.get(emitter, -1), "twice, or out of order"
        self._newest_of[emitter] = number


async def play(seed: int, scope: TestScope, *, with_rollbacks: bool) -> None:
    random = Random(seed)
    seed_backoffs(seed)
    broker = FaultyBroker(flush_timeout=100)
    broker._logs[NAME] = log = Watched()
    truth = Truth(log)
    async with broker:
        emitters = [broker.shared_flow(NAME, int, retention=KEPT, pending=8) for _ in range(2)]
        readers: list[Reader] = []
        tokens: list[Position] = []

        def enter(after: Position | None) -> None:
            flow = broker.shared_flow(
                NAME, int, retention=KEPT, on_gap="deliver", extra_buffer_capacity=random.choice((0, 3, 64))
            )
            readers.append(Reader(flow, truth, random))
            scope.background_scope.launch(readers[-1].run, after)

        async def emit(emitter: int) -> None:
            for number in range(150):
                await emitters[emitter].emit(emitter * 1_000_000 + number)
                if random.random() < 0.3:
                    await delay(random.random() * 0.2)

        for _ in range(3):
            enter(None)
        await settle()
        jobs = [scope.launch(emit, emitter) for emitter in range(2)]
        restore = broker.save(NAME)
        while any(job.is_active for job in jobs):
            match random.randrange(8):
                case 0:
                    broker.go_away(quietly=random.random() < 0.5)
                    await delay(random.random() * 5)
                    broker.come_back()
                case 1:
                    broker.answers_to_lose = random.randrange(4)
                case 2:
                    restore = broker.save(NAME)
                case 3 if with_rollbacks:
                    restore()
                case 4:
                    broker.save(NAME)()  # a restart that forgets nothing
                case 5:
                    tokens += [reader.at for reader in readers if reader.at is not None]
                    if tokens and len(readers) < 6:
                        enter(random.choice(tokens))
                case _:
                    await delay(random.random() * 2)
        broker.answers_to_lose = 0
        for flow in emitters:
            await flow.flush()
        await delay(1000)
        newest = log.newest
        for reader in readers:
            assert reader.at is not None
            assert reader.at.offset == newest.offset, "everybody has come to the end"
        if not with_rollbacks:
            values = sorted(int(payload) for payload in truth.said.values())
            assert values == [*range(150), *range(1_000_000, 1_000_150)], "each value is in the log once"
            for reader in readers[:3]:
                assert reader.received + reader.missing == 300


@pytest.mark.parametrize("seed", range(STORIES // 2))
async def test_nothing_is_lost_or_doubled_without_a_word(test_scope, seed: int) -> None:
    await play(seed, test_scope, with_rollbacks=False)


@pytest.mark.parametrize("seed", range(STORIES // 2))
async def test_what_a_server_has_forgotten_is_told(test_scope, seed: int) -> None:
    await play(1_000_000 + seed, test_scope, with_rollbacks=True)

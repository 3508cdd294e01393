"""A process that cannot keep up: it misses what the log drops, is told exactly how much, and holds up nobody."""

from __future__ import annotations

import resource
from pathlib import Path

from flowws import MutableStateFlow, coroutine_scope
from flowws.brokers import Gap, GapReason, RedisBroker, Retention

from .heard import listen
from .server import RedisServer

COUNT, KEPT, PARTS = 20_000, 2_000, 4
TEXT = "x" * 1000


async def test_what_is_received_and_what_is_missing_are_together_what_was_published(redis: RedisServer):
    kept = Retention(KEPT)
    async with RedisBroker(redis.url) as here, RedisBroker(redis.url) as slow, RedisBroker(redis.url) as quick:
        texts = here.shared_flow("texts", str, retention=kept)
        late = slow.shared_flow("texts", str, on_gap="deliver", retention=kept)
        start = await late.ready()
        others = await listen(quick)
        values, gaps = 0, list[Gap]()
        gate = MutableStateFlow(0)  # how many parts have been published
        before = memory()

        async def collect() -> None:
            nonlocal values
            async for item in late:
                if isinstance(item, Gap):
                    gaps.append(item)
                else:
                    values += 1
                if values == 1000 * (gate.value + 1) and gate.value < PARTS:
                    await gate.first(lambda parts: values < 1000 * (parts + 1))  # noqa: B023  # it does not change here
                if values + sum(gap.missing or 0 for gap in gaps) >= COUNT:
                    return

        async with coroutine_scope() as scope:
            scope.launch(collect)
            numbers = here.shared_flow("numbers", int)
            for part in range(PARTS):
                for _ in range(COUNT // PARTS):
                    await texts.emit(TEXT)
                await texts.flush()
                await numbers.emit(part)  # another process hears it while that one hangs
                await others.until_value(part)
                gate.value += 1
        assert values + sum(gap.missing or 0 for gap in gaps) == COUNT
        assert len(gaps) >= 1
        assert {gap.reason for gap in gaps} == {GapReason.TRIMMED}
        assert late.position == (start.epoch, COUNT)
        assert others.items == [0, 1, 2, 3]
        assert memory() - before < 16 << 20  # bytes; 20 MB went through the log


def memory() -> int:
    """The resident memory of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from flowws.feeds import FeedLog, MemoryLog

pytestmark = pytest.mark.anyio


def filled(capacity: int, count: int) -> MemoryLog[int]:
    log = MemoryLog[int](capacity)
    for number in range(1, count + 1):
        assert log.append(number * 10) == number
    return log


async def test_what_is_kept_can_be_read() -> None:
    log = filled(3, 5)
    assert log.head == 5
    assert await log.read(2, 10) == [(3, 30), (4, 40), (5, 50)]
    assert await log.read(2, 2) == [(3, 30), (4, 40)]
    assert await log.read(4, 10) == [(5, 50)]


async def test_what_is_no_longer_kept_is_not_known() -> None:
    log = filled(3, 5)
    assert await log.read(1, 10) is None
    assert await log.read(0, 10) is None


async def test_behind_the_newest_there_is_nothing() -> None:
    assert await filled(3, 5).read(5, 10) == []
    assert await filled(0, 5).read(5, 10) == []
    assert await MemoryLog[int](3).read(0, 10) == []


async def test_without_room_it_counts() -> None:
    log = filled(0, 5)
    assert log.head == 5
    assert await log.read(4, 10) is None


def test_its_epoch_is_the_time() -> None:
    before = time.time_ns() // 1000
    epoch = MemoryLog[int](1).epoch
    assert before <= epoch <= time.time_ns() // 1000
    assert len(str(epoch)) <= 16


def test_no_two_have_the_same_epoch() -> None:
    logs = [MemoryLog[int](1) for _ in range(1000)]
    assert len({log.epoch for log in logs}) == len(logs)


FORKS = """
import os, time
from flowws.feeds import MemoryLog

class Own(MemoryLog):
    def __init__(self):
        super().__init__(1)
        self.epoch = 7

logs = MemoryLog(1), MemoryLog(1), Own()
if {goes_back}:
    time.time_ns = lambda at=time.time_ns(): at - 10**9
for _ in range(2):
    if not (child := os.fork()):
        print(*[log.epoch for log in logs], flush=True)
        os._exit(0)
    os.waitpid(child, 0)
print(*[log.epoch for log in logs])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes that are forked")
@pytest.mark.parametrize("clock_goes_back", [False, True])
def test_a_worker_that_is_forked_has_epochs_of_its_own(clock_goes_back: bool) -> None:
    script = FORKS.format(goes_back=clock_goes_back)
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30).stdout
    epochs = [list(map(int, line.split())) for line in said.splitlines()]
    assert len({epoch for line in epochs for epoch in line[:2]}) == 6
    assert [line[2] for line in epochs] == [7, 7, 7]  # whoever sets it says so


@pytest.mark.parametrize("capacity", [-1, 1.5, True, None])
def test_a_bad_capacity_is_refused(capacity: object) -> None:
    with pytest.raises(ValueError, match=f"capacity must be a number of updates, 0 or more, not {capacity!r}"):
        MemoryLog(capacity)  # type: ignore[arg-type]  # what an untyped caller may do


def test_it_is_a_log() -> None:
    assert isinstance(MemoryLog(1), FeedLog)
    assert not isinstance([], FeedLog)


def test_repr() -> None:
    log = filled(3, 5)
    assert repr(log) == f"<MemoryLog {log.epoch}-5, 3 kept>"

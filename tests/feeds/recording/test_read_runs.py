"""What is in a file of recordings."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from flowws import flow_of
from flowws.feeds import BadRecordingError, read_runs, record
from flowws.testing import TestScope


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.jsonl"


async def test_runs_in_the_order_in_which_they_began(path: Path) -> None:
    before = datetime.now(UTC)
    await record(flow_of(1, 2), path).collect()
    await record(flow_of(1, 0).map(lambda n: 1 // n), path).catch(lambda _: None).collect()
    await record(flow_of(1, 2), path).first()
    after = datetime.now(UTC)
    runs = await read_runs(str(path))
    assert [(each.messages, each.outcome, each.error) for each in runs] == [
        (2, "completed", None),
        (1, "failed", "ZeroDivisionError: integer division or modulo by zero"),
        (1, "left", None),
    ]
    assert runs[0].name == "flow_of(1, 2)"
    assert before <= runs[0].began <= runs[1].began <= runs[2].began <= after


async def test_a_run_that_is_not_over(test_scope: TestScope, path: Path) -> None:
    seen: list[object] = []

    async def look(_: int) -> None:
        (run,) = await read_runs(path)
        seen.append((run.messages, run.outcome, run.close_reason))

    await record(flow_of(1, 2), path).collect(look)
    assert seen == [(1, None, None), (2, None, None)]


@pytest.mark.parametrize(
    "line",
    [
        '{"run":"a","t":1,"close":{}}',
        '{"run":"a","t":1,"close":3}',
        '{"run":"a","t":1,"close":{"code":"x","message":"","by":"us"}}',
    ],
)
async def test_a_close_that_says_nothing(path: Path, line: str) -> None:
    write(path, '{"run":"a","recording":1,"of":"session","name":"","at":"2026-11-21"}\n' + line + "\n")
    with pytest.raises(BadRecordingError, match="a session closes with"):
        await read_runs(path)


def write(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8")

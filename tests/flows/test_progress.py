"""`progress`: how many values have passed, on stderr."""

from __future__ import annotations

import io
import sys
from itertools import pairwise
from typing import Any

import pytest

from flowws import as_flow, flow_of
from flowws.flows.operators import _progress


class Clock:
    """Real time, as the test has it: each look at it takes a while."""

    def __init__(self, step: float) -> None:
        self.now = 100.0
        self.step = step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if tqdm were not installed."""
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What was written over again and again."""
    return [line.rstrip() for line in capsys.readouterr().err.split("\r") if line]


async def test_the_values_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert await flow_of(1, 2, 3).progress().map(lambda n: n * 2).to_list() == [2, 4, 6]
    assert await flow_of().progress(0).to_list() == []


async def test_a_bar_of_tqdm_where_it_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    await flow_of(1, 2, 3).progress(4, label="numbers").collect()
    shown = capsys.readouterr().err
    assert "numbers:  75%|" in shown
    assert "3/4" in shown


@pytest.mark.usefixtures("plain")
async def test_else_a_plain_line_ten_times_a_second(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_progress, "monotonic", Clock(0.01))
    await as_flow(range(100)).progress().collect()
    shown = lines(capsys)
    assert shown[:2] == ["1 so far, 0.0 s", "11 so far, 100/s, 0.1 s"]
    assert shown[-1] == "100 so far, 99/s, 1.0 s"
    assert len(shown) == 11


@pytest.mark.usefixtures("plain")
async def test_with_a_total_it_shows_how_much_is_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_progress, "monotonic", Clock(1))
    await flow_of(1, 2).progress(4000, label="rows").collect()
    assert lines(capsys) == [
        "rows: 1 of 4,000 (0 %), 1/s, 1.0 s, about 3999 s left",
        "rows: 2 of 4,000 (0 %), 1/s, 2.0 s, about 3998 s left",
        "rows: 2 of 4,000 (0 %), 0.67/s, 3.0 s, about 5997 s left",
    ]


@pytest.mark.usefixtures("plain")
async def test_a_shorter_line_covers_a_longer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_progress, "monotonic", Clock(1))
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    await flow_of(1, 2, 3).progress(3).collect()
    written = stderr.getvalue()
    assert written.endswith("\n")
    shown = written.rstrip("\n").split("\r")[1:]
    assert len({len(line.rstrip()) for line in shown}) > 1
    assert all(len(line) >= len(before.rstrip()) for before, line in pairwise(shown))


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("end", ["break", "failure below", "failure above"])
async def test_it_stays_however_the_collection_ends(end: str, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(n: int) -> int:
        if n == 2:
            raise ValueError(n)
        return n

    if end == "break":
        await as_flow(range(9)).progress().take(2).collect()
    elif end == "failure below":
        with pytest.raises(ValueError, match="2"):
            await flow_of(1, 2).progress().map(fail).collect()
    else:
        with pytest.raises(ValueError, match="2"):
            await flow_of(0, 1, 2).map(fail).progress().collect()
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err.split("\r")[-1].startswith("2 so far")


@pytest.mark.usefixtures("plain")
async def test_each_collection_counts_anew(capsys: pytest.CaptureFixture[str]) -> None:
    counted = flow_of(1, 2).progress()
    await counted.collect()
    await counted.collect()
    assert capsys.readouterr().err.count("2 so far") == 2


async def test_what_is_above_hears_why_it_ended(capsys: pytest.CaptureFixture[str]) -> None:
    causes: list[Any] = []

    def fail(n: int) -> None:
        raise ValueError(n)

    with pytest.raises(ValueError, match="1"):
        await flow_of(1).on_completion(causes.append).progress().on_each(fail).collect()
    await flow_of(1, 2).on_completion(causes.append).progress().first()
    assert [type(cause).__name__ for cause in causes] == ["ValueError", "CancellationError"]


def test_it_is_shown_as_it_was_written() -> None:
    assert repr(flow_of(1).progress()) == "flow_of(1).progress()"
    assert repr(flow_of(1).progress(7, label="x").take(1)) == "flow_of(1).progress(7, label='x').take(1)"


@pytest.mark.parametrize(
    ("arguments", "options", "error"),
    [((-1,), {}, ValueError), (("7",), {}, TypeError), ((True,), {}, TypeError), ((), {"label": 7}, TypeError)],
)
def test_bad_arguments(arguments: Any, options: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="not"):
        flow_of(1).progress(*arguments, **options)

"""A recording is played again: values, times, the end."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowws import NoSuchElementError, delay, flow, flow_of
from flowws.feeds import BadRecordingError, ReplayedError, record, replay
from flowws.testing import TestScope, run_test
from flowws.websocket import DeserializeError, Frame, MsgspecConverter, PydanticConverter


@dataclass
class Order:
    item: str
    number: int


ORDERS = [Order("tea", 2), Order("milk", 1)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.jsonl"


@flow
async def at(*values: tuple[float, object]) -> AsyncIterator[object]:
    """Values, each after so many seconds."""
    for wait, value in values:
        await delay(wait)
        if isinstance(value, Exception):
            raise value
        yield value


async def test_values_come_back_as_what_they_were(path: Path) -> None:
    await record(flow_of(*ORDERS), path).collect()
    assert await replay(path, Order).to_list() == ORDERS
    assert await replay(path).to_list() == [{"item": "tea", "number": 2}, {"item": "milk", "number": 1}]
    with pytest.raises(DeserializeError):
        await replay(path, int).to_list()


@pytest.mark.parametrize("converter", [MsgspecConverter("msgpack"), MsgspecConverter(), PydanticConverter()], ids=repr)
async def test_by_other_converters(path: Path, converter: Any) -> None:
    await record(flow_of(*ORDERS), path, converter=converter).collect()
    assert await replay(str(path), Order, converter=converter).to_list() == ORDERS


class Shouting:
    """A notation of its own."""

    def serialize(self, value: object) -> Frame:
        return Frame.Text(f"{value}!\n")

    def deserialize(self, frame: Frame, kind: Any) -> Any:
        return kind(frame.data.decode().strip("!\n"))

    def is_applicable(self, frame: Frame) -> bool:
        return not frame.is_control


async def test_by_a_converter_with_a_notation_of_its_own(path: Path) -> None:
    await record(flow_of(*range(3)), path, converter=Shouting()).collect()
    assert await replay(path, int, converter=Shouting()).to_list() == [0, 1, 2]


@pytest.mark.parametrize(
    ("speed", "times"), [(1.0, [3, 3, 8]), (2, [1.5, 1.5, 4]), (0.5, [6, 6, 16]), (math.inf, [0, 0, 0])]
)
async def test_each_at_its_time(test_scope: TestScope, path: Path, speed: float, times: list[float]) -> None:
    await record(at((3, "a"), (0, "b"), (5, "c"), (2, ValueError("that was it"))), path).catch(lambda _: None).collect()
    began = test_scope.current_time
    seen: list[float] = []
    with pytest.raises(ReplayedError, match="recorded to fail with ValueError: that was it") as caught:
        await replay(path, str, speed=speed).collect(lambda _: seen.append(test_scope.current_time - began))
    assert seen == pytest.approx(times)
    assert (caught.value.error, caught.value.message) == ("ValueError", "that was it")
    assert test_scope.current_time - began == pytest.approx(10 / speed)


async def test_who_is_slow_catches_up(test_scope: TestScope, path: Path) -> None:
    await record(at((1, "a"), (1, "b"), (1, "c"), (7, "d")), path).collect()
    began = test_scope.current_time
    seen: list[float] = []

    async def slow(_: object) -> None:
        seen.append(test_scope.current_time - began)
        await delay(2 if len(seen) < 3 else 0)

    await replay(path).collect(slow)
    assert seen == pytest.approx([1, 3, 5, 10])


async def test_the_last_run_unless_another_is_asked_for(path: Path) -> None:
    for values in ("abc", "de"):
        await record(flow_of(*values), path).collect()
    assert await replay(path).to_list() == ["d", "e"]
    assert await replay(path, run=0).to_list() == ["a", "b", "c"]
    assert await replay(path, run=-2).to_list() == ["a", "b", "c"]
    with pytest.raises(NoSuchElementError, match="holds 2 runs, none of which is number 2"):
        await replay(path, run=2).to_list()


async def test_runs_that_were_written_at_once_are_told_apart(test_scope: TestScope, path: Path) -> None:
    for name in ("ab", "cd", "ef"):
        record(at(*((1, each) for each in name)), path).launch_in(test_scope)
    await test_scope.advance_until_idle()
    assert sorted([await replay(path, str, run=run).to_list() for run in range(3)]) == [
        ["a", "b"],
        ["c", "d"],
        ["e", "f"],
    ]


async def test_a_recording_of_a_recording(path: Path) -> None:
    await record(flow_of(1), path).collect()
    told = [json.loads(line) for line in read(path).splitlines()]
    await record(flow_of(*told), path).collect()
    assert await replay(path).to_list() == told


async def test_a_replay_may_be_left_and_begun_anew(path: Path) -> None:
    await record(flow_of(*range(10)), path).collect()
    again = replay(path, int)
    assert await again.first() == 0
    assert await again.take(2).to_list() == [0, 1]
    assert len(await again.to_list()) == 10
    assert repr(again) == f"replay({str(path)!r})"


# --------------------------------------------------------------------------------------------- files that are not whole


async def whole(path: Path) -> bytes:
    await record(flow_of("a", "b", "c"), path).collect()
    return read(path)


def read(path: Path) -> bytes:
    return path.read_bytes()


def write(path: Path, content: bytes | str) -> None:
    path.write_bytes(content.encode() if isinstance(content, str) else content)


async def test_a_file_may_end_anywhere(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    content = await whole(path)
    first_line = content.index(b"\n")
    for end in range(first_line, len(content) - 1):
        write(path, content[:end])
        caplog.clear()
        values = await replay(path).to_list()
        assert values == ["a", "b", "c"][: len(values)]
        assert len(values) == sum(line.endswith(b"}") for line in content[:end].splitlines()) - 1
        assert "cut off" in caplog.messages[-1]
        assert len(caplog.messages) <= 2
        assert "is torn" in caplog.messages[0] or len(caplog.messages) == 1
    for end in range(first_line):
        write(path, content[:end])
        with pytest.raises(BadRecordingError, match="holds no run"):
            await replay(path).to_list()


async def test_what_is_written_behind_a_torn_line_is_whole(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(path, (await whole(path))[:-5])
    await record(flow_of("d"), path).collect()
    assert await replay(path).to_list() == ["d"]
    assert caplog.records == []
    assert await replay(path, run=0).to_list() == ["a", "b", "c"]
    assert ["is torn" in each.getMessage() for each in caplog.records] == [True, False]
    assert "cut off" in caplog.records[1].getMessage()
    assert caplog.records[0].levelno == logging.WARNING


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "it holds no run"),
        ("hello\n", "it holds no run"),
        ('{"value":1}\n', "it holds no run"),
        ('{"recording":1}\n', "at byte 0 is of no run"),
        ('{"run":1,"recording":1}\n', "at byte 0 is of no run"),
        ('["recording":]\n', "it holds no run"),
        ('["recording", {"recording":1}]\n', "at byte 0 is of no run"),
        ('{"run":"a","recording":2}\n', "of version 2, and this reads version 1"),
        ('{"run":"a","recording":1,"of":"film","name":"","at":"2026-11-21"}\n', "a run begins with"),
        ('{"run":"a","recording":1,"of":"flow","name":3,"at":"2026-11-21"}\n', "a run begins with"),
        ('{"run":"a","recording":1,"of":"flow","name":"","at":"today"}\n', "a run begins with"),
        ('{"run":"a","recording":1,"of":[],"name":"","at":"2026-11-21"}\n', "a run begins with"),
    ],
)
async def test_what_is_no_recording(path: Path, content: str, problem: str) -> None:
    write(path, content)
    with pytest.raises(BadRecordingError, match=problem):
        await replay(path).to_list()


@pytest.mark.parametrize(
    "line",
    [
        '{"run":"a","value":1}',
        '{"run":"a","t":"1","value":1}',
        '{"run":"a","t":-1,"value":1}',
        '{"run":"a","t":1}',
        '{"run":"a","t":1,"binary":"?"}',
    ],
)
async def test_lines_that_say_nothing(path: Path, line: str) -> None:
    write(path, '{"run":"a","recording":1,"of":"flow","name":"","at":"2026-11-21"}\n' + line + "\n")
    with pytest.raises(BadRecordingError, match=r"a line (without a time|says nothing that can be read)"):
        await replay(path, speed=math.inf).to_list()


async def test_no_file_at_all(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await replay(path).to_list()


@pytest.mark.parametrize(
    ("options", "error", "problem"),
    [
        ({"speed": 0}, ValueError, "speed must be above 0, not 0"),
        ({"speed": -1.0}, ValueError, "speed must be above 0, not -1.0"),
        ({"speed": math.nan}, ValueError, "speed must be above 0, not nan"),
        ({"speed": "fast"}, TypeError, "speed is a number, not 'fast'"),
        ({"speed": True}, TypeError, "speed is a number, not True"),
        ({"run": "last"}, TypeError, "run is an index of what read_runs gives, or None, not 'last'"),
    ],
)
def test_the_door(options: dict[str, Any], error: type[Exception], problem: str) -> None:
    with pytest.raises(error, match=problem):
        replay("some.jsonl", **options)
    with pytest.raises(TypeError, match="a recording is a file"):
        replay(b"some.jsonl")  # type: ignore[call-overload]  # a caller without type checks


# ----------------------------------------------------------------------------------------------------------------- law

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text(), parts, max_size=3),
    max_leaves=5,
)


@given(st.lists(st.tuples(st.floats(0, 100), json_values), max_size=8), st.booleans())
@settings(deadline=None, max_examples=50)
def test_a_replay_is_what_was(
    tmp_path_factory: pytest.TempPathFactory, story: list[tuple[float, Any]], fails: bool
) -> None:
    path = tmp_path_factory.mktemp("law") / "some.jsonl"
    end = [(1.0, ArithmeticError("over"))] if fails else []

    async def told(scope: TestScope, source: Any) -> list[tuple[float, object]]:
        seen: list[tuple[float, object]] = []
        began = scope.current_time
        try:
            await source.collect(lambda value: seen.append((scope.current_time - began, value)))
        except (ArithmeticError, ReplayedError) as error:
            seen.append((scope.current_time - began, str(error).rpartition(": ")[2]))
        return seen

    async def test(scope: TestScope) -> None:
        was = await told(scope, record(at(*story, *end), path))
        again = await told(scope, replay(path))
        assert [value for _, value in again] == [value for _, value in was]
        assert [time for time, _ in again] == pytest.approx([time for time, _ in was], abs=1e-5)

    for backend in ("asyncio", "trio"):
        run_test(test, backend=backend)

"""What `record` writes, and that the flow does not notice."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest

from flowws import MutableSharedFlow, coroutine_scope, delay, flow, flow_of
from flowws.feeds import record
from flowws.testing import TestScope
from flowws.websocket import ContentConverter, Frame, MsgspecConverter, SerializeError


@dataclass
class Order:
    item: str
    number: int


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.jsonl"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@flow
async def slow(*values: object) -> AsyncIterator[object]:
    for value in values:
        await delay(1)
        yield value
        if isinstance(value, Exception):
            raise value


async def test_values_pass_and_are_written_with_their_times(test_scope: TestScope, path: Path) -> None:
    passed = [each async for each in record(slow(Order("tea", 2), "ü\n", None, [1]), path)]
    assert passed == [Order("tea", 2), "ü\n", None, [1]]
    begin, *values, end = lines(path)
    assert begin.pop("at").startswith("20")
    assert begin == {"run": begin["run"], "recording": 1, "of": "flow", "name": begin["name"]}
    assert begin["name"].startswith("slow(Order(item='tea'")
    assert [(each["t"], each["value"]) for each in values] == [
        (1, {"item": "tea", "number": 2}),
        (2, "ü\n"),
        (3, None),
        (4, [1]),
    ]
    assert end == {"run": begin["run"], "t": 4.0, "end": "completed"}
    assert {each["run"] for each in values} == {begin["run"]}


async def test_a_value_stands_in_the_file_before_it_goes_on(path: Path) -> None:
    seen: list[list[object]] = []
    await record(flow_of(1, 2), path).collect(lambda _: seen.append([each.get("value") for each in lines(path)[1:]]))
    assert seen == [[1], [1, 2]]


async def test_a_failure_is_written_and_goes_on(path: Path) -> None:
    @flow
    async def fails() -> AsyncIterator[int]:
        yield 1
        raise LookupError("nobody there")

    with pytest.raises(LookupError, match="nobody there"):
        await record(fails(), path).to_list()
    end = lines(path)[-1]
    assert (end["end"], end["error"], end["message"]) == ("failed", "LookupError", "nobody there")


@pytest.mark.parametrize("ending", ["take", "break", "failure below"])
async def test_a_collector_who_has_enough(path: Path, ending: str) -> None:
    recorded = record(flow_of(1, 2, 3), path)
    if ending == "take":
        assert await recorded.first() == 1
    elif ending == "break":
        async for _ in (values := aiter(recorded)):
            break
        await values.aclose()
    else:
        with pytest.raises(ZeroDivisionError):
            await recorded.map(lambda n: n // 0).to_list()
    assert [each.get("value", each.get("end")) for each in lines(path)[1:]] == [1, "left"]


async def test_a_cancelled_collection(path: Path) -> None:
    with anyio.move_on_after(0.01):
        await record(slow(1), path).to_list()
    assert [each["end"] for each in lines(path)[1:]] == ["left"]


async def test_each_collection_is_a_run_behind_what_is_there(path: Path) -> None:
    recorded = record(flow_of(1), path)
    async with coroutine_scope() as scope:
        for _ in range(3):
            recorded.launch_in(scope)
    await record(flow_of(2), path).collect()
    written = lines(path)
    runs = [each["run"] for each in written if "recording" in each]
    assert len(set(runs)) == 4
    assert [[each["value"] for each in written if each["run"] == run and "value" in each] for run in runs] == [
        [1]
    ] * 3 + [[2]]


async def test_a_hot_flow_is_subscribed_to_when_iteration_begins(path: Path) -> None:
    news = MutableSharedFlow[int]()
    async with coroutine_scope() as scope:
        job = record(news, path).launch_in(scope)
        assert news.subscription_count.value == 1
        await news.emit(1)
        news.close()
        await job.join()
    assert [each.get("value") for each in lines(path)[1:-1]] == [1]


async def test_a_value_that_cannot_be_written_fails_the_collection(path: Path) -> None:
    with pytest.raises(SerializeError):
        await record(flow_of(1, object()), path).to_list()
    assert [each.get("value", each.get("end")) for each in lines(path)[1:]] == [1, "failed"]


async def test_a_file_that_cannot_be_written_fails_the_collection(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await record(flow_of(1), tmp_path / "nowhere" / "some.jsonl").to_list()
    with pytest.raises(IsADirectoryError):
        await record(flow_of(1), tmp_path).to_list()


class Shouting:
    """A notation of its own, in lines."""

    def serialize(self, value: object) -> Frame:
        return Frame.Text(f"{value}!\n")

    def deserialize(self, frame: Frame, kind: Any) -> Any:
        return kind(frame.data.decode().strip("!\n"))

    def is_applicable(self, frame: Frame) -> bool:
        return not frame.is_control


class Spacious(Shouting):
    """JSON with room in it."""

    def serialize(self, value: object) -> Frame:
        return Frame.Text(json.dumps([value, "a\nb"], indent=1))


@pytest.mark.parametrize(
    ("converter", "written"),
    [
        (MsgspecConverter("msgpack"), {"binary": "BQ=="}),
        (Shouting(), {"text": "5!\n"}),
        (Spacious(), {"value": [5, "a\nb"]}),
    ],
)
async def test_what_a_converter_writes(path: Path, converter: ContentConverter, written: dict[str, object]) -> None:
    await record(flow_of(5), path, converter=converter).collect()
    _, value, _ = lines(path)
    assert {key: each for key, each in value.items() if key not in ("run", "t")} == written


def test_the_door(path: Path) -> None:
    with pytest.raises(TypeError, match=r"record takes a flow, not \[1\]"):
        record([1], path)  # type: ignore[arg-type]  # a caller without type checks
    with pytest.raises(TypeError, match="a recording is a file, by its path, not 3"):
        record(flow_of(1), 3)  # type: ignore[arg-type]  # as above
    assert repr(record(flow_of(1), "some.jsonl")) == "record(flow_of(1), 'some.jsonl')"
    assert not path.exists()


async def test_a_failure_that_no_file_can_hold(test_scope: TestScope, path: Path) -> None:
    """Half of a character, as in the errors of the operating system: the failure is raised as it is, and noted."""
    failure = ValueError("bad \ud800 text")

    @flow
    async def fails() -> AsyncIterator[int]:
        yield 1
        raise failure

    with pytest.raises(ValueError, match="bad") as caught:
        await record(fails(), path).collect()
    assert caught.value is failure
    assert lines(path)[-1]["message"] == "bad \\ud800 text"
    await record(flow_of(1), path).collect()  # the file was let go, and goes on
    assert lines(path)[-1]["end"] == "completed"

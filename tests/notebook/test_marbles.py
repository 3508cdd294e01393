"""`marbles`: what flows do, drawn from a real run."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from flowws import (
    Channel,
    Flow,
    MutableSharedFlow,
    MutableStateFlow,
    as_flow,
    await_cancellation,
    coroutine_scope,
    delay,
    empty_flow,
    flow,
    flow_of,
    interval,
    yield_now,
)
from flowws.notebook import Marbles, marbles
from flowws.testing import TestScope

ticks = interval(1)


def failing(n: int) -> int:
    if n == 2:
        raise ValueError("<no> & 2")
    return n


def test_flows_begin_together_and_stop_when_the_time_is_up() -> None:
    drawn = marbles({"ticks": ticks, "odd": ticks.filter(lambda n: n % 2)}, 3.5)
    assert repr(drawn) == "ticks  0 at 0  1 at 1  2 at 2  3 at 3\nodd    1 at 1  3 at 3"


def test_ends_and_failures_are_part_of_the_picture() -> None:
    drawn = marbles({"two": ticks.take(2), "none": empty_flow(), "fails": ticks.map(failing)})
    assert repr(drawn).splitlines() == [
        "two    0 at 0  1 at 1  | at 1",
        "none   | at 0",
        "fails  0 at 0  1 at 1  × ValueError('<no> & 2') at 2",  # noqa: RUF001 - the cross of the picture
    ]


def test_an_hour_takes_no_time_and_ten_seconds_are_the_default() -> None:
    assert repr(marbles({"hours": interval(3600)}, 7201)) == "hours  0 at 0  1 at 3600  2 at 7200"
    assert repr(marbles({"ticks": interval(4)})) == "ticks  0 at 0  1 at 4  2 at 8"


def test_a_flow_without_pauses_is_left_after_some_values() -> None:
    left: list[str] = []
    numbers = as_flow(range(10**9)).on_completion(lambda cause: left.append(type(cause).__name__))
    assert repr(marbles({"numbers": numbers}, most=3)) == "numbers  0 at 0  1 at 0  2 at 0  … at 0"
    assert left == ["CancellationError"]
    assert repr(marbles({"numbers": flow_of(1, 2, 3)}, most=3)) == "numbers  1 at 0  2 at 0  3 at 0  | at 0"


def test_a_flow_is_closed_before_the_picture_is_there() -> None:
    log: list[str] = []

    @flow
    async def source() -> AsyncIterator[int]:
        try:
            yield 1
            await await_cancellation()
        finally:
            log.append("closed")

    assert repr(marbles({"it": source()}, 1)) == "it  1 at 0"
    assert log == ["closed"]


async def test_where_a_loop_runs_it_is_a_plain_call_too() -> None:
    assert repr(marbles({"ticks": ticks.take(2)})) == "ticks  0 at 0  1 at 1  | at 1"


async def test_in_real_time_hot_flows_are_drawn_as_well(test_scope: TestScope) -> None:
    """On the loop that runs, whose time is virtual only for this test."""
    news = MutableSharedFlow[str](replay=1)

    async with coroutine_scope() as scope:

        @scope.launch
        async def emit() -> None:
            for each in "abc":
                await news.emit(each)
                await delay(1)

        await yield_now()
        drawn = await marbles({"news": news, "upper": news.map(str.upper)}, 2.5, time="real")
    assert repr(drawn) == "news   a at 0  b at 1  c at 2\nupper  A at 0  B at 1  C at 2"


async def test_in_real_time_what_no_eye_can_tell_apart_is_one_moment(test_scope: TestScope) -> None:
    drawn = await marbles(
        {"quick": interval(0.4).take(3), "late": flow_of(1).on_start(lambda: delay(8.01))}, time="real"
    )
    assert repr(drawn).splitlines() == ["quick  0 at 0  1 at 0.4  2 at 0.8  | at 0.8", "late   1 at 8  | at 8"]


@pytest.mark.parametrize(
    "make",
    [
        MutableSharedFlow[int],
        lambda: MutableStateFlow(1),
        lambda: MutableStateFlow(1).map(str).buffer(),
        lambda: Channel[int]().receive_as_flow(),
        lambda: flow_of(1).zip(MutableStateFlow(1).map(str)),
        lambda: MutableSharedFlow[int]().as_flow(),
    ],
)
def test_hot_flows_live_on_the_loop_that_runs(make: Any) -> None:
    with pytest.raises(ValueError, match=r"news is hot.*await marbles"):
        marbles({"cold": ticks, "news": make()})


@pytest.mark.parametrize(
    ("flows", "options", "error", "message"),
    [
        ({}, {}, TypeError, r"not \{\}"),
        ([ticks], {}, TypeError, "by their names"),
        ({"a": 7}, {}, TypeError, "draws flows, not 7"),
        ({"a": ticks}, {"time": "slow"}, ValueError, "not 'slow'"),
        ({"a": ticks}, {"duration": 0}, ValueError, "not 0"),
        ({"a": ticks}, {"duration": "long"}, TypeError, "'long'"),
        ({"a": ticks}, {"most": 0}, ValueError, "not 0"),
        ({"a": ticks}, {"most": True}, TypeError, "not True"),
    ],
)
def test_bad_arguments(flows: Any, options: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        marbles(flows, **options)


# ------------------------------------------------------------------------------------------------------- the picture

SVG = "{http://www.w3.org/2000/svg}"


def texts(drawn: Marbles) -> list[str]:
    return [each.text or "" for each in ET.fromstring(drawn.svg).iter(f"{SVG}text")]


def test_the_picture_is_a_file_of_its_own() -> None:
    drawn = marbles({"a <b>": ticks.map(failing), "b": flow_of("x", {"k": "<v>" * 20}, "\x00")}, 3)
    picture = ET.fromstring(drawn.svg)
    assert "prefers-color-scheme: dark" in drawn.svg
    assert texts(drawn)[:3] == ["a <b>", "0", "1"]
    assert [each.text for each in picture.iter(f"{SVG}title")][:2] == ["a <b>, b", "ValueError('<no> & 2')"]
    assert "�" in texts(drawn)


def test_a_long_value_is_cut_and_can_be_read_whole() -> None:
    drawn = marbles({"it": flow_of({"name": "somebody with a long name", "id": 7})})
    assert "{'name': 'somebody with a long …" in texts(drawn)
    assert "<title>{'name': 'somebody with a long name', 'id': 7}</title>" in drawn.svg


@pytest.mark.parametrize(
    ("period", "axis"),
    [
        (1, ["0", "1", "2", "3"]),
        (0.05, ["0", "0.05", "0.1", "0.15"]),
        (60, ["0", "50", "100", "150"]),
    ],
)
def test_the_axis_has_a_few_round_marks(period: float, axis: list[str]) -> None:
    drawn = marbles({"it": interval(period).take(4).map(lambda _: "x")}, 1000)
    assert [each for each in texts(drawn) if re.fullmatch(r"[\d.]+", each)] == axis


def test_in_a_page_it_takes_the_colours_of_the_notebook_and_leaves_everything_else_alone() -> None:
    html = marbles({"a <b>": flow_of("<i>")})._repr_html_()
    style = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert len(style) == 1
    selectors = [each.strip() for rule in re.findall(r"([^{}]+)\{", style[0]) for each in rule.split(",")]
    assert all(each.startswith(".flowws-marbles") for each in selectors)
    assert "var(--jp-" in style[0]
    assert "<i>" not in html
    assert "<b>" not in html


def test_the_operators_in_the_documentation_are_drawn_by_the_same_code() -> None:
    generator = (Path(__file__).parents[2] / "docs" / "generate.py").read_text(encoding="utf-8")
    assert "from flowws.notebook._marble_drawing import drawn" in generator


def test_it_is_typed() -> None:
    named: dict[str, Flow[int]] = {"ticks": ticks.take(1)}
    assert isinstance(marbles(named), Marbles)

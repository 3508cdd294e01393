"""What a feed looks like in a terminal and in a pipe."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from flowws.demo import JsonLines, PrettyLines
from flowws.feeds import FeedState, Gap, Position, Reconnected, Snapshot

ADA = {"id": 1, "name": "Ada", "city": "London"}
GRACE = {"id": 2, "name": "Grace", "city": ""}
AT = Position(5, 7)


def saved(name: str, city: str = "") -> dict[str, Any]:
    return {"type": "saved", "revision": 1, "person": {"id": 1, "name": name, "city": city}}


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    return re.sub(r"(?m)^\d\d:\d\d:\d\d", "hh:mm:ss", capsys.readouterr().out)


def pretty(capsys: pytest.CaptureFixture[str], news: Any) -> str:
    PrettyLines().show(news, AT)
    return shown(capsys)


def as_json(capfdbinary: pytest.CaptureFixture[bytes], news: Any, at: Position | None = AT) -> str:
    JsonLines().show(news, at)
    JsonLines().tell(FeedState.Open())
    return capfdbinary.readouterr().out.decode()


@pytest.mark.parametrize(
    ("news", "lines"),
    [
        (Snapshot(), ["hh:mm:ss  nothing yet"]),
        (Snapshot([ADA]), ["hh:mm:ss  1 person", "          · Ada, London"]),
        (Snapshot([ADA, GRACE]), ["hh:mm:ss  2 people", "          · Ada, London", "          · Grace"]),
        (Snapshot([1, {"a": [2]}]), ["hh:mm:ss  2 items", "          · 1", '          · {"a":[2]}']),
        (Snapshot([ADA, 7]), ["hh:mm:ss  2 items", "          · Ada, London", "          · 7"]),
        (saved("[bold]李冶[/]"), ["hh:mm:ss  + [bold]李冶[/]"]),
        ({"type": "deleted", "revision": 2, "person": ADA}, ["hh:mm:ss  - Ada, London"]),
        (Gap(1, "lag", AT), ["hh:mm:ss  1 update is missing: this side was too slow"]),
        (Gap(3, "trimmed", AT), ["hh:mm:ss  3 updates are missing: they are no longer kept"]),
        (Gap(None, "restart", AT), ["hh:mm:ss  updates are missing: the server has begun anew"]),
        (Reconnected(2, resumed=True), ["hh:mm:ss  connected again, nothing is missing"]),
        (Reconnected(1, resumed=False), ["hh:mm:ss  connected again"]),
    ],
)
def test_news_for_people(capsys: pytest.CaptureFixture[str], news: object, lines: list[str]) -> None:
    assert pretty(capsys, news) == "".join(f"{line}\n" for line in lines)


def test_a_long_line_is_not_broken(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    assert pretty(capsys, saved("A" * 80, "L" * 80)).count("\n") == 1


def test_what_could_steer_the_terminal_is_made_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    assert pretty(capsys, saved("\x1b]0;owned\x07Ada", "\x9b2J\r\n")) == "hh:mm:ss  + �]0;owned�Ada, �2J��\n"
    assert pretty(capsys, "tick \x1b[31m") == "hh:mm:ss  tick �[31m\n"


def test_that_a_connection_is_lost_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    lines = PrettyLines()
    for state in (
        FeedState.Connecting(),
        FeedState.Open(),
        FeedState.Backoff(1, 0.1, ConnectionResetError("\x1b[31mgone")),
        FeedState.Connecting(),
        FeedState.Backoff(2, 0.2, ConnectionRefusedError("no")),
        FeedState.Connecting(),
        FeedState.Open(),
    ):
        lines.tell(state)
    assert shown(capsys) == "hh:mm:ss  lost the connection: �[31mgone\n"


@pytest.mark.parametrize(
    ("news", "line"),
    [
        (saved("李冶"), {"update": saved("李冶"), "at": "5-7"}),
        ("\u2028\n", {"update": "\u2028\n", "at": "5-7"}),
        (None, {"update": None, "at": "5-7"}),
        (Snapshot([ADA]), {"snapshot": [ADA], "at": "5-7"}),
        (Gap(3, "lag", AT), {"gap": 3, "reason": "lag", "at": "5-7"}),
        (Reconnected(2, resumed=True), {"reconnected": 2, "resumed": True, "at": "5-7"}),
    ],
)
def test_news_for_programs(capfdbinary: pytest.CaptureFixture[bytes], news: Any, line: Any) -> None:
    printed = as_json(capfdbinary, news)
    assert json.loads(printed) == line
    assert printed.count("\n") == 1


def test_where_nothing_can_be_resumed_there_is_no_position(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert json.loads(as_json(capfdbinary, Reconnected(1, resumed=False), None)) == {"reconnected": 1, "resumed": False}

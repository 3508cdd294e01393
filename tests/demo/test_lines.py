"""What a feed looks like in a terminal and in a pipe."""

from __future__ import annotations

import json
import re

import pytest

from flowws.demo import Committed, ErrorMessage, JsonLines, PeopleFilter, Person, PrettyLines, Saved, Snapshot
from flowws.websocket import Frame, JsonConverter

converter = JsonConverter()


def pretty(capsys: pytest.CaptureFixture[str], frame: Frame) -> str:
    PrettyLines().show(frame)
    return re.sub(r"^\d\d:\d\d:\d\d", "hh:mm:ss", capsys.readouterr().out)


def as_json(capfdbinary: pytest.CaptureFixture[bytes], frame: Frame) -> str:
    JsonLines().show(frame)
    return capfdbinary.readouterr().out.decode()


@pytest.mark.parametrize(
    ("message", "lines"),
    [
        (Snapshot(PeopleFilter.ALL, 0, ()), ["hh:mm:ss  nobody yet, showing all"]),
        (
            Snapshot(PeopleFilter.SAVES, 3, (Person(1, "Ada", "London"),)),
            ["hh:mm:ss  1 person, showing saves", "          · Ada, London"],
        ),
        (
            Snapshot(PeopleFilter.SAVES, 3, (Person(1, "Ada", "London"), Person(2, "Grace", ""))),
            ["hh:mm:ss  2 people, showing saves", "          · Ada, London", "          · Grace"],
        ),
        (Saved(1, Person(1, "[bold]李冶[/]", "")), ["hh:mm:ss  + [bold]李冶[/]"]),
        (Committed(7), ["hh:mm:ss  committed as revision 7"]),
        (ErrorMessage("the name is missing"), ["hh:mm:ss  the name is missing"]),
    ],
)
def test_a_message_for_people(capsys: pytest.CaptureFixture[str], message: object, lines: list[str]) -> None:
    assert pretty(capsys, converter.serialize(message)) == "".join(f"{line}\n" for line in lines)


def test_a_long_line_is_not_broken(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    assert pretty(capsys, converter.serialize(Saved(1, Person(1, "A" * 80, "L" * 80)))).count("\n") == 1


def test_what_could_steer_the_terminal_is_made_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = Saved(1, Person(1, "\x1b]0;owned\x07Ada", "\x9b2J\r\n"))
    assert pretty(capsys, converter.serialize(hostile)) == "hh:mm:ss  + �]0;owned�Ada, �2J��\n"


@pytest.mark.parametrize("frame", [Frame.Text("tick \x1b[31m"), Frame.Binary(b"tick \x1b[31m")])
def test_another_kind_of_feed_is_shown_as_it_is(capsys: pytest.CaptureFixture[str], frame: Frame) -> None:
    assert pretty(capsys, frame) == "hh:mm:ss  tick �[31m\n"


@pytest.mark.parametrize(
    ("sent", "line"),
    [
        ('{"a": 1}', '{"a": 1}'),
        ('{"a":\r\n 12345678901234567890123}', '{"a":   12345678901234567890123}'),
        ('"\u2028 李冶"', '"\u2028 李冶"'),
        ("tick\n", json.dumps("tick\n")),
        ("", '""'),
    ],
)
def test_a_message_for_programs(capfdbinary: pytest.CaptureFixture[bytes], sent: str, line: str) -> None:
    assert as_json(capfdbinary, Frame.Text(sent)) == f"{line}\n"


@pytest.mark.parametrize("sent", ["[" * 100_000, b"\xff\xfe"])
def test_what_is_no_json_becomes_a_json_string(capfdbinary: pytest.CaptureFixture[bytes], sent: str | bytes) -> None:
    frame = Frame.Text(sent) if isinstance(sent, str) else Frame.Binary(sent)
    line = as_json(capfdbinary, frame)
    assert isinstance(json.loads(line), str)
    assert line.count("\n") == 1

"""How a feed looks in a terminal: one line for each thing that happens, for people or for programs."""

from __future__ import annotations

import io
import json
import sys
import time
import unicodedata
from typing import NoReturn

from rich.console import Console
from rich.text import Text

from flowws.websocket import DeserializeError, Frame, JsonConverter

from .messages import Committed, Deleted, ErrorMessage, Person, Saved, ServerMessage, Snapshot

_ONE_LINE = str.maketrans("\r\n", "  ")  # JSON has these between its tokens only, where a space is as good

_converter = JsonConverter()


class JsonLines:
    """Prints each message as one line of JSON, as it was sent; one that is no JSON becomes a JSON string."""

    def show(self, frame: Frame) -> None:
        """Prints a message and flushes, so that whoever reads the pipe has it at once."""
        sys.stdout.buffer.write(_as_json(_as_text(frame)).encode() + b"\n")  # UTF-8 is JSON's, whatever the terminal's
        sys.stdout.buffer.flush()


class PrettyLines:
    """Prints each message for people: the time, a sign and a name, in colour where the terminal has it."""

    def __init__(self) -> None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # A name that this terminal cannot show is no reason to fail.
            sys.stdout.reconfigure(errors="replace")  # pyright: ignore[reportUnknownMemberType]  # whatever it wraps
        self._console = _Console(highlight=False, soft_wrap=True)

    def show(self, frame: Frame) -> None:
        """Prints a message, in one line or, for a snapshot, one for each person."""
        try:
            assert isinstance(frame, Frame.Text | Frame.Binary)  # what `incoming` gives out
            message: ServerMessage = _converter.deserialize(frame, ServerMessage)
        except DeserializeError:  # not a people feed, or a newer one
            lines = [Text(_harmless(_as_text(frame)))]
        else:
            lines = _described(message)
        for number, line in enumerate(lines):
            when = time.strftime("%H:%M:%S") if number == 0 else " " * 8
            self._console.print(Text.assemble((when, "dim"), "  ", line))


class _Console(Console):
    def on_broken_pipe(self) -> NoReturn:
        """Leaves it to the command to say how it ends."""
        raise BrokenPipeError


def _described(message: ServerMessage) -> list[Text]:
    match message:
        case Snapshot(filter=wanted, people=people):
            count = f"{len(people) or 'nobody'} {'person' if len(people) == 1 else 'people' if people else 'yet'}"
            return [Text(f"{count}, showing {wanted}", "bold"), *(_entry("·", "dim", each) for each in people)]
        case Saved(person=person):
            return [_entry("+", "bold green", person)]
        case Deleted(person=person):
            return [_entry("-", "bold red", person)]
        case Committed(revision=revision):
            return [Text(f"committed as revision {revision}", "dim")]
        case ErrorMessage(message=problem):
            return [Text(_harmless(problem), "yellow")]


def _entry(sign: str, style: str, person: Person) -> Text:
    name, city = _harmless(person.name), _harmless(person.city)
    return Text.assemble((f"{sign} ", style), (name, "bold"), (f", {city}" if city else "", "dim"))


def _as_text(frame: Frame) -> str:
    return bytes(frame.data).decode(errors="backslashreplace")


def _as_json(text: str) -> str:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return json.dumps(text)
    return text.translate(_ONE_LINE)


def _harmless(text: str) -> str:
    """The text without what could steer the terminal that it is printed to."""
    return "".join("�" if unicodedata.category(sign) in {"Cc", "Cs"} else sign for sign in text)

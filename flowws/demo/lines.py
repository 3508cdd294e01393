"""How a feed looks in a terminal: one line for each thing that happens, for people or for programs."""

from __future__ import annotations

import io
import sys
import time
import unicodedata
from typing import Any, Final, NoReturn, cast

import orjson
from rich.console import Console
from rich.text import Text

from flowws.feeds import FeedState, Gap, Position, Reconnected, Snapshot
from flowws.websocket import DeserializeError, Frame, JsonConverter

from .messages import Deleted, Person, Saved

_converter: Final = JsonConverter()

_REASONS: Final = {
    "lag": "this side was too slow",
    "trimmed": "they are no longer kept",
    "restart": "the server has begun anew",
}


class JsonLines:
    """Prints each thing as one line of JSON, in words of the protocol: ``{"update": ..., "at": "1795245816711-42"}``,
    ``snapshot``, ``gap``; and ``reconnected``.
    """

    def show(self, news: Any, at: Position | None) -> None:
        """Prints it and flushes, so that whoever reads the pipe has it at once."""
        match news:
            case Snapshot():
                content: dict[str, Any] = {"snapshot": list(cast("Snapshot[Any]", news).items)}
            case Gap(missed=missed, reason=reason):
                content = {"gap": missed, "reason": reason}
            case Reconnected(attempts=attempts, resumed=resumed):
                content = {"reconnected": attempts, "resumed": resumed}
            case _:
                content = {"update": news}
        sys.stdout.buffer.write(orjson.dumps(content | ({} if at is None else {"at": str(at)})) + b"\n")
        sys.stdout.buffer.flush()

    def tell(self, state: FeedState) -> None:
        """Says nothing: there is ``reconnected``."""


class PrettyLines:
    """Prints each thing for people: the time, a sign and a name, in colour where the terminal has it."""

    def __init__(self) -> None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # A name that this terminal cannot show is no reason to fail.
            sys.stdout.reconfigure(errors="replace")  # pyright: ignore[reportUnknownMemberType]  # whatever it wraps
        self._console = _Console(highlight=False, soft_wrap=True)
        self._is_lost = False

    def show(self, news: Any, at: Position | None) -> None:
        """Prints it, in one line or, for a snapshot, one for each item."""
        self._print(*_described(news))

    def tell(self, state: FeedState) -> None:
        """Prints that the connection is lost, once."""
        was_lost, self._is_lost = self._is_lost, isinstance(state, FeedState.Backoff | FeedState.Connecting)
        if isinstance(state, FeedState.Backoff) and not was_lost:
            self._print(Text(f"lost the connection: {_harmless(str(state.cause))}", "yellow"))

    def _print(self, *lines: Text) -> None:
        for number, line in enumerate(lines):
            when = time.strftime("%H:%M:%S") if number == 0 else " " * 8
            self._console.print(Text.assemble((when, "dim"), "  ", line))


class _Console(Console):
    def on_broken_pipe(self) -> NoReturn:
        """Leaves it to the command to say how it ends."""
        raise BrokenPipeError


def _described(news: Any) -> list[Text]:
    match news:
        case Snapshot():
            items = cast("Snapshot[Any]", news).items
            people = [_read(each, Person) for each in items]
            one, many = ("item", "items") if None in people else ("person", "people")
            count = f"{len(items)} {one if len(items) == 1 else many}" if items else "nothing yet"
            return [Text(count, "bold"), *map(_item, items, people)]
        case Gap(missed=missed, reason=reason):
            count = "updates are" if missed is None else "1 update is" if missed == 1 else f"{missed} updates are"
            return [Text(f"{count} missing: {_REASONS[reason]}", "yellow")]
        case Reconnected(resumed=resumed):
            return [Text("connected again" + (", nothing is missing" if resumed else ""), "dim")]
        case _:
            return [_update(news)]


def _item(item: Any, person: Person | None) -> Text:
    return Text.assemble(("· ", "dim"), _plain(item)) if person is None else _entry("·", "dim", person)


def _update(value: Any) -> Text:
    match _read(value, Saved | Deleted):
        case Saved(person=person):
            return _entry("+", "bold green", person)
        case Deleted(person=person):
            return _entry("-", "bold red", person)
        case _:
            return _plain(value)


def _read(value: Any, kind: Any) -> Any:
    """The value as this type; None if it is none: not the feed of people, or a newer one."""
    try:
        return _converter.deserialize(Frame.Text(orjson.dumps(value)), kind)
    except DeserializeError:
        return None


def _entry(sign: str, style: str, person: Person) -> Text:
    name, city = _harmless(person.name), _harmless(person.city)
    return Text.assemble((f"{sign} ", style), (name, "bold"), (f", {city}" if city else "", "dim"))


def _plain(value: Any) -> Text:
    return Text(_harmless(value if isinstance(value, str) else orjson.dumps(value).decode()))


def _harmless(text: str) -> str:
    """The text without what could steer the terminal that it is printed to."""
    return "".join("�" if unicodedata.category(sign) in {"Cc", "Cs"} else sign for sign in text)

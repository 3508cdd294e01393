"""The file of a recording, read. On the loop, from the system's cache mostly, and not in a thread: virtual time does
not wait for threads.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias, cast, get_args

import orjson

from flowws._core import NoSuchElementError, yield_now
from flowws.feeds._errors import BadRecordingError

from ._tape import VERSION, Kind

Event: TypeAlias = dict[str, Any]

_BUFFER: Final = 64 * 1024
_MANY: Final = 500  # lines, after which others may run
_PLAYED_BY: Final[dict[Kind, str]] = {"flow": "replay", "session": "replay_session"}

_log: Final = logging.getLogger("flowws.feeds")


class Beginning(NamedTuple):
    """Where a run begins in its file, and what its first line says."""

    offset: int
    run: str
    kind: Kind
    name: str
    at: datetime


async def beginnings(path: Path) -> list[Beginning]:
    """The runs of a file, in the order in which they began. Raises `OSError` and `BadRecordingError`."""
    found: list[Beginning] = []
    with events(path, b'"recording":') as all_of_them:
        for number, (offset, event) in enumerate(all_of_them, 1):
            await breathe(number)
            if event is not None and "recording" in event:
                found.append(_beginning(path, offset, event))
    if not found:
        raise BadRecordingError(path, "it holds no run")
    return found


async def chosen(path: Path, kind: Kind, run: int | None) -> Beginning:
    """The run with this index; the last one of this kind without. Raises `NoSuchElementError` where it is not there, or
    is of the other kind.
    """
    runs = await beginnings(path)
    if run is None:
        fitting = [each for each in runs if each.kind == kind]
        if fitting:
            return fitting[-1]
        raise NoSuchElementError(f"{path} holds no run of a {kind}: {_PLAYED_BY[runs[-1].kind]} plays what is there")
    if not -len(runs) <= run < len(runs):
        raise NoSuchElementError(f"{path} holds {len(runs)} runs, none of which is number {run}")
    if runs[run].kind != kind:
        raise NoSuchElementError(f"run {run} of {path} is of a {runs[run].kind}: {_PLAYED_BY[runs[run].kind]} plays it")
    return runs[run]


async def breathe(number: int) -> None:
    """Let others run, after so many lines."""
    if number % _MANY == 0:
        await yield_now()


@contextmanager
def events(path: Path, only: bytes, offset: int = 0) -> Generator[Iterator[tuple[int, Event | None]]]:
    """What the lines say that have these bytes in them, with the place of each in the file. None stands for the
    others, and for one that is torn, since who wrote it was killed just then: the log tells of it.
    """
    with closing(_lines(path, offset)) as lines:
        yield ((place, _parsed(path, place, line) if only in line else None) for place, line in lines)


def _lines(path: Path, offset: int) -> Generator[tuple[int, bytes]]:
    with path.open("rb", buffering=_BUFFER) as file:
        file.seek(offset)
        for line in file:
            yield offset, line
            offset += len(line)


def _parsed(path: Path, place: int, line: bytes) -> Event | None:
    try:
        event = orjson.loads(line)
    except ValueError:
        _log.warning("%s: the line at byte %d is torn, and left out: %.60r", path, place, line)
        return None
    if isinstance(event, dict) and isinstance(cast("Event", event).get("run"), str):
        return cast("Event", event)
    raise BadRecordingError(path, f"the line at byte {place} is of no run: {line[:60]!r}")


def _beginning(path: Path, offset: int, event: Event) -> Beginning:
    if event["recording"] != VERSION:
        raise BadRecordingError(path, f"it is of version {event['recording']!r}, and this reads version {VERSION}")
    try:
        kind, name, at = event["of"], event["name"], datetime.fromisoformat(event["at"])
    except (KeyError, TypeError, ValueError):
        raise BadRecordingError(path, f"a run begins with {event!r:.100}") from None
    if kind not in get_args(Kind) or not isinstance(name, str):
        raise BadRecordingError(path, f"a run begins with {event!r:.100}")
    return Beginning(offset, event["run"], kind, name, at)


def time_of(path: Path, event: Event) -> float:
    """Seconds from the beginning of the run. Raises `BadRecordingError`."""
    seconds = event.get("t")
    if isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and seconds >= 0:
        return seconds
    raise BadRecordingError(path, f"a line without a time: {event!r:.100}")

"""`replay`: a recorded flow, once more."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, TypeVar, overload

import orjson

from flowws.feeds._errors import BadRecordingError, ReplayedError
from flowws.flows import Flow
from flowws.websocket import ContentConverter, Frame, JsonConverter

from ._playing import PlayedFlow, checked_run, checked_speed, played
from ._run_file import Event
from ._tape import checked_path

T = TypeVar("T")


@overload
def replay(
    path: str | Path,
    type: type[T],
    *,
    speed: float = 1.0,
    run: int | None = None,
    converter: ContentConverter | None = None,
) -> Flow[T]: ...
@overload
def replay(
    path: str | Path,
    type: Any = Any,
    *,
    speed: float = 1.0,
    run: int | None = None,
    converter: ContentConverter | None = None,
) -> Flow[Any]: ...
def replay(
    path: str | Path,
    type: Any = Any,
    *,
    speed: float = 1.0,
    run: int | None = None,
    converter: ContentConverter | None = None,
) -> Flow[Any]:
    """The values that `record` has written to the file at `path`, each as long after the beginning as it was then.

    It ends as the recorded run did: where that failed, with a `ReplayedError` that says how. One whose program was
    killed, or whose collector had enough, ends there; the former is told in the log. A collector who takes its time
    delays what is next, and then gets at once what is late.

    Args:
        path: of the file.
        type: what each value is read as; Any: as JSON has it.
        speed: 2.0 is twice as fast; `math.inf` does not wait at all.
        run: the index of a run, as in what `read_runs` gives; None: the last one of a flow.
        converter: the one that the values were written by; None: a `JsonConverter`.

    A collection fails with `OSError` where there is no such file, with `BadRecordingError` for one that is no
    recording, with `NoSuchElementError` where the run is not in it, and with `DeserializeError` for a value that does
    not fit. Raises `TypeError` and `ValueError` for a path, a speed or a run that is none.
    """
    reader = JsonConverter() if converter is None else converter
    where, pace, index = checked_path(path), checked_speed(speed), checked_run(run)
    return PlayedFlow(lambda: _values(where, type, pace, index, reader), f"replay({str(where)!r})")


async def _values(
    path: Path, kind: Any, speed: float, run: int | None, converter: ContentConverter
) -> AsyncIterator[Any]:
    async with aclosing(played(path, "flow", run, speed)) as events:
        async for event in events:
            if "end" not in event:
                yield converter.deserialize(_frame(path, event), kind)
            elif event["end"] == "failed":
                raise ReplayedError(str(event.get("error")), str(event.get("message")))


def _frame(path: Path, event: Event) -> Frame:
    """The message that a converter made of the value."""
    if "value" in event:
        return Frame.Text(orjson.dumps(event["value"]))
    if isinstance(text := event.get("text"), str):
        return Frame.Text(text)
    return Frame.Binary(decoded(path, event, event.get("binary")))


def decoded(path: Path, event: Event, content: object) -> bytes:
    """Bytes that stand in a recording. Raises `BadRecordingError`."""
    try:
        assert isinstance(content, str)
        return b64decode(content, validate=True)
    except (AssertionError, ValueError):
        raise BadRecordingError(path, f"a line says nothing that can be read: {event!r:.100}") from None

"""`record`: the values of a flow, written down while they pass."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Final, TypeVar

import orjson

from flowws._core import closing_itself
from flowws.flows import Flow, as_flow
from flowws.websocket import ContentConverter, Frame, JsonConverter

from ._tape import Tape, Track, base64, checked_path

T = TypeVar("T")

_NAME: Final = 200  # characters


def record(flow: AsyncIterable[T], path: str | Path, *, converter: ContentConverter | None = None) -> Flow[T]:
    """The same values; each is written to the file at `path` before it goes on, with the time since the beginning.

    Each collection adds a run to the file: its values, and how it ended. `replay` plays a run again. The file is JSON
    Lines, and whole after every value: a program that is killed leaves what it has seen.

    Args:
        flow: any flow. A hot one is subscribed to when the iteration begins, as ever.
        path: of a file, which is made if it is not there, in a folder that is.
        converter: how values are written; None: as JSON, by a `JsonConverter`.

    A collection fails with `OSError` where the file cannot be written, and with `SerializeError` for a value that
    cannot. Raises `TypeError` for what is no flow or no path.

    >>> from tempfile import TemporaryDirectory
    >>> from flowws.feeds import record, replay
    >>> async def main():
    ...     with TemporaryDirectory() as folder:
    ...         await record(flow_of("a", "b"), f"{folder}/letters.jsonl").collect()
    ...         return await replay(f"{folder}/letters.jsonl", str).to_list()
    >>> run(main)
    ['a', 'b']
    """
    if not isinstance(flow, AsyncIterable):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise TypeError(f"record takes a flow, not {flow!r}")
    tape = Tape(checked_path(path))
    return RecordedFlow(as_flow(flow), tape, JsonConverter() if converter is None else converter)


class RecordedFlow(Flow[T]):
    """What `record` returns."""

    __slots__ = ("_converter", "_source", "_tape")

    def __init__(self, source: Flow[T], tape: Tape, converter: ContentConverter) -> None:
        self._source = source
        self._tape = tape
        self._converter = converter

    def __aiter__(self) -> AsyncGenerator[T, None]:
        return closing_itself(self._written(aiter(self._source)))

    async def _written(self, values: AsyncGenerator[T, None]) -> AsyncIterator[T]:
        async with aclosing(values):
            track = self._tape.begin("flow", repr(self._source)[:_NAME])
            try:
                async for value in values:
                    _write(track, self._converter.serialize(value))
                    yield value
            except Exception as failure:
                track.end({"end": "failed", "error": type(failure).__name__, "message": str(failure)})
                raise
            except BaseException:  # nobody wants more: a `break`, a `take`, a cancellation
                track.end({"end": "left"})
                raise
            track.end({"end": "completed"})

    def __repr__(self) -> str:
        return f"record({self._source!r}, {str(self._tape.path)!r})"


def _write(track: Track, frame: Frame) -> None:
    if not isinstance(frame, Frame.Text):
        track.note(b"binary", base64(frame.data))
        return
    data = frame.data
    if not _is_json(data):
        track.note(b"text", orjson.dumps(data.decode()))
    elif b"\n" in data:
        track.note(b"value", b" ".join(data.splitlines()))  # in JSON, a line ends between two tokens only
    else:
        track.note(b"value", data)


def _is_json(data: bytes) -> bool:
    """Whether it can stand in a line as it is: a converter may have a notation of its own."""
    try:
        orjson.loads(data)
    except ValueError:
        return False
    return True

"""`record_sessions`: the messages of sessions, written down while they pass."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

import orjson

from flowws._core import Deferred, Job
from flowws.websocket import CloseReason, Frame, LocalExtension, WebSocketExtension

from ._tape import Tape, Track, base64, checked_path

_log: Final = logging.getLogger("flowws.feeds")


def record_sessions(path: str | Path) -> LocalExtension:
    """What writes the messages of all sessions to the file at `path`, in both directions, with their times; and why
    each session closed.

    It is a local extension: no handler and no peer need know of it. Put it first, and it sees messages as handlers do::

        app = WebSocketServer(WebSockets(extensions=[record_sessions("traffic.jsonl"), PerMessageDeflate()]))

    A client's are recorded in the same way, and one file may take several servers and clients. Each session is a run of
    its own: `read_runs` tells which are there, `replay_session` plays one again. Raw sessions have no extensions, and
    are not recorded; a session that is recorded cannot send a message in pieces.

    Where the file cannot be written, that is logged, and the session goes on without. Raises `TypeError` for what is no
    path.
    """
    tape = Tape(checked_path(path))

    def recorder() -> Recorder:
        return Recorder(tape)

    return LocalExtension(recorder)


class Recorder(WebSocketExtension):
    """Writes down what passes in one session, and changes nothing."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._track: Track | None = None

    def opened(self, name: str, close_reason: Deferred[CloseReason], connection: Job) -> None:
        """The session begins."""

        def begin() -> None:
            self._track = self._tape.begin("session", name)

        def closed(_: BaseException | None) -> None:
            reason = close_reason.get_completed()
            self._try(lambda track: track.note(b"close", _facts(reason)))

        def over(_: BaseException | None) -> None:
            self._try(lambda track: track.end({"end": "completed"}))

        self._unless_it_fails(begin)
        close_reason.invoke_on_completion(closed)
        connection.invoke_on_completion(over)  # what was queued when the session closed leaves behind that

    def transform_in(self, frame: Frame) -> Frame:
        """A message of theirs."""
        self._try(lambda track: _write(track, b"in", frame))
        return frame

    def transform_out(self, frame: Frame) -> Frame:
        """A message of ours."""
        self._try(lambda track: _write(track, b"out", frame))
        return frame

    def _try(self, write: Callable[[Track], object]) -> None:
        track = self._track
        if track is not None:
            self._unless_it_fails(lambda: write(track))

    def _unless_it_fails(self, write: Callable[[], object]) -> None:
        """A session does not end because nobody can write down what it says."""
        try:
            write()
        except OSError:
            _log.exception("%s cannot be written: a session goes on without being recorded", self._tape.path)
            if self._track is not None:
                self._track.drop()
                self._track = None


def _write(track: Track, way: bytes, frame: Frame) -> None:
    if isinstance(frame, Frame.Text):
        text = frame.payload
        if isinstance(text, bytes):  # no UTF-8 ends the session soon: that it came is what counts here
            text = text.decode(errors="replace")
        track.note(way, orjson.dumps(text))
    else:
        track.note(way, b'{"binary":%b}' % base64(frame.data))


def _facts(reason: CloseReason) -> bytes:
    return orjson.dumps({"code": reason.code, "message": reason.message, "by": reason.by})

"""Searches, guided by coverage, for bytes that some reader of the wire does not bear. No part of the test suite.

::

    pip install atheris
    PYTHONPATH=. python tests/websocket/fuzz/atheris_run.py -max_total_time=600

What follows is libFuzzer's: a folder keeps what was found (`corpus/`), a file is tried once more (`crash-...`). The
first byte says which reader the others are for; each reads them whole and in pieces, with one outcome, and raises what
it says it raises, nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import atheris  # type: ignore[import-untyped]  # installed by who runs this

with atheris.instrument_imports(include=["flowws", "websockets"]):
    from flowws.websocket import (
        CloseReason,
        FrameTooBigError,
        PerMessageDeflate,
        ProtocolViolationError,
        WebSocketServer,
    )
    from flowws.websocket.engines import FrameReader, Opening, RefusedError, Request, Response, ViolationError
    from flowws.websocket.engines._client_handshake import ClientHandshake
    from flowws.websocket.engines._head_reader import HeadReader
    from flowws.websocket.engines._picows_parser import Parser
    from flowws.websocket.extensions import _negotiation as negotiation
    from flowws.websocket.extensions._deflation import Inflater
    from flowws.websocket.server._handshake import Handshake
    from flowws.websocket.server._route import Match, RouteTable
    from flowws.websocket.session._assembler import Assembler

LIMIT: Final = 1000
RSV1: Final = 4


def in_pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def alike(read: Callable[[list[bytes]], Any], data: bytes) -> Any:
    """One outcome, however the bytes are cut."""
    whole = read([data])
    for size in (1, 7):
        assert read(in_pieces(data, size)) == whole, f"cut by {size}"
    return whole


# Frames


def frames_of(pieces: list[bytes], *, masked: bool) -> tuple[list[Any], int | None]:
    """What sansio reads, and the code with which it fails."""
    reader, read = FrameReader(masked=masked, max_size=LIMIT), []
    try:
        for piece in pieces:
            reader.feed(piece)
            while (frame := reader.next_frame()) is not None:
                read.append((int(frame.opcode), bytes(frame.data), frame.fin, frame.rsv))
    except ViolationError as violation:
        return read, violation.code
    return read, None


class Heard:
    """What picows reads."""

    def __init__(self) -> None:
        self.frames: list[Any] = []
        self.code: int | None = None

    def text_received(self, text: str) -> None:
        self.frames.append((1, text.encode(), True, 0))

    def frame_arrived(self, kind: int, frame: Any) -> None:
        rsv = (4 if frame.rsv1 else 0) | (2 if frame.rsv2 else 0) | (1 if frame.rsv3 else 0)
        self.frames.append((kind, frame.get_payload_as_bytes(), bool(frame.fin), rsv))

    def parser_failed(self, code: int, message: str) -> None:
        self.code = self.code or code

    def abort(self) -> None:
        raise AssertionError("taking a frame went wrong")


def heard(pieces: list[bytes], *, masked: bool) -> tuple[list[Any], int | None]:
    ears: Any = Heard()
    parser = Parser(LIMIT, is_client=not masked)
    parser.reader = ears
    for piece in pieces:
        if ears.code is None:
            parser.feed(piece)
    return ears.frames, ears.code


def frames(data: bytes) -> None:
    for masked in (True, False):
        ours, _ = alike(partial(frames_of, masked=masked), data)
        theirs, _ = alike(partial(heard, masked=masked), data)
        # Either may see a violation a frame earlier than the other: picows looks into Close frames.
        both = min(len(ours), len(theirs))
        assert ours[:both] == theirs[:both]
        assert abs(len(ours) - len(theirs)) <= 1 or any(frame[0] == 8 for frame in ours)


# Messages


def messages(data: bytes) -> None:
    read, _ = frames_of([data], masked=False)
    assembler, inflater = Assembler(LIMIT, RSV1), Inflater(15, takeover=True)
    for opcode, payload, fin, rsv in read:
        try:
            if opcode == 8:
                CloseReason.from_payload(payload)
            elif opcode < 8 and (message := assembler.add(opcode, payload, fin, rsv)) is not None:
                size = len(inflater.inflate(message.data, LIMIT) if message.bits & RSV1 else message.data)
                assert size <= LIMIT
        except (ProtocolViolationError, FrameTooBigError):
            return


def deflated(data: bytes) -> None:
    inflater = Inflater(9, takeover=False)
    try:
        assert len(inflater.inflate(data, LIMIT)) <= LIMIT
    except (ProtocolViolationError, FrameTooBigError):
        pass


# Handshakes


async def nothing(session: object) -> None:
    pass


def _handshake() -> Handshake:
    app = WebSocketServer()
    app.websocket("/{name}/{number:int}")(nothing)
    return Handshake(RouteTable(app.routes), app._pages, app._origins)


EXAMINES: Final = _handshake()
OPENING: Any = Opening("ws://example.org/", (), lambda _: None, nothing, None, None, LIMIT)  # type: ignore[arg-type]  # it never opens


def requests(data: bytes) -> None:
    def read(pieces: list[bytes]) -> object:
        reader = HeadReader(LIMIT)
        for piece in pieces:
            head = reader.feed(piece)
            if isinstance(head, Response):
                return head.status
            if head is not None:
                answer = EXAMINES.examine(Request(head.path, head.headers, head.method))
                assert isinstance(answer, Response | Match)
                return head.path
        return None

    whole = read([data])
    if not isinstance(whole, int):  # of two faults either may be seen first
        assert alike(read, data) == whole


def answers(data: bytes) -> None:
    for pieces in ([data], in_pieces(data, 1)):
        handshake = ClientHandshake(OPENING)
        try:
            for piece in pieces:
                if handshake.feed(piece) is not None:
                    break
            else:
                handshake.feed_eof()
        except (RefusedError, ConnectionResetError):
            pass


def extensions(data: bytes) -> None:
    line = data.decode("latin-1")
    for read in (negotiation.accept, negotiation.agreed):
        try:
            read([PerMessageDeflate()], [line])
        except ValueError:
            pass


READERS: Final = (frames, frames, messages, deflated, requests, answers, extensions)


def main() -> None:
    logging.disable()
    with asyncio.Runner() as runner:

        async def read(data: bytes) -> None:  # picows wants a loop that runs
            READERS[data[0] % len(READERS)](data[1:])

        atheris.Setup(sys.argv, lambda data: runner.run(read(data)) if data else None)
        atheris.Fuzz()


if __name__ == "__main__":
    main()

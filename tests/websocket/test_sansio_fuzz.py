"""Any bytes at all: whole and byte by byte they give the same frames, or the same close code, and nothing else."""

from __future__ import annotations

from typing import Any

import anyio
from hypothesis import example, given
from hypothesis import strategies as st

from flowws.websocket.engines._frame_reader import frame_bytes
from flowws.websocket.engines._sansio_connection import SansioConnection

LIMIT = 1000


class Wireless:
    """A carrier that keeps what is written."""

    def __init__(self) -> None:
        self.written = b""
        self.is_closed = False

    def belongs_to(self, owner: object) -> None: ...
    def read(self, on: bool) -> None: ...
    def abort(self) -> None: ...

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self, *, hang_up: bool = True) -> None:
        self.is_closed = True


class Notes:
    def __init__(self) -> None:
        self.frames: list[Any] = []
        self.failures: list[tuple[int, str]] = []

    def text_received(self, text: str) -> None:
        self.frames.append(text)

    def frame_received(self, opcode: int, payload: bytes, fin: bool, rsv: int) -> None:
        self.frames.append((opcode, payload, fin, rsv))

    def failed(self, code: int, message: str) -> None:
        self.failures.append((code, message))


Outcome = tuple[list[Any], list[tuple[int, str]], bool]


def outcome(data: bytes, *, is_client: bool, at_a_time: int) -> Outcome:
    return anyio.run(_outcome, data, is_client, at_a_time)


async def _outcome(data: bytes, is_client: bool, at_a_time: int) -> Outcome:
    wire, notes = Wireless(), Notes()
    carrier: Any = wire
    connection = SansioConnection(
        carrier, is_client=is_client, max_frame_size=LIMIT, client_address=None, is_secure=False
    )
    endpoint: Any = notes
    connection.begin(lambda _: endpoint, rest=b"")
    for start in range(0, len(data), at_a_time):
        connection.received(data[start : start + at_a_time])
    assert len(notes.failures) <= 1
    assert bool(notes.failures) == wire.is_closed == bool(wire.written)
    assert not notes.failures or all(frame[0] != 8 for frame in notes.frames if not isinstance(frame, str))
    for frame in notes.frames:
        assert len(frame if isinstance(frame, str) else frame[1]) <= LIMIT
    return notes.frames, notes.failures, wire.is_closed


opcodes = st.sampled_from([0, 1, 2, 8, 9, 10])
frames = st.builds(
    lambda opcode, payload, fin, rsv, masked: frame_bytes(opcode, payload, fin=fin, rsv=rsv, masked=masked),
    st.one_of(opcodes, st.integers(0, 15)),
    st.binary(max_size=300),
    st.booleans(),
    st.integers(0, 7),
    st.sampled_from([True, True, True, False]),
)
streams = st.lists(st.one_of(frames, frames, st.binary(max_size=20))).map(b"".join)


@given(streams, st.booleans(), st.integers(1, 40))
@example(b"\x81\xfe\x00\x05abcd12345", False, 1)
@example(b"\x82\xff" + b"\xff" * 8, False, 3)
def test_however_it_is_cut_the_outcome_is_the_same(data: bytes, is_client: bool, at_a_time: int) -> None:
    whole = outcome(data, is_client=is_client, at_a_time=max(1, len(data)))
    assert outcome(data, is_client=is_client, at_a_time=at_a_time) == whole
    assert all(code in (1002, 1009) for code, _ in whole[1])


@given(st.lists(st.tuples(opcodes, st.binary(max_size=LIMIT), st.booleans(), st.integers(0, 7)), max_size=10))
def test_frames_come_through_as_they_were(sent: list[tuple[int, bytes, bool, int]]) -> None:
    right = [(o, p[:125] if o >= 8 else p, fin or o >= 8, rsv) for o, p, fin, rsv in sent]
    data = b"".join(frame_bytes(o, p, fin=fin, rsv=rsv, masked=True) for o, p, fin, rsv in right)
    came, failures, _ = outcome(data, is_client=False, at_a_time=7)
    assert failures == []
    assert [(1, frame.encode(), True, 0) if isinstance(frame, str) else frame for frame in came] == right

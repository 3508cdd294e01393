"""What a peer may send, right and wrong: strategies of bytes that look like frames.

``FLOWWS_STORIES=10000`` tells as many stories as that of each kind.
"""

from __future__ import annotations

import os
from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from flowws.websocket.engines import frame_bytes

TOLD: Final = settings(
    max_examples=int(os.environ.get("FLOWWS_STORIES", "40")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],  # of sockets
    derandomize="FLOWWS_STORIES" not in os.environ,
)

OPCODES = st.sampled_from([0, 1, 1, 2, 2, 8, 9, 10, 3, 11])
TEXTS = st.sampled_from([b"", b"a", "gr\u00fc\u00dfe".encode(), b"\xc3", b"\xbc", b"\xed\xa0\x80", b"x" * 126])
CODES = st.sampled_from([b"", b"\x03", b"\x03\xe8", b"\x03\xe8bye", b"\x03\xed", b"\x00\x01", b"\x0f\xa0\xff"])
PAYLOADS = TEXTS | CODES | st.binary(max_size=130) | st.sampled_from([b"y" * 125, b"y" * 300, b"y" * 1001])


@st.composite
def frames(draw: st.DrawFn, *, masked: bool) -> bytes:
    """A frame, mostly as it should be."""
    return frame_bytes(
        draw(OPCODES),
        draw(PAYLOADS),
        fin=draw(st.sampled_from([True, True, True, False])),
        rsv=draw(st.sampled_from([0] * 12 + [1, 2, 4])),
        masked=masked is not draw(st.sampled_from([False] * 15 + [True])),
    )


@st.composite
def spoilt(draw: st.DrawFn, story: st.SearchStrategy[bytes]) -> bytes:
    """A story with something wrong in it: bits flipped, bytes lost, said twice, or the end missing."""
    data = bytearray(draw(story))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        some = draw(st.integers(1, 4))
        change = draw(st.sampled_from(["flip", "lose", "again", "end"]))
        if change == "flip" and at < len(data):
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif change == "lose":
            del data[at : at + some]
        elif change == "again":
            data[at:at] = data[at : at + some]
        elif change == "end":
            del data[at:]
    return bytes(data)


def stories(*, masked: bool) -> st.SearchStrategy[bytes]:
    """What somebody sends who knows the protocol, more or less; or nothing at all of it."""
    told = st.lists(frames(masked=masked), max_size=6).map(b"".join)
    return told | spoilt(told) | st.tuples(told, st.binary(max_size=20)).map(b"".join) | st.binary(max_size=60)


def cuts(data: bytes) -> st.SearchStrategy[list[bytes]]:
    """Those bytes, cut somehow."""
    places = st.lists(st.integers(0, len(data)), max_size=8).map(sorted)
    return places.map(lambda at: [data[a:b] for a, b in zip([0, *at], [*at, len(data)], strict=True) if a < b])

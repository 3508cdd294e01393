"""`Room`: large messages that come in one piece each are read here, past the buffers of picows."""

from __future__ import annotations

import threading
from struct import Struct
from typing import Final

from . import LARGE
from ._masked_writer import apply_mask

_SIZE: Final = 256 * 1024  # bytes; what a transport of aiofastnet reads in one turn of the loop
_HEAD: Final = 14  # bytes at most
_TURNOVER: Final = 4 << 20  # bytes of a hundred messages' worth, about

LARGEST: Final = _SIZE - _HEAD
"""Bytes of a message for which there is room."""

_WHOLE: Final = (0x81, 0x82)  # the first byte of a whole text, or binary message, without reserved bits
_LENGTH_16: Final = Struct("!H").unpack_from
_LENGTH_64: Final = Struct("!Q").unpack_from


class Room:
    """Where one read goes: `room_here` is for all connections of a thread, as what was read is taken out at once.

    A hundred connections with a buffer each have theirs anywhere in memory. This one stays close to the processor, and
    from here to the message its bytes are copied and unmasked in one go: benchmarks/bench_session.py, `large`.
    """

    __slots__ = ("_keeps_pages", "_view", "bytes")

    def __init__(self) -> None:
        self.bytes = bytearray(_SIZE)
        """Where to read to."""
        self._view = memoryview(self.bytes)
        self._keeps_pages = False

    def message(self, nbytes: int, limit: int, *, is_masked: bool) -> tuple[int, bytes] | None:
        """Opcode and payload, if what was read is one large message in one frame, from its first byte to its last.

        Of anything else picows is to judge: see `read`.
        """
        view = self._view
        kind = view[1] - (0x80 if is_masked else 0)
        if kind == 127:
            (size,), start, shortest = _LENGTH_64(view, 2), 10, 1 << 16
        elif kind == 126:
            (size,), start, shortest = _LENGTH_16(view, 2), 4, LARGE
        else:
            return None
        start += 4 if is_masked else 0
        if view[0] not in _WHOLE or start + size != nbytes or not shortest <= size <= limit:
            return None
        if not self._keeps_pages:
            self._keep_pages()
        payload = view[start:nbytes]
        return view[0] & 0xF, apply_mask(payload, bytes(view[start - 4 : start])) if is_masked else bytes(payload)

    def _keep_pages(self) -> None:
        """Large messages come and go, and the allocator of glibc would give their pages back to the system and ask for
        new ones all the time: a twentieth of all the work. Once a larger block was freed, it keeps up to twice that
        much instead: mallopt(3), M_MMAP_THRESHOLD. The pages of this block are never touched.
        """
        self._keeps_pages = True
        bytes(_TURNOVER)

    def read(self, nbytes: int) -> bytes:
        """What was read."""
        return bytes(self._view[:nbytes])


_rooms: Final = threading.local()


def room_here() -> Room:
    """The room of this thread."""
    room: Room | None = getattr(_rooms, "room", None)
    if room is None:
        room = _rooms.room = Room()
    return room

"""`MaskedWriter`: writes the frames of a client, in the place of picows' own writer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from secrets import token_bytes
from struct import Struct
from typing import Final

from ._frame_reader import frame_bytes

try:
    from websockets.speedups import apply_mask as apply_mask
except ImportError:  # pragma: no cover - where there was no compiler
    from websockets.utils import apply_mask as apply_mask

_KEYS_AT_ONCE: Final = 64  # the operating system is asked for so many: benchmarks/bench_session.py
_SHORT: Final = Struct("!BB4s").pack  # the head of a masked frame of less than 126 bytes (RFC 6455, section 5.2)
_CLOSE: Final = 0x8


class MaskedWriter:
    """Writes frames, each masked with a key of its own that nobody can guess (RFC 6455, section 5.3).

    picows would take the keys from the C library's ``rand``, whose sequence is the same in every process.
    """

    __slots__ = ("_is_done", "_keys", "_write")

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._keys = _random_keys()
        self._is_done = False  # our Close frame has been written

    def send(
        self,
        opcode: int,
        message: str | bytes,
        fin: bool = True,
        rsv1: bool = False,
        rsv2: bool = False,
        rsv3: bool = False,
    ) -> None:
        """Write one frame, nothing after `send_close`. The signature is picows'."""
        if self._is_done:
            return
        payload = message.encode() if isinstance(message, str) else message
        size = len(payload)
        if size < 126 and fin and not (rsv1 or rsv2 or rsv3):
            # Most frames of most clients, in a third of the time: benchmarks/bench_session.py.
            key = next(self._keys)
            self._write(_SHORT(0x80 | opcode, 0x80 | size, key) + apply_mask(payload, key))
        else:
            rsv = (4 if rsv1 else 0) | (2 if rsv2 else 0) | (1 if rsv3 else 0)
            self._write(frame_bytes(opcode, payload, fin=fin, rsv=rsv, masked=True))

    def send_close(self, code: int, message: str) -> None:
        """Write the Close frame, the last one."""
        self.send(_CLOSE, code.to_bytes(2, "big") + message.encode())
        self._is_done = True


def _random_keys() -> Iterator[bytes]:
    while True:
        keys = token_bytes(4 * _KEYS_AT_ONCE)
        for start in range(0, len(keys), 4):
            yield keys[start : start + 4]

"""What a channel's `capacity` means."""

from __future__ import annotations

from sys import maxsize
from typing import Final

from ._buffer_overflow import BufferOverflow

RENDEZVOUS: Final = 0
CONFLATED: Final = -1
BUFFERED: Final = -2
UNLIMITED: Final = maxsize


def resolve(capacity: int, overflow: BufferOverflow) -> tuple[int, BufferOverflow]:
    """The buffer's real size and policy."""
    if isinstance(capacity, bool) or not isinstance(capacity, int):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped code
        raise TypeError(f"capacity must be a number of elements, not {capacity!r}")
    if not isinstance(overflow, BufferOverflow):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped code
        raise TypeError(f"on_buffer_overflow must be a BufferOverflow, not {overflow!r}")
    dropping = overflow is not BufferOverflow.SUSPEND
    if capacity < BUFFERED:
        raise ValueError(f"capacity must be 0 or more, or one of Channel's constants, not {capacity!r}")
    if capacity == CONFLATED:
        if dropping:
            raise ValueError(f"CONFLATED has a policy of its own and cannot be combined with {overflow!r}")
        return 1, BufferOverflow.DROP_OLDEST
    if capacity == UNLIMITED:
        return UNLIMITED, BufferOverflow.SUSPEND
    if capacity == BUFFERED:
        return (1, overflow) if dropping else (64, overflow)
    return (1, overflow) if dropping and capacity == 0 else (capacity, overflow)

"""`NOBODY`: who is told once the connection is over."""

from __future__ import annotations

from typing import Any, Final


class _Nobody:
    """Stands where a link was, or a session, and takes note of nothing."""

    def _hear(self, *_: object) -> None: ...

    frame_received = incoming_overflowed = outgoing_overflowed = close = _hear  # of a link
    _closed = _gone = _hear  # of a session


NOBODY: Final[Any] = _Nobody()

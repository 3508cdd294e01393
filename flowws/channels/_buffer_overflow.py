"""`BufferOverflow`: what gives way when a buffer is full."""

from __future__ import annotations

from enum import Enum


class BufferOverflow(Enum):
    """What to sacrifice when a buffer is full. Kotlin: `BufferOverflow`."""

    SUSPEND = "suspend"
    """The sender's time: it waits for room."""
    DROP_OLDEST = "drop_oldest"
    """The oldest value in the buffer. The sender never waits."""
    DROP_LATEST = "drop_latest"
    """The value that is being sent. The sender never waits and is told that all went well."""

    def __repr__(self) -> str:
        return f"BufferOverflow.{self.name}"

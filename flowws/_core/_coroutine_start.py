"""`CoroutineStart`: when the body of a job begins."""

from __future__ import annotations

from enum import Enum


class CoroutineStart(Enum):
    """When the body of a job begins. Kotlin: `CoroutineStart`."""

    DEFAULT = "default"
    """Soon: at the launcher's next suspension. A job cancelled before that never runs its body."""
    LAZY = "lazy"
    """When somebody starts, joins or awaits the job. A lazy job that nobody starts keeps its scope waiting."""
    ATOMIC = "atomic"
    """Soon, and even if the job is cancelled before that: the body then meets the cancellation at its first wait."""
    UNDISPATCHED = "undispatched"
    """At once: on asyncio the body runs inside the call of `launch` up to its first wait. On trio: as DEFAULT."""

    def __repr__(self) -> str:
        return f"CoroutineStart.{self.name}"

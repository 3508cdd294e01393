"""Durations and waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, TypeAlias

from ._backend import checkpoint

if TYPE_CHECKING:
    from datetime import timedelta

Duration: TypeAlias = "float | timedelta"
"""Float seconds, or a `timedelta`."""


def to_seconds(duration: Duration, name: str) -> float:
    """`duration` in seconds. `TypeError` or `ValueError`, naming the argument and quoting the value, if it is none."""
    if isinstance(duration, (int, float)) and not isinstance(duration, bool):
        if duration != duration:
            raise ValueError(f"{name} must be a number of seconds, not {duration!r}")
        return float(duration)
    from datetime import timedelta  # a tenth of what `import flowws` may cost

    if not isinstance(duration, timedelta):
        raise TypeError(f"{name} must be seconds or a timedelta, not {duration!r}")
    return duration.total_seconds()


async def delay(duration: Duration) -> None:
    """Wait. A duration of zero or less returns at once; infinity waits for cancellation.

    Kotlin: `delay`.
    """
    import anyio

    seconds = to_seconds(duration, "duration")
    if seconds > 0:
        await anyio.sleep(seconds)


async def yield_now() -> None:
    """Let other tasks run; notices cancellation even when no other task is ready. Kotlin: `yield`."""
    await checkpoint()


async def await_cancellation() -> NoReturn:
    """Wait until this task is cancelled. Kotlin: `awaitCancellation`."""
    import anyio

    while True:
        await anyio.sleep_forever()

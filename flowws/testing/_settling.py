"""`settle_now`: everything that can run has run."""

from __future__ import annotations

from flowws._core import checkpoint

from ._loops import room_of_running_loop

_TURNS = 50  # of a loop on real time, which does not tell when nothing can run any more


async def settle_now() -> None:
    """Run everything that is due now. On virtual time that is exact; on real time, so many turns of the loop."""
    clock = room_of_running_loop().clock_of_running_loop()
    if clock is not None:
        await clock.run_until(clock.now)
        return
    for _ in range(_TURNS):
        await checkpoint()

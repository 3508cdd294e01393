"""A stream, step by step: readings of a thermometer become an alarm that is raised, and lifted, once.

python examples/pipeline.py
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio

from flowws import delay, flow


@flow
async def readings() -> AsyncIterator[float | None]:
    """What the thermometer says, every now and then; None is a reading that failed."""
    for celsius in (19.5, 21.0, None, 24.5, 25.5, 26.0, 26.5, None, 24.0, 21.5, 20.0):
        await delay(0.05)
        yield celsius


async def main() -> None:
    """Prints each change of the alarm."""
    alarms = (
        readings()
        .map_not_none(lambda celsius: celsius)  # the failed ones are left out
        .map(lambda celsius: "too warm" if celsius > 25 else "fine")
        .distinct_until_changed()
        .on_completion(lambda cause: print("the thermometer has stopped"))
    )
    await alarms.collect(print)


if __name__ == "__main__":
    anyio.run(main)

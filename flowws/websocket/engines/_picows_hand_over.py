"""`hand_over_now`: the shortest way from a socket to a handler on asyncio (benchmarks/bench_echo.py)."""

from __future__ import annotations

from asyncio import Future
from typing import Any

from . import Waiting


def hand_over_now(waiting: Waiting, value: object) -> None:
    """The task goes on inside this call, up to where it waits next.

    Only for a callback of the loop, so that no other task is running, and as the last thing that it does.
    """
    if type(waiting) is Future:
        future: Any = waiting
        callbacks = future._callbacks  # None where there are none; nothing else tells them
        if callbacks is not None and len(callbacks) == 1:
            ((go_on, context),) = callbacks
            future.remove_done_callback(go_on)
            future.set_result(value)
            context.run(go_on, future)
            return
    waiting.set_result(value)

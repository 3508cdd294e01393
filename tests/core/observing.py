"""What tests of jobs and channels look through: turns of the loop, and what the loop's own handler was told."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flowws import Job, yield_now


async def turns(count: int = 12) -> None:
    """Let every other task run until it parks: a few turns are many for the short chains of a test."""
    for _ in range(count):
        await yield_now()


def cancel_natively(job: Job) -> None:
    """`asyncio.Task.cancel` on the task of a job, which must have a name of its own; trio has only `Job.cancel`.

    Unlike a job's, a native cancellation reaches a task that has just been handed what it waited for.
    """
    if _runs_trio():
        job.cancel()
        return
    import asyncio

    [task] = [task for task in asyncio.all_tasks() if task.get_name() == job.name]
    task.cancel()


class _Collector(logging.Handler):
    def __init__(self, into: list[BaseException]) -> None:
        super().__init__()
        self._into = into

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and record.getMessage().find("a later failure") < 0:
            self._into.append(error)


@contextmanager
def reported() -> Iterator[list[BaseException]]:
    """The errors that the loop's handler is told of, on whichever loop runs. Must be entered on that loop."""
    errors: list[BaseException] = []
    if _runs_trio():
        handler = _Collector(errors)
        logger = logging.getLogger("flowws")
        logger.addHandler(handler)
        try:
            yield errors
        finally:
            logger.removeHandler(handler)
        return
    import asyncio

    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()

    def told(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        errors.append(context["exception"])

    loop.set_exception_handler(told)
    try:
        yield errors
    finally:
        loop.set_exception_handler(before)


def _runs_trio() -> bool:
    lowlevel = sys.modules.get("trio.lowlevel")
    return lowlevel is not None and bool(lowlevel.in_trio_task())

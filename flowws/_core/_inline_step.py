"""asyncio: a task whose first step is taken inside the call that makes it.

`asyncio.Task` can do this itself from Python 3.12 on (``eager_start=True``), but not in 3.11, nor is it the same there
with every loop. Here one way serves all: the task is made as always, and while it waits for its turn its coroutine is
run up to where it first parks, with that task as the current one. When the turn comes, the task is told what its
coroutine waits for.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop, Future, Task, current_task
from asyncio.tasks import _enter_task, _leave_task  # documented for tasks that are not run by asyncio itself
from collections.abc import Coroutine, Generator
from contextvars import copy_context
from typing import Any


def create_task_inline(loop: AbstractEventLoop, body: Coroutine[Any, Any, None], name: str) -> Task[None]:
    """A task for `body`, which has come as far as its first wait when this returns."""
    begun = _Begun(body)
    context = copy_context()
    task = loop.create_task(begun, name=name, context=context)
    if begun.is_begun:  # by an eager task factory of the loop
        return task
    launcher = current_task(loop)
    if launcher is not None:
        _leave_task(loop, launcher)
    _enter_task(loop, task)
    try:
        context.run(begun.step)
    finally:
        _leave_task(loop, task)
        if launcher is not None:
            _enter_task(loop, launcher)
    return task


class _Begun(Coroutine[Any, Any, None]):
    """A coroutine whose first step is behind it, as its task sees it, for whom that step is still to come."""

    def __init__(self, body: Coroutine[Any, Any, None]) -> None:
        self.is_begun = False
        self._body = body
        self._parked_on: Future[Any] | None = None
        self._ended: BaseException | None = None

    def step(self) -> None:
        self.is_begun = True
        try:
            self._parked_on = self._body.send(None)
        except BaseException as end:  # noqa: BLE001  # StopIteration or a failure: the task hears of it in its turn
            self._ended = end

    def send(self, value: Any) -> Any:
        self.is_begun = True
        if self._ended is not None:
            raise self._end()
        if self._parked_on is not None:
            return self._park()
        return self._body.send(value)

    def throw(self, *error: Any) -> Any:
        """The task was cancelled: as for any other task, what it waits for is cancelled first."""
        if self._ended is not None:
            raise self._end()
        if self._parked_on is not None:
            parked_on = self._park()
            if parked_on.cancel(*error[0].args):
                return parked_on
        return self._body.throw(*error)

    def close(self) -> None:
        self._body.close()

    def __await__(self) -> Generator[Any, Any, None]:
        return self._body.__await__()

    def __getattr__(self, name: str) -> Any:
        """Where it stands (`cr_frame` and its like), for anyio, debuggers and task lists."""
        return getattr(self._body, name)

    def _park(self) -> Future[Any]:
        parked_on, self._parked_on = self._parked_on, None
        assert parked_on is not None  # asked by both callers
        # How a future's `await` tells a task that it was awaited, not merely yielded. The first time went unseen.
        parked_on._asyncio_future_blocking = True
        return parked_on

    def _end(self) -> BaseException:
        end, self._ended = self._ended, None
        assert end is not None  # asked by both callers
        return end

"""An event loop without the loop: tasks are coroutines, and whoever holds the scheduler says which of them steps next.

It stands in for the backends of `flowws._core`, so that channels run on it unchanged. Nothing happens by itself: a task
moves when it is stepped, to its next wait. Two manners of cancelling are known, since they differ where it matters:

    asyncio   a task that has been handed a value is still cancelled, as long as it has not resumed
    trio      it is not: it takes the value, and is interrupted at its next wait, and at every one from then on

On both, a parked task is cancelled at once: nothing can be handed to it any more, although it has yet to resume.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import Any, Final, Literal

import pytest

from flowws._core import _backend

Manners = Literal["asyncio", "trio"]
_CHECKPOINT: Final = object()


class Interrupted(BaseException):
    """This loop's own cancellation: what `asyncio.CancelledError` and `trio.Cancelled` are elsewhere."""


class Task:
    """One coroutine, and where it stands: fresh, runnable, parked at a waiter, or over."""

    def __init__(self, body: Coroutine[Any, Any, None]) -> None:
        self.body = body
        self.waiter: DrivenWaiter | None = None
        self.breathes = False  # it stands at a checkpoint
        self.doomed = False  # it was cancelled, and has yet to be told
        self.over = False
        self.failure: BaseException | None = None


class DrivenWaiter:
    """A future in miniature. To resolve it twice is an error, as on the real loops."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._state: Literal["pending", "done", "failed", "cancelled"] = "pending"
        self._content: Any = None
        self.task: Task | None = None

    def __await__(self) -> Generator[Any, Any, Any]:
        if self._state == "pending":
            yield self
        return self.result()

    def set_result(self, result: Any) -> None:
        self._resolve("done", result)

    def set_exception(self, exception: BaseException) -> None:
        self._resolve("failed", exception)

    def cancel(self) -> None:
        self._resolve("cancelled", None)

    def _resolve(self, state: Literal["done", "failed", "cancelled"], content: Any) -> None:
        assert self._state == "pending", f"a waiter that is {self._state} is to be {state}"
        self._state, self._content = state, content
        if self.task is not None:
            self._scheduler.runnable.append(self.task)

    def result(self) -> Any:
        assert self._state != "pending", "the waiter has no result yet"
        if self._state == "cancelled":
            raise Interrupted
        if self._state == "failed":
            raise self._content
        return self._content

    def done(self) -> bool:
        return self._state != "pending"

    def cancelled(self) -> bool:
        return self._state == "cancelled"


class _Checkpoint:
    def __await__(self) -> Generator[Any, Any, None]:
        yield _CHECKPOINT


class Scheduler:
    """Steps tasks one by one. `runnable` has the order in which they became so: a real loop would take the first."""

    def __init__(self, manners: Manners = "asyncio") -> None:
        self.manners: Final = manners
        self.interruption: Final = Interrupted
        self.tasks: list[Task] = []
        self.runnable: list[Task] = []
        self.reported: list[BaseException] = []

    def start(self, body: Coroutine[Any, Any, None]) -> Task:
        task = Task(body)
        self.tasks.append(task)
        self.runnable.append(task)
        return task

    def step(self, task: Task) -> None:
        """Run `task` up to its next wait, or to its end."""
        self.runnable.remove(task)
        interrupted = self._interrupts(task)
        task.waiter, task.breathes = None, False
        try:
            awaited = task.body.throw(Interrupted()) if interrupted else task.body.send(None)
        except (StopIteration, Interrupted):
            task.over = True
        except BaseException as failure:  # noqa: BLE001  # the test that steps looks at it
            task.over, task.failure = True, failure
        else:
            self._park(task, awaited)

    def _interrupts(self, task: Task) -> bool:
        """Whether the step that `task` takes now tells it of its cancellation."""
        if task.waiter is not None and task.waiter.cancelled():
            return True
        if self.manners == "trio":
            return task.doomed and task.breathes
        doomed, task.doomed = task.doomed, False
        return doomed

    def _park(self, task: Task, awaited: object) -> None:
        if awaited is _CHECKPOINT:
            task.breathes = True
            self.runnable.append(task)
            return
        assert isinstance(awaited, DrivenWaiter), f"{awaited!r} belongs to another loop"
        assert awaited.task is None, "two tasks await one waiter"
        task.waiter, awaited.task = awaited, task
        if task.doomed:
            awaited.cancel()

    def cancel(self, task: Task) -> None:
        if task.waiter is None or task.waiter.done():
            task.doomed = True
            return
        task.doomed = self.manners == "trio"  # there it holds for good
        task.waiter.cancel()

    # What flowws asks of a backend and of its loop

    @contextmanager
    def stands_in(self) -> Generator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_backend, "_backend", lambda: self)
            try:
                yield
            finally:
                for task in self.tasks:
                    task.body.close()

    def current_loop(self) -> Scheduler:
        return self

    def new_waiter(self) -> DrivenWaiter:
        return DrivenWaiter(self)

    def lasting_waiter_maker(self) -> Callable[[], DrivenWaiter]:
        return self.new_waiter

    def checkpoint(self) -> _Checkpoint:
        return _Checkpoint()

    def report(self, _: str, error: BaseException) -> None:
        self.reported.append(error)

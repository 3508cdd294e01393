"""`Ending`: the end of a run of trio, and who outlives the jobs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVarTuple, Unpack

from trio import Cancelled, CancelScope
from trio.abc import Instrument
from trio.lowlevel import Task, add_instrument, current_task

Ts = TypeVarTuple("Ts")


class Ending(Instrument):
    """The end of a run of trio, for the tasks that jobs are served by: timers, and the watch of sockets.

    ::

        the main task is over:  trio cancels all system tasks at once --> jobs, which clean up, maybe shielded
                                                                      --> timers and watches, which go on, and are
                                                                          cancelled again as soon as nobody else is left

    On asyncio neither is a task, and both go on by themselves until the loop is closed.
    """

    __slots__ = ("_others", "_serving")

    def __init__(self) -> None:
        self._serving: dict[Task, CancelScope] = {}
        self._others: set[Task] = set()  # for whom they are there; of those that came since, some may be missing

    async def outlive(self, scope: CancelScope, wait: Callable[[Unpack[Ts]], Awaitable[None]], *args: *Ts) -> None:
        """``await wait(*args)``, in a task that serves jobs, within its `scope`. At the end of the run it goes on, and
        all but the scope's own cancellation is kept away from it until the last job is over.
        """
        try:
            await wait(*args)
        except Cancelled:
            if scope.cancel_called:
                raise
            self._keep(scope)
            await wait(*args)

    def _keep(self, scope: CancelScope) -> None:
        if not self._serving:
            add_instrument(self)
        scope.shield = True
        task = current_task()
        self._serving[task] = scope
        self._count_off(task)

    def task_exited(self, task: Task) -> None:
        """Trio's `Instrument.task_exited`."""
        self._serving.pop(task, None)
        self._count_off(task)

    def _count_off(self, task: Task) -> None:
        self._others.discard(task)
        if not self._others and self._serving:
            nursery = next(iter(self._serving)).parent_nursery
            assert nursery is not None  # trio's own, of all system tasks
            self._others = set(nursery.child_tasks - self._serving.keys())
            if not self._others:
                for scope in list(self._serving.values()):
                    scope.cancel()

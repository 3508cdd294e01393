"""`Semaphore`: so many tasks at a time."""

from __future__ import annotations

from ._backend import BUDGET, checkpoint
from ._errors import IllegalStateError
from ._waiting_line import WaitingLine


class Semaphore:
    """A number of permits: ``async with semaphore:`` takes one for a block. First come, first served.

    ::

        acquire ---> a permit is free: taken at once
          |
          +--------> waiting line ---> release hands the permit straight to the first

        somebody waits  =>  no permit is free

    Belongs to one event loop.

    Args:
        permits: how many there are.
        acquired_permits: how many of these are taken to begin with. Anybody may release them.

    >>> async def main():
    ...     limit, at_work, most = Semaphore(2), set(), []
    ...     async def work(name: str) -> None:
    ...         async with limit:
    ...             at_work.add(name)
    ...             await yield_now()
    ...             most.append(len(at_work))
    ...             at_work.remove(name)
    ...     async with coroutine_scope() as scope:
    ...         for name in "abcde":
    ...             scope.launch(work, name)
    ...     return max(most)
    >>> run(main)
    2

    Kotlin: `Semaphore`.
    """

    __slots__ = ("__weakref__", "_available", "_line", "_permits", "_streak")

    def __init__(self, permits: int, acquired_permits: int = 0) -> None:
        _check_count(permits, "permits", least=1)
        _check_count(acquired_permits, "acquired_permits", least=0)
        if acquired_permits > permits:
            raise ValueError(f"acquired_permits must be {permits} at most, not {acquired_permits!r}")
        self._permits = permits
        self._available = permits - acquired_permits
        self._line = WaitingLine()
        self._streak = 0  # how many times in a row a permit was free

    @property
    def available_permits(self) -> int:
        """How many are free. Kotlin: `availablePermits`."""
        return self._available

    async def acquire(self) -> None:
        """Take a permit; wait for one.

        A waiter that is cancelled leaves the line; one that had been handed a permit passes it on.

        Kotlin: `Semaphore.acquire`.
        """
        if self._streak >= BUDGET:
            self._streak = 0
            await checkpoint()
        if self.try_acquire():
            self._streak += 1
        else:
            self._streak = 0
            await self._line.wait(None, self._pass_on)

    def try_acquire(self) -> bool:
        """Take a permit if one is free. Kotlin: `tryAcquire`."""
        if self._available == 0:
            return False
        self._available -= 1
        return True

    def release(self) -> None:
        """Hand a permit to the first in line, or leave it free. Raises `IllegalStateError` when all of them are.

        Kotlin: `Semaphore.release`.
        """
        if self._available == self._permits:
            raise IllegalStateError(f"none of the {self._permits} permits is taken: there is nothing to release")
        self._pass_on()

    def _pass_on(self) -> None:
        first = self._line.call()
        if first is None:
            self._available += 1
        else:
            first[0].set_result(None)

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(self, *_: object) -> None:
        self.release()

    def __repr__(self) -> str:
        return f"<Semaphore {self._available} of {self._permits} free, {len(self._line)} waiting>"


def _check_count(count: object, name: str, *, least: int) -> None:
    if isinstance(count, bool) or not isinstance(count, int):
        raise TypeError(f"{name} must be a whole number, not {count!r}")
    if count < least:
        raise ValueError(f"{name} must be {least} or more, not {count!r}")

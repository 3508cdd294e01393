"""`Mutex`: one task at a time."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, overload

from ._backend import BUDGET, checkpoint
from ._errors import IllegalStateError
from ._select_clause import NOT_YET, Place, SelectClause
from ._waiting_line import WaitingLine

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Mutex:
    """A lock for tasks: ``async with mutex:``. First come, first served, and not re-entrant.

    ::

        lock ---> free: locked at once
          |
          +-----> waiting line ---> unlock hands the lock straight to the first

        somebody waits  =>  it is locked

    An owner is any object that stands for the holder. With one, locking twice and unlocking what another holds are
    errors instead of a deadlock and a muddle. Belongs to one event loop.

    >>> async def main():
    ...     mutex, balance = Mutex(), [10]
    ...     async def withdraw() -> None:
    ...         async with mutex:
    ...             before = balance[0]
    ...             await yield_now()
    ...             balance[0] = before - 1
    ...     async with coroutine_scope() as scope:
    ...         for _ in range(3):
    ...             scope.launch(withdraw)
    ...     return balance
    >>> run(main)
    [7]

    Kotlin: `Mutex`.
    """

    __slots__ = ("__weakref__", "_line", "_locked", "_owner", "_streak")

    def __init__(self, locked: bool = False) -> None:
        self._locked = locked
        self._owner: object = None
        self._line = WaitingLine()  # the purpose is the owner-to-be
        self._streak = 0  # how many times in a row it was free

    @property
    def is_locked(self) -> bool:
        """Whether somebody has it. Kotlin: `isLocked`."""
        return self._locked

    def holds_lock(self, owner: object) -> bool:
        """Whether it was locked with this very `owner`. Kotlin: `holdsLock`."""
        return owner is not None and owner is self._owner

    async def lock(self, owner: object = None) -> None:
        """Lock it; wait while somebody else has it.

        A waiter that is cancelled leaves the line; one that had been handed the lock passes it on. Raises
        `IllegalStateError` where `owner` has the lock already.

        Kotlin: `Mutex.lock`.
        """
        if self._streak >= BUDGET:
            self._streak = 0
            await checkpoint()
        if self.try_lock(owner):
            self._streak += 1
        else:
            self._streak = 0
            await self._line.wait(owner, self._pass_on)

    def try_lock(self, owner: object = None) -> bool:
        """Lock it if it is free. Raises `IllegalStateError` where `owner` has the lock already. Kotlin: `tryLock`."""
        if self.holds_lock(owner):
            raise IllegalStateError(f"the mutex is locked by {owner!r} already, and it is not re-entrant")
        if self._locked:
            return False
        self._locked = True
        self._owner = owner
        return True

    def unlock(self, owner: object = None) -> None:
        """Hand it to the first in line, or leave it free.

        Raises `IllegalStateError` if it is not locked, or locked by another `owner`; without an owner it always works.

        Kotlin: `Mutex.unlock`.
        """
        if not self._locked:
            raise IllegalStateError("the mutex is not locked")
        if owner is not None and owner is not self._owner:
            raise IllegalStateError(f"the mutex is locked by {self._owner!r}, not by {owner!r}")
        self._pass_on()

    def _pass_on(self) -> None:
        first = self._line.call()
        if first is None:
            self._locked = False
            self._owner = None
        else:
            waiter, self._owner = first
            waiter.set_result(None)

    async def __aenter__(self) -> None:
        await self.lock()

    async def __aexit__(self, *_: object) -> None:
        self.unlock()

    @overload
    def on_lock(self, handler: None = None, *, owner: object = None) -> SelectClause[Mutex]: ...
    @overload
    def on_lock(
        self, handler: Callable[[Mutex], Coroutine[Any, Any, R]], *, owner: object = None
    ) -> SelectClause[R]: ...
    @overload
    def on_lock(self, handler: Callable[[Mutex], R], *, owner: object = None) -> SelectClause[R]: ...
    def on_lock(self, handler: Callable[[Any], Any] | None = None, *, owner: object = None) -> SelectClause[Any]:
        """A clause for `select`: lock it, then call ``handler(mutex)``, which has to see that it is unlocked.

        Kotlin: `onLock`.
        """
        return LockClause(self, handler, owner)

    def __repr__(self) -> str:
        if not self._locked:
            return "<Mutex free>"
        by = "" if self._owner is None else f" by {self._owner!r}"
        return f"<Mutex locked{by}, {len(self._line)} waiting>"


class LockClause(SelectClause[R_co]):
    """`mutex.on_lock(handler)`."""

    __slots__ = ("_owner",)
    subject: Mutex

    def __init__(self, mutex: Mutex, handler: Callable[[Any], Any] | None, owner: object) -> None:
        super().__init__(mutex, handler, mutex)
        self._owner = owner

    def poll(self) -> Any:
        return self.subject if self.subject.try_lock(self._owner) else NOT_YET

    def park(self, place: Place) -> None:
        place.ticket = self.subject._line.stand(place, self._owner)

    def leave(self, place: Place) -> None:
        place.ticket()

    def conclude(self, value: object) -> Mutex:
        return self.subject

    def give_back(self, value: object) -> None:
        self.subject._pass_on()

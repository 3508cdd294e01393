"""`select`: wait for the first of several events."""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutine
from typing import Any, Final, TypeVar, overload

from flowws._core import (
    BUDGET,
    NOT_YET,
    IllegalStateError,
    Place,
    SelectClause,
    Waiter,
    Won,
    checkpoint,
)

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
R = TypeVar("R")

_NEVER: Final = float("inf")


@overload
async def select(clause: SelectClause[A], /) -> A: ...
@overload
async def select(first: SelectClause[A], second: SelectClause[B], /) -> A | B: ...
@overload
async def select(first: SelectClause[A], second: SelectClause[B], third: SelectClause[C], /) -> A | B | C: ...
@overload
async def select(
    first: SelectClause[A], second: SelectClause[B], third: SelectClause[C], fourth: SelectClause[D], /
) -> A | B | C | D: ...
@overload
async def select(*clauses: SelectClause[R]) -> R: ...
async def select(*clauses: SelectClause[Any]) -> Any:
    """The first of several events: what the handler of the winning clause returns.

    Exactly one clause wins. If some are ready, the first of these in the order in which they are listed; else the first
    to become ready. The others leave no trace: nothing is received, sent or locked by them. The handler runs after
    that, in this task, and may be sync or async. A clause without a handler gives what its handler would have got.

    Cancellation: an element that had been handed over goes to the next receiver, a lock to the next in line. The
    element of an `on_send` that had to wait and did not win goes to ``on_undelivered_element``.

    Raises what the winning clause raises: a closed channel, a failed deferred. `IllegalStateError` when two clauses are
    about the same object.

    >>> async def main():
    ...     words, numbers = Channel[str](1), Channel[int](1)
    ...     await numbers.send(20)
    ...     return await select(words.on_receive(str.upper), numbers.on_receive(lambda n: n + 1))
    >>> run(main)
    21

    Kotlin: `select`.
    """
    if _checked(clauses):
        await checkpoint()
    for clause in clauses:
        value = clause.poll()
        if value is not NOT_YET:
            clause.counter._streak += 1
            break
    else:
        # Park in all queues at once. In here, not in a coroutine of its own: benchmarks/bench_select.py.
        waiter = clauses[0].new_waiter()
        places: list[Place] = []
        winner: SelectClause[Any] | None = None
        seconds, timeout = _NEVER, None
        try:
            for clause in clauses:
                place = Place(waiter, clause)
                limit = clause.park(place)
                places.append(place)
                if limit is not None and limit < seconds:
                    seconds, timeout = limit, clause
            winner, value, error = await (waiter if timeout is None else _await_until(waiter, seconds, timeout))
            if error is not None:
                raise error
            clause = winner
            clause.counter._streak = 0
        except BaseException:
            if winner is None and waiter.done() and not waiter.cancelled():
                winner, value, error = waiter.result()  # handed over, then cancelled: asyncio only
                if error is None:
                    winner.give_back(value)
            raise
        finally:
            for place in places:
                if place.clause is not winner:
                    place.clause.leave(place)
        value = clause.conclude(value)
    if clause.handler is None:
        return value
    result = clause.handler(value)
    return await result if iscoroutine(result) else result


@overload
async def select_unbiased(clause: SelectClause[A], /) -> A: ...
@overload
async def select_unbiased(first: SelectClause[A], second: SelectClause[B], /) -> A | B: ...
@overload
async def select_unbiased(first: SelectClause[A], second: SelectClause[B], third: SelectClause[C], /) -> A | B | C: ...
@overload
async def select_unbiased(
    first: SelectClause[A], second: SelectClause[B], third: SelectClause[C], fourth: SelectClause[D], /
) -> A | B | C | D: ...
@overload
async def select_unbiased(*clauses: SelectClause[R]) -> R: ...
async def select_unbiased(*clauses: SelectClause[Any]) -> Any:
    """`select` without a preference: among clauses that are ready, chance decides. Kotlin: `selectUnbiased`."""
    from random import sample  # a tenth of what `import flowws` may cost

    return await select(*sample(clauses, len(clauses)))


async def while_select(*clause_factories: Callable[[], SelectClause[bool]]) -> None:
    """`select` again and again, until a handler returns False.

    Each round calls the factories anew, so that a clause may depend on what came before.

    >>> async def main():
    ...     numbers, got = Channel[int](3), []
    ...     for n in (1, 2, 3):
    ...         await numbers.send(n)
    ...     await while_select(lambda: numbers.on_receive(lambda n: got.append(n) or n < 2))
    ...     return got
    >>> run(main)
    [1, 2]

    Kotlin: `whileSelect`.
    """
    for factory in clause_factories:
        if not callable(factory):
            raise TypeError(f"while_select needs functions that make clauses, not {factory!r}")
    while await select(*(factory() for factory in clause_factories)):
        pass


def _checked(clauses: tuple[SelectClause[Any], ...]) -> bool:
    """Whether it is time for a checkpoint. Raises where these clauses cannot be selected from."""
    tired = False
    try:
        if len(clauses) == 2:
            twice = clauses[0].subject is clauses[1].subject
        else:
            twice = len({id(clause.subject) for clause in clauses}) < len(clauses)
        for clause in clauses:
            if clause.counter._streak >= BUDGET:
                clause.counter._streak = 0
                tired = True
    except AttributeError:
        raise TypeError(f"select needs clauses, such as channel.on_receive(handler), not {clauses!r}") from None
    if not clauses:
        raise ValueError("select needs at least one clause: without any it would wait forever")
    if twice:
        raise IllegalStateError(f"two clauses of a select are about the same object: {clauses!r}")
    return tired


async def _await_until(waiter: Waiter[Won], seconds: float, timeout: SelectClause[Any]) -> Won:
    """Who won in time; after `seconds`, `timeout`, which needs no task and no timer: it is the deadline of the wait."""
    import anyio

    with anyio.CancelScope(deadline=anyio.current_time() + seconds):
        return await waiter
    if waiter.done() and not waiter.cancelled():  # handed over in the last moment: the element counts
        return waiter.result()
    return timeout, None, None

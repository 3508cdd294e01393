"""`SelectClause`: one of the events that a `select` waits for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final, Generic, TypeAlias, TypeVar

from ._backend import Waiter, new_waiter

R_co = TypeVar("R_co", covariant=True)

NOT_YET: Final[Any] = object()
"""What a clause gives while its event has not come."""


class SelectClause(ABC, Generic[R_co]):
    """One event that a `select` waits for, and what to do when it comes: ``channel.on_receive(handler)`` and its kin.

    A clause is a description. Making one does nothing, and it may be used again.

    ::

        poll ---> ready: what the handler gets
          |
          +-----> NOT_YET ---> park, in the queue of the subject ---> won: conclude(value)
                                                           |             or give_back(value), if cancelled meanwhile
                                                           +--------> lost: leave the queue

    Everything in here but the handler is on the way of each `select`: benchmarks/bench_select.py.

    Kotlin: `SelectClause0`, `SelectClause1`, `SelectClause2`.
    """

    __slots__ = ("counter", "handler", "subject")
    counter: Any
    """Whose ``_streak`` counts how many operations in a row did not have to wait: the channel, the mutex; the others
    have one together.
    """
    subject: Any
    """The channel, job or lock that this is about. A select may ask each of them only one thing."""
    handler: Callable[[Any], Any] | None
    """Called with what `conclude` gives. None: that is the result of the select itself."""

    def __init__(self, subject: object, handler: Callable[[Any], Any] | None, counter: object = None) -> None:
        if handler is not None:
            check_handler(handler)
        self.subject = subject
        self.handler = handler
        self.counter = _others if counter is None else counter

    def new_waiter(self) -> Waiter[Won]:
        """For a select whose first clause this is."""
        return new_waiter()

    @abstractmethod
    def poll(self) -> Any:
        """Take what is there, and give what the handler gets for it; `NOT_YET` while that is nothing. May raise."""

    @abstractmethod
    def park(self, place: Place) -> float | None:
        """Put `place` where a waiting task would stand. A time-out gives the seconds after which it wins by itself."""

    @abstractmethod
    def leave(self, place: Place) -> None:
        """Another clause has won: take `place` away again."""

    def conclude(self, value: Any) -> Any:
        """What the handler gets for the `value` that was handed over. May raise instead."""
        return value

    def give_back(self, value: Any) -> None:  # most have nothing to give back
        """Undo a hand-over: the select was cancelled before it resumed."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.subject!r}>"


class _Others:
    """Counts for all clauses without a counter of their own."""

    __slots__ = ("_streak",)

    def __init__(self) -> None:
        self._streak = 0


_others: Final = _Others()


class SignalClause(SelectClause[R_co]):
    """A clause whose event has no value: its handler takes no argument. Kotlin: `SelectClause0`."""

    __slots__ = ()

    def __init__(self, subject: object, handler: Callable[[], Any] | None) -> None:
        if handler is None:
            super().__init__(subject, None)
        else:
            check_handler(handler)
            super().__init__(subject, lambda _: handler())

    def conclude(self, value: object) -> None:
        """Nothing; may raise."""


Won: TypeAlias = "tuple[SelectClause[Any], Any, BaseException | None]"
"""The winner of a select, and the value that was handed to it, or what it has to raise."""


class Place:
    """The place of a clause in a queue, where the waiter of a task would stand.

    All clauses of a select share one waiter. Whoever resolves a place resolves that waiter, and all other places of the
    select are `done` from then on.
    """

    __slots__ = ("_waiter", "clause", "ticket")
    clause: SelectClause[Any]
    ticket: Any
    """What the clause needs in order to take the place away."""

    def __init__(self, waiter: Waiter[Won], clause: SelectClause[Any]) -> None:
        self._waiter = waiter
        self.clause = clause

    def set_result(self, result: Any, /) -> None:
        """This clause wins, with `result`."""
        self._waiter.set_result((self.clause, result, None))

    def set_exception(self, exception: BaseException, /) -> None:
        """This clause wins, and `exception` is what comes of it."""
        self._waiter.set_result((self.clause, None, exception))

    def done(self) -> bool:
        """Whether some clause of the select has won, or the select was cancelled."""
        return self._waiter.done()

    def cancelled(self) -> bool:
        """Whether the select was cancelled while it waited."""
        return self._waiter.cancelled()


def check_handler(handler: object) -> None:
    """`TypeError` for what is no function."""
    if not callable(handler):
        raise TypeError(f"a handler must be a function, sync or async, not {handler!r}")

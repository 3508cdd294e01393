"""`Lag`: what becomes of a subscriber of a hot flow that does not keep up."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from inspect import iscoroutinefunction
from typing import Any, ClassVar

from ._arguments import require_callable, require_count
from ._mailbox import Mailbox, NewestMailbox, NewestOfEachMailbox, OldestMailbox, PatientMailbox


class Lag:
    """What `SharedFlow.subscribe` does for a subscriber that does not keep up.

    With all but `SUSPEND` nobody waits for it: it has a queue of its own, and `Subscription.lost` counts what did not
    get through.
    """

    __slots__ = ("_key", "_mailbox", "_shown")

    SUSPEND: ClassVar[Lag]
    """Emitters wait for it when it lags by the whole buffer, as for every ordinary subscriber. It loses nothing."""
    DROP_OLDEST: ClassVar[Lag]
    """Its queue is as long as the buffer of the shared flow, at least 1; the oldest value gives way."""
    DROP_LATEST: ClassVar[Lag]
    """Its queue is as long as the buffer of the shared flow, at least 1; a new value that finds no room gives way."""
    CONFLATE: ClassVar[Lag]
    """It gets the newest value."""

    def __init__(
        self,
        shown: str,
        mailbox: Callable[[int], Mailbox[Any]] | None,
        key: Callable[[Any], Hashable] | None = None,
    ) -> None:
        self._shown = shown
        self._mailbox = mailbox
        self._key = key

    @staticmethod
    def conflate_by(key: Callable[[Any], Hashable]) -> Lag:
        """It gets the newest value of every ``key(value)``, in the order in which the keys began to wait.

        `key` must be a plain and quick function: it is called by whoever emits. Its failure is the subscriber's.
        """
        require_callable(key, "key")
        if iscoroutinefunction(key):
            raise TypeError(f"key must not be async, because emitting does not wait for it; got {key!r}")
        shown = getattr(key, "__name__", None) or repr(key)
        return Lag(f"conflate_by({shown})", lambda _: NewestOfEachMailbox(key), key)

    @staticmethod
    def DISCONNECT(after: int) -> Lag:  # noqa: N802  # it reads like its siblings
        """It gets everything or is out: when `after` values wait for it, its iteration raises `LaggedError`.

        The replay that it begins with does not count. Raises `ValueError` for less than 1.
        """
        require_count(after, "after", least=1)
        return Lag(f"DISCONNECT({after})", lambda _: PatientMailbox(after))

    @property
    def _suspends(self) -> bool:
        return self._mailbox is None

    def mailbox(self, room: int, value_of: Callable[[Any], Any] | None = None) -> Mailbox[Any]:
        """An empty queue of `room` values that gives way as this policy says, for whoever delivers by other means.

        Where more than a value is put into it, `value_of` finds the value in that. Raises `ValueError` for less than 1,
        and for `SUSPEND`, with which emitters wait instead.

        >>> newest = Lag.CONFLATE.mailbox(1)
        >>> newest.put("old")
        >>> newest.put("new")
        >>> newest.take(), newest.lost
        ('new', 1)
        """
        require_count(room, "room", least=1)
        if self._mailbox is None:
            raise ValueError(f"{self!r} has no queue that gives way: somebody has to wait")
        key = self._key
        if key is not None and value_of is not None:
            return NewestOfEachMailbox(lambda each: key(value_of(each)))
        return self._mailbox(room)

    def _new_mailbox(self, room: int) -> Mailbox[Any]:
        """For a subscriber of a shared flow with a buffer of `room`."""
        assert self._mailbox is not None  # asked for only where nobody waits for the subscriber
        return self._mailbox(max(room, 1))

    def __repr__(self) -> str:
        return f"Lag.{self._shown}"


Lag.SUSPEND = Lag("SUSPEND", None)
Lag.DROP_OLDEST = Lag("DROP_OLDEST", NewestMailbox)
Lag.DROP_LATEST = Lag("DROP_LATEST", OldestMailbox)
Lag.CONFLATE = Lag("CONFLATE", lambda _: NewestMailbox(1))

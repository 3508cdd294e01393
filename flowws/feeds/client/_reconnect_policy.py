"""`ReconnectPolicy`: when to connect again, and when to give up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from ssl import SSLCertVerificationError
from typing import Final

from flowws._core import Duration, to_seconds
from flowws.flows import Backoff
from flowws.websocket import CloseReason, HandshakeError, ProxyError, SessionClosedError

_Codes: Final = CloseReason.Codes

_FATAL_CODES: Final = frozenset(
    (
        _Codes.PROTOCOL_ERROR,
        _Codes.CANNOT_ACCEPT,
        _Codes.NOT_CONSISTENT,
        _Codes.VIOLATED_POLICY,
        _Codes.TOO_BIG,
        _Codes.NO_EXTENSION,
    )
)
_TEMPORARY_STATUS: Final = frozenset((408, 425, 429))
"""Of those from 400 on: time-out, too early, too many requests."""


def is_fatal(cause: Exception) -> bool:
    """Whether another attempt would meet the same fate: the default of `ReconnectPolicy.is_fatal`, which describes it.

    >>> is_fatal(ConnectionRefusedError()), is_fatal(HandshakeError("who are you?", status=401))
    (False, True)
    """
    match cause:
        case SessionClosedError():
            return cause.code in _FATAL_CODES or 4000 <= cause.code <= 4999
        case HandshakeError() | ProxyError():
            status = cause.status
            return status is not None and 400 <= status <= 499 and status not in _TEMPORARY_STATUS
        case SSLCertVerificationError():
            return True
        case _:
            return not isinstance(cause, OSError)  # a TimeoutError is one


@dataclass(frozen=True, slots=True)
class ReconnectPolicy:
    """When to connect again, and when to give up.

    >>> ReconnectPolicy(Backoff(1, longest=60), retries=5)  # doctest: +ELLIPSIS
    ReconnectPolicy(backoff=Backoff(first=1, ...), retries=5, stable_after=10.0, stale_after=30.0, ...)

    Raises `TypeError` and `ValueError` for what makes no sense.
    """

    backoff: Callable[[int], Duration] = Backoff(0.1, longest=30)  # noqa: RUF009 - it is a frozen value
    """How long to wait before another attempt: a function of how many have failed in a row, from 0; mostly a `Backoff`,
    whose waits are drawn by lot, so that not all clients of a server that has restarted come back at once.
    """
    retries: int | None = None
    """How many attempts in a row are made after a connection was lost, or not reached, before that is fatal, too; None:
    any number.
    """
    stable_after: Duration = 10.0
    """How long a connection has to last for the attempts to be counted anew, in seconds."""
    stale_after: Duration | None = 30.0
    """For how many seconds nothing may be heard, with a ping in between, before the server is thought to be gone
    (`FeedState.Stale`). After as long again the connection is given up. None: it is trusted for ever.
    """
    is_fatal: Callable[[Exception], bool] = is_fatal
    """Whether another attempt makes no sense: a function of why the connection could not be opened, or was lost. The
    former is what `WebSocketClient.websocket` raises, the latter a `SessionClosedError`, or a `PingTimeoutError`.

    By default these are fatal: a `HandshakeError` (or a `ProxyError`) with a status from 400 to 499 other than 408, 425
    and 429; the close codes 1002, 1003, 1007 to 1010 and 4000 to 4999; a certificate that is not right; and everything
    that is no `OSError`, such as what a function of yours raises that was given as `auth`.
    """

    def __post_init__(self) -> None:
        for name in ("backoff", "is_fatal"):
            if not callable(getattr(self, name)):
                raise TypeError(f"{name} must be a function, not {getattr(self, name)!r}")
        if self.retries is not None:
            if isinstance(self.retries, bool) or not isinstance(self.retries, int):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
                raise TypeError(f"retries must be a whole number or None, not {self.retries!r}")
            if self.retries < 0:
                raise ValueError(f"retries must be 0 or more, not {self.retries!r}")
        self._store("stable_after", _seconds("stable_after", self.stable_after))
        if self.stale_after is not None:
            self._store("stale_after", _seconds("stale_after", self.stale_after, positive=True))

    def _store(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


def _seconds(name: str, duration: Duration, *, positive: bool = False) -> float:
    seconds = to_seconds(duration, name)
    if not isfinite(seconds) or seconds < 0 or (positive and seconds == 0):
        raise ValueError(f"{name} must be {'more than zero' if positive else 'zero or more'}, not {duration!r}")
    return seconds


def checked(policy: ReconnectPolicy | None) -> ReconnectPolicy:
    """The policy, or the default one. Raises `TypeError` for what is none."""
    if policy is None:
        return ReconnectPolicy()
    if not isinstance(policy, ReconnectPolicy):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise TypeError(f"policy is a ReconnectPolicy, not {policy!r}")
    return policy

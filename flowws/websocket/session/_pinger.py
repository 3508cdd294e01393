"""`Pinger`: asks the peer whether it is still there, and how far away."""

from __future__ import annotations

from collections.abc import Callable
from secrets import token_bytes

from flowws._core import Waiter, loop_clock, new_waiter

from .._close_reason import CloseReason
from .._config import Liveness
from .._errors import SessionClosedError
from .._frame import PING
from ..engines import Connection, Timer


class Pinger:
    """Two timers taking turns, and pings on demand beside them.

    ::

        +--> wait `interval` --> send a ping --> wait `timeout` --> no sign of life: `on_timeout`
        |                                              |
        +------- matching pong at once, other signs ---+
                 of life when the timeout is over

    A write that has been stuck since the ping counts as no sign of life. Where this side itself has held back the
    reading since then (nobody took the frames), the answer may still be waiting in a socket, and where the loop was
    busy, it may have come unseen: neither is held against the peer.

    A pong answers its ping and those before it (RFC 6455, section 5.5.3).
    """

    __slots__ = (
        "_any",
        "_clock",
        "_connection",
        "_due",
        "_interval",
        "_on_timeout",
        "_probe",
        "_reason",
        "_sent",
        "_stuck",
        "_timer",
        "_was_held_back",
        "last_pong",
        "latency",
        "loop_lag",
        "timeout",
    )

    def __init__(
        self,
        connection: Connection,
        timeout: float,
        liveness: Liveness,
        *,
        was_held_back: Callable[[], bool],
        on_timeout: Callable[[], object],
    ) -> None:
        # Stored state
        self._connection = connection
        self._any = liveness == "any"
        self._was_held_back = was_held_back
        self._on_timeout = on_timeout
        self._clock = loop_clock()
        self._interval: float | None = None
        self._probe: bytes | None = None  # the payload of the ping that the timer waits for
        self._stuck = False  # nothing could be written since that ping
        self._sent: dict[bytes, tuple[float, Waiter[float] | None]] = {}  # the pings without an answer, by payload
        self._timer: Timer | None = None
        self._due = 0.0  # when the timer should fire
        self._reason: CloseReason | None = None  # why the session is closed
        self.timeout = timeout
        """How long a ping of the timer may stay unanswered."""
        self.latency: float | None = None
        """How long the last answer took, in seconds; None before the first."""
        self.last_pong: float | None = None
        """When that was, on the loop's clock."""
        self.loop_lag: float | None = None
        """How late a timer has fired, at most: that long the loop was busy with something else."""

    @property
    def interval(self) -> float | None:
        """How long after the last answer the timer sends the next ping; None: it does not.

        Setting one raises `ValueError` where the engine cannot send pings.
        """
        return self._interval

    @interval.setter
    def interval(self, interval: float | None) -> None:
        if interval is not None and self._reason is None:
            self._connection.listen_for_life()
        self._interval = interval
        self._cancel_timer()
        if interval is not None and self._reason is None:
            self._after(interval, self._ask)

    @property
    def seconds_since_pong(self) -> float | None:
        """How long ago the last answer came; None if there was none."""
        return None if self.last_pong is None else self._clock() - self.last_pong

    def told(self) -> str:
        """What is known from pings, for people."""
        since = self.seconds_since_pong
        heard = (
            "no pong has come" if since is None else f"the last pong came {since:.3f} s ago, after {self.latency:.3f} s"
        )
        lag = "" if self.loop_lag is None else f"; the event loop was up to {self.loop_lag:.3f} s late"
        return f"{heard}{lag}"

    async def ping(self) -> float:
        """Send a ping and wait for its answer, without a limit of its own: how long that took."""
        if self._reason is not None:
            raise SessionClosedError(self._reason)
        waiter: Waiter[float] = new_waiter()
        payload = token_bytes(16)
        try:
            self._send(payload, waiter)
            return await waiter
        finally:
            self._sent.pop(payload, None)

    def pong_received(self, payload: bytes) -> None:
        """Take a pong; one that was not asked for means nothing."""
        if payload not in self._sent:
            return
        now = self._clock()
        for sent in list(self._sent):
            at, waiter = self._sent.pop(sent)
            self.latency, self.last_pong = now - at, now
            if waiter is not None and not waiter.done():
                waiter.set_result(self.latency)
            if sent == self._probe:
                self._again()
            if sent == payload:
                return

    def writing_resumed(self) -> None:
        """The engine could write."""
        self._stuck = False

    def stop(self, reason: CloseReason) -> None:
        """No more pings, and no more answers."""
        self._reason = reason
        self._cancel_timer()
        self._on_timeout = _nobody
        sent, self._sent = self._sent, {}
        for _, waiter in sent.values():
            if waiter is not None and not waiter.done():
                waiter.set_exception(SessionClosedError(reason))

    # The timer

    def _ask(self) -> None:
        self._connection.listen_for_life()
        self._stuck = not self._connection.is_writable
        self._was_held_back()  # from now on
        self._after(self.timeout, self._listen)
        self._probe = token_bytes(16)
        self._send(self._probe, None)

    def _send(self, payload: bytes, waiter: Waiter[float] | None) -> None:
        self._sent[payload] = (self._clock(), waiter)
        self._connection.write(PING, payload)

    def _listen(self) -> None:
        """The time is over; as long as the loop was late, it listens to what has come in meanwhile."""
        self._after(max(0.0, self._clock() - self._due), self._judge)

    def _judge(self) -> None:
        assert self._probe is not None  # the timer waits for its answer
        self._sent.pop(self._probe, None)
        if not self._stuck and (self._was_held_back() or (self._any and self._connection.heard)):
            self._again()
        else:
            self._on_timeout()

    def _again(self) -> None:
        self._cancel_timer()
        if self._interval is not None:
            self._after(self._interval, self._ask)

    def _after(self, delay: float, call: Callable[[], None]) -> None:
        self._due = self._clock() + delay

        def fire() -> None:
            self.loop_lag = max(self._clock() - self._due, self.loop_lag or 0.0)
            call()

        self._timer = self._connection.call_later(delay, fire)

    def _cancel_timer(self) -> None:
        self._probe = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _nobody() -> None:
    """Who is told once there are no pings any more."""

"""`Pinger`: asks the peer, every now and then, whether it is still there."""

from __future__ import annotations

from collections.abc import Callable
from secrets import token_bytes

from ._config import Liveness
from ._frame import PING
from .engines import Connection, Timer


class Pinger:
    """Two timers taking turns.

    ::

        +--> wait `interval` --> send a ping --> wait `timeout` --> no sign of life: `on_timeout`
        |                                              |
        +------- matching pong at once, other signs ---+
                 of life when the timeout is over

    A write that has been stuck since the ping counts as no sign of life. While this side itself holds back the
    reading (nobody takes the frames), the answer may be waiting in the socket: that is not held against the peer.
    """

    __slots__ = (
        "_any",
        "_connection",
        "_interval",
        "_is_held_back",
        "_on_timeout",
        "_payload",
        "_stuck",
        "_timer",
        "timeout",
    )

    def __init__(
        self,
        connection: Connection,
        interval: float,
        timeout: float,
        liveness: Liveness,
        *,
        is_held_back: Callable[[], bool],
        on_timeout: Callable[[], object],
    ) -> None:
        self._connection = connection
        self._interval = interval
        self.timeout = timeout
        self._any = liveness == "any"
        self._is_held_back = is_held_back
        self._on_timeout = on_timeout
        self._payload: bytes | None = None  # of the ping that is not answered yet
        self._stuck = False  # nothing could be written since the ping
        self._timer: Timer = connection.call_later(interval, self._ping)

    def stop(self) -> None:
        """No more pings."""
        self._timer.cancel()
        self._payload = None

    def pong_received(self, payload: bytes) -> None:
        """Take a pong; one that was not asked for means nothing."""
        if payload == self._payload:
            self._payload = None
            self._again()

    def writing_resumed(self) -> None:
        """The engine could write."""
        self._stuck = False

    def _ping(self) -> None:
        self._payload = token_bytes(16)
        self._connection.listen_for_life()
        self._stuck = not self._connection.is_writable
        self._connection.write(PING, self._payload)
        self._timer = self._connection.call_later(self.timeout, self._judge)

    def _judge(self) -> None:
        alive = not self._stuck and (self._is_held_back() or (self._any and self._connection.heard))
        self._payload = None
        if alive:
            self._again()
        else:
            self._on_timeout()

    def _again(self) -> None:
        self._timer.cancel()
        self._timer = self._connection.call_later(self._interval, self._ping)

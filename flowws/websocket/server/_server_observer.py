"""`ServerObserver`: who is told what happens at a server: the access log, telemetry, the metrics of users."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final

from ..engines import Request, Response
from ._server_session import ServerSession

_log: Final = logging.getLogger("flowws.websocket")


class ServerObserver:
    """Told of each session, and of each request that did not become one. Override what is of interest.

    Every call is made on the server's loop and should return soon; what it raises is logged, and harms nobody.
    """

    def opened(self, session: ServerSession) -> object:
        """A session opens; its handler has not started. Context variables that are set here are the handler's."""

    def ended(self, session: ServerSession) -> object:
        """A session is over: its connection, and every job of it."""

    def refused(self, request: Request, response: Response) -> object:
        """A request was answered with a status of 400 or more. Its `client_address` and `scheme` are those of a `Call`:
        behind a proxy that is trusted, what that says.
        """


class ServerObservers(ServerObserver):
    """Several of them, none of whom disturbs the others."""

    def __init__(self, observers: Sequence[ServerObserver]) -> None:
        self._observers = observers

    def opened(self, session: ServerSession) -> None:
        for each in self._observers:
            _tell(each.opened, session)

    def ended(self, session: ServerSession) -> None:
        for each in self._observers:
            _tell(each.ended, session)

    def refused(self, request: Request, response: Response) -> None:
        for each in self._observers:
            _tell(each.refused, request, response)


def _tell(call: Callable[..., object], *news: object) -> None:
    try:
        call(*news)
    except Exception:  # noqa: BLE001  # who watches a server must not stop it
        _log.exception("%r failed", call)

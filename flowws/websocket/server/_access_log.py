"""`AccessLog`: one record for each session, and for each request that was refused."""

from __future__ import annotations

import logging
from time import monotonic
from typing import Final
from urllib.parse import quote

from ..engines import Request, Response
from ._call import path_of
from ._server_observer import ServerObserver
from ._server_session import ServerSession

_log: Final = logging.getLogger("flowws.websocket.access")


class AccessLog(ServerObserver):
    """Writes to the logger ``flowws.websocket.access``, at INFO. Costs nothing while nobody listens there.

    A query is left out: it may hold a secret. Each record has, beside its text, these attributes: `client_address`,
    `path`, `status`; that of a session also `route`, `subprotocol`, `duration` (seconds), `close_code`,
    `close_message` and `closed_by`.
    """

    def __init__(self) -> None:
        self._since: dict[ServerSession, float] = {}

    def opened(self, session: ServerSession) -> None:
        if _log.isEnabledFor(logging.INFO):
            self._since[session] = monotonic()

    def ended(self, session: ServerSession) -> None:
        since = self._since.pop(session, None)
        if since is None:
            return
        call, reason = session.call, session.close_reason.get_completed()
        duration = monotonic() - since
        facts = {
            "client_address": call.client_address,
            "path": _path(call.target),
            "route": call.route,
            "status": 101,
            "subprotocol": call.subprotocol,
            "duration": duration,
            "close_code": reason.code,
            "close_message": reason.message,
            "closed_by": reason.by,
        }
        _log.info(
            "%s GET %s 101, closed by %s with %d %r after %.3f s",
            _host(call.client_address),
            facts["path"],
            reason.by,
            reason.code,
            reason.message,
            duration,
            extra=facts,
        )

    def refused(self, request: Request, response: Response) -> None:
        path = _path(request.target)
        _log.info(
            "%s %s %s %d",
            _host(request.client_address),
            request.method,
            path,
            response.status,
            extra={"client_address": request.client_address, "path": path, "status": response.status},
        )


def _path(target: str) -> str:
    """The path, in signs that do no harm to a terminal or a file of lines."""
    return quote(path_of(target), safe="/%-._~!$&'()*+,;=:@", errors="replace")


def _host(address: tuple[str, int] | None) -> str:
    return "-" if address is None else address[0]

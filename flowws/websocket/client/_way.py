"""`Way`: how bytes get to a server: straight on, through a unix socket, through a proxy."""

from __future__ import annotations

import socket
import ssl
from functools import cache
from typing import NamedTuple

from anyio.streams.tls import TLSStream

from flowws._core import Job

from ._dial import dial, dial_unix
from ._line import Line
from ._plan import Plan
from ._proxy import Proxy
from ._target import Target
from ._tunnel import dig


class Way(NamedTuple):
    """A connected socket, for an engine to take."""

    line: socket.socket
    tunnel: Job | None
    """What carries the bytes on behind it, where that is not the system's business."""


async def way_to(target: Target, plan: Plan) -> Way:
    """Connect. Raises `OSError` where nobody answers, `ProxyError` where the proxy does not lead on."""
    if plan.uds is not None:
        return Way(await dial_unix(plan.uds), None)
    proxy = None if plan.proxy is None else plan.proxy(target)
    if proxy is None:
        return Way(await dial(target.uri.host, target.uri.port), None)
    return await _through(proxy, target, plan)


async def _through(proxy: Proxy, target: Target, plan: Plan) -> Way:
    line = Line(await dial(proxy.parts.host, proxy.parts.port))
    try:
        if not proxy.is_secure:
            await proxy.ask(line, target)
            return Way(line.socket, None)
        context = plan.proxy_ssl or default_context()
        secure = await TLSStream.wrap(line, hostname=proxy.parts.host, ssl_context=context, standard_compatible=False)
        await proxy.ask(secure, target)
        return Way(*dig(secure))
    except BaseException:
        line.socket.close()
        raise


@cache
def default_context() -> ssl.SSLContext:
    """The system's trust store: read once, which takes longer than many a handshake."""
    return ssl.create_default_context()

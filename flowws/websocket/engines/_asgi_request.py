"""Requests and answers in the words of ASGI."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, unquote

from websockets.datastructures import Headers

from . import Request, Response, Tls, Upgrade
from ._asgi import Scope, address_of, is_secure
from ._asgi_writer import Send

DENIAL: Final = "websocket.http.response"  # the extension by which a server lets an application refuse in its own words

# The handshake is the server's, and it is done: over HTTP/2 (RFC 8441) it has none of these, and test clients make
# them up. Whoever looks at the request sees the handshake that HTTP/1.1 would have had.
_HANDSHAKE: Final = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Version": "13",
}
# ... and so are these of the answer; the subprotocol has a place of its own in the message.
_OF_THE_SERVER: Final = {
    "connection",
    "upgrade",
    "sec-websocket-accept",
    "sec-websocket-extensions",
    "sec-websocket-protocol",
}

_PLAIN: Final = "/:@!$&'()*+,;=~-._"  # what stands in a path as it is (RFC 3986, section 3.3)


def request_of(scope: Scope) -> Request:
    """The request that a server tells of: below the place where the application is mounted."""
    headers = Headers((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    if scope["type"] == "http":
        headers.pop("Upgrade", None)  # a server that could have done it would have told of a websocket
    else:
        for name, value in _HANDSHAKE.items():
            headers.pop(name, None)
            headers[name] = value
        offered = [name for name in scope.get("subprotocols") or () if name]
        if offered and "Sec-WebSocket-Protocol" not in headers:
            headers["Sec-WebSocket-Protocol"] = ", ".join(offered)
    query = scope.get("query_string", b"").decode("latin-1")
    return Request(
        f"{_path(scope)}?{query}" if query else _path(scope),
        headers,
        method=scope.get("method", "GET"),
        client_address=address_of(scope),
        tls=Tls(None, None, None) if is_secure(scope) else None,
        scope=scope,
    )


def _path(scope: Scope) -> str:
    """The path as it was sent, where the server tells and no framework has changed it since; without the root."""
    path: str = scope["path"]
    raw = scope.get("raw_path") or b""
    sent = raw.decode("latin-1").partition("?")[0]
    if unquote(sent) != path:
        # Below a mount, Litestar puts a slash at the end.
        is_added = path.endswith("/") and not sent.endswith("/") and sent != ""
        sent = quote(path[:-1] if is_added else path, safe=_PLAIN)
    for root in (scope.get("root_path", ""), quote(scope.get("root_path", ""), safe=_PLAIN)):
        if root and (sent == root or sent.startswith(root.rstrip("/") + "/")):
            sent = sent[len(root.rstrip("/")) :]
            break
    return sent or "/"


async def accept(send: Send, upgrade: Upgrade) -> None:
    """Have the server open the session."""
    headers = [(name, value) for name, value in upgrade.headers if name.lower() not in _OF_THE_SERVER]
    await send({"type": "websocket.accept", "subprotocol": upgrade.subprotocol, "headers": _encoded(headers)})


async def respond(scope: Scope, send: Send, response: Response) -> None:
    """Have the server answer. One that knows but its own way to refuse a session answers 403."""
    prefix = "http.response" if scope["type"] == "http" else DENIAL
    if prefix == DENIAL and DENIAL not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close"})
        return
    headers = [(name, value) for name, value in response.headers if name.lower() != "content-length"]
    headers.append(("Content-Length", str(len(response.body))))
    await send({"type": f"{prefix}.start", "status": response.status, "headers": _encoded(headers)})
    await send({"type": f"{prefix}.body", "body": response.body})


def _encoded(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]

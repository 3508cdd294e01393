"""`AsgiWriter`: what waits until an ASGI server takes it."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

from ._bell import Bell

Message: TypeAlias = Mapping[str, Any]
Send: TypeAlias = Callable[[Any], Awaitable[None]]

CONTINUATION, TEXT, BINARY = 0x0, 0x1, 0x2

HIGH: Final = 64 * 1024  # bytes that may wait before the session is told to stop
LOW: Final = HIGH // 4
HEAD: Final = 16  # what a message counts beside its payload, so that empty ones fill the queue, too


class AsgiWriter:
    """A queue of messages, and the loop that has the server send them one by one.

    `on_writable` is told True and False as the queue empties and fills, `on_failure` what the server raised for a
    client that is gone.
    """

    def __init__(
        self, send: Send, bell: Bell, on_writable: Callable[[bool], object], on_failure: Callable[[Exception], object]
    ) -> None:
        # Stored state
        self._send = send
        self._bell = bell
        self._on_writable = on_writable
        self._on_failure = on_failure
        self._queue: deque[tuple[Message, int] | Callable[[], object]] = deque()
        self._waiting = 0  # bytes in the queue, and in the send that is under way
        self._is_full = False
        self._parts: list[bytes] = []  # of a message that is written in fragments
        self._kind = TEXT  # of that message
        self.is_shut = False
        """Whether nothing more is taken."""

    def write(self, opcode: int, payload: str | bytes) -> None:
        """Queue a message. Raises `ValueError` for one that ASGI cannot carry, and for a text that is no Unicode."""
        if opcode == TEXT:
            text = payload if isinstance(payload, str) else payload.decode()
            size = len(text) if text.isascii() else len(text.encode())
            self._put({"type": "websocket.send", "text": text}, size)
        elif opcode == BINARY:
            data = payload.encode() if isinstance(payload, str) else payload
            self._put({"type": "websocket.send", "bytes": data}, len(data))
        else:
            raise ValueError(f"an ASGI application sends texts and bytes, not control frames: opcode {opcode:#x}")

    def write_fragment(self, opcode: int, payload: bytes, fin: bool) -> None:
        """Keep it until the last one comes: ASGI has whole messages only."""
        if opcode != CONTINUATION:
            self._kind = opcode
        self._parts.append(payload)
        if fin:
            whole = b"".join(self._parts)
            self._parts.clear()
            self.write(self._kind, whole)

    def write_close(self, code: int, message: str) -> None:
        """Queue the last message."""
        self._put({"type": "websocket.close", "code": code, "reason": message}, len(message))
        self.is_shut = True

    def _put(self, message: Message, size: int) -> None:
        if self.is_shut:
            return
        size += HEAD
        self._queue.append((message, size))
        self._waiting += size
        self._bell.ring()
        if self._waiting > HIGH and not self._is_full:
            self._is_full = True
            self._on_writable(False)

    async def run(self, on_empty: Callable[[], object]) -> None:
        """Have the messages sent, as they come; `on_empty` is called whenever none is left."""
        while True:
            while self._queue:
                item = self._queue.popleft()
                if callable(item):
                    item()
                    continue
                message, size = item
                try:
                    await self._send(message)
                except Exception as error:  # noqa: BLE001  # whatever a server raises for a client that is gone
                    self.drop()
                    self._on_failure(error)
                    return
                self._has_left(size)
            on_empty()
            await self._bell.wait()

    def _has_left(self, size: int) -> None:
        self._waiting -= size
        if self._is_full and self._waiting <= LOW:
            self._is_full = False
            self._on_writable(True)

    def on_flushed(self, call: Callable[[], object]) -> None:
        """Make a call once all that is here by now has been taken, or cannot be any more."""
        if self._waiting:
            self._queue.append(call)
        else:
            call()

    def forget(self) -> None:
        """What waits is not to be sent."""
        queue, self._queue = self._queue, deque()
        for item in queue:
            if callable(item):
                item()
            else:
                self._waiting -= item[1]

    def drop(self) -> None:
        """Nothing can be sent any more."""
        self.is_shut = True
        self.forget()
        self._waiting = 0

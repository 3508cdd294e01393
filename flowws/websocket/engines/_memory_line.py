"""`Line`: two ends joined by memory, as a TCP connection joins two sockets."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from typing import Final

from flowws._core import Timer, call_later, call_soon

from ._carrier import Owner

CAPACITY: Final = 64 * 1024  # bytes that are on their way before the writer is told to wait
READ_AT_ONCE: Final = 64 * 1024  # bytes that arrive in one turn of the loop at most


class Pipe:
    """One direction of a line.

    ::

        write --> [ bytes ] --> a turn of the loop later --> the reader's `received`, at last `ended`
                      |
                      more than `capacity`: the writer is told to wait until there are less

    What may go wrong on a wire can be made to go wrong here: see `hold`, `piece`, `delay` and `alter`.
    """

    def __init__(self, capacity: int) -> None:
        # Stored state
        self.reader: Owner | None = None
        """Who is given the bytes; None: nobody yet, or nobody any more."""
        self.writer: Owner | None = None
        """Who is told when to wait."""
        self.piece: int = READ_AT_ONCE
        """How many bytes arrive in one turn at most."""
        self.delay: float = 0.0
        """How many seconds bytes that are written take before they may arrive."""
        self.alter: Callable[[bytes], bytes] | None = None
        """What happens to the bytes that are written next."""
        self.has_room: bool = True
        """Whether what is written leaves soon."""
        self.is_held: bool = False
        """Whether nothing arrives, and nobody is told."""
        self._capacity = capacity
        self._bytes = bytearray()
        self._arrived = 0  # bytes in all
        self._flushed: deque[tuple[int, Callable[[], object]]] = deque()  # what to call, after how many bytes
        self._is_read = False  # the reader takes what arrives
        self._finished = False  # nothing more is written
        self._reader_knows = False  # that nothing more is written
        self._is_due = False  # a delivery is on its way
        self._delayed: deque[tuple[Callable[[], object], Timer]] = deque()

    # The writer's end

    def write(self, data: bytes) -> None:
        """Put bytes on their way."""
        if self.alter is not None:
            data, self.alter = self.alter(data), None
        self._after_delay(lambda: self._put(data))

    def finish(self) -> None:
        """Nothing more will be written."""
        self._after_delay(self._finish)

    def _after_delay(self, call: Callable[[], object]) -> None:
        """In order, whatever the order of the timers: trio draws lots for those that are due together."""
        if self._finished:
            return
        if self.delay or self._delayed:
            self._delayed.append((call, call_later(self.delay, self._next_of_the_delayed)))
        else:
            call()

    def _next_of_the_delayed(self) -> None:
        if self._delayed:
            call, _ = self._delayed.popleft()
            call()

    def _put(self, data: bytes) -> None:
        self._bytes += data
        self._look_for_room()
        self._deliver_soon()

    def _finish(self) -> None:
        self._finished = True
        while self._delayed:
            self._delayed.popleft()[1].cancel()
        self._deliver_soon()

    def drop(self, *, all_of_it: bool) -> None:
        """What is on its way is lost, or what is more than `capacity`, and nothing more will be written."""
        kept = 0 if all_of_it else self._capacity
        self._arrived += max(0, len(self._bytes) - kept)
        del self._bytes[kept:]
        self._finish()
        self._look_for_room()

    def on_flushed(self, call: Callable[[], object]) -> None:
        """Make a call once all that was written by now fits into the pipe, or is lost."""
        self._flushed.append((self._arrived + len(self._bytes), call))
        self._look_for_room()

    def _look_for_room(self) -> None:
        has_room = len(self._bytes) <= self._capacity
        if has_room != self.has_room:
            self.has_room = has_room
            if self.writer is not None:
                self.writer.room_changed(has_room)
        while self._flushed and self._flushed[0][0] <= self._arrived + self._capacity:
            self._flushed.popleft()[1]()

    # The reader's end

    def read(self, on: bool) -> None:
        """Take what arrives, or leave it in the pipe."""
        self._is_read = on
        self._deliver_soon()

    def hold(self, on: bool) -> None:
        """Let nothing arrive, without telling anybody; or let it arrive again."""
        self.is_held = on
        self._deliver_soon()

    @property
    def _has_news(self) -> bool:
        if self.is_held or not self._is_read or self.reader is None:
            return False
        return bool(self._bytes) or (self._finished and not self._reader_knows)

    def _deliver_soon(self) -> None:
        if not self._is_due and self._has_news:
            self._is_due = True
            call_soon(self._deliver)

    def _deliver(self) -> None:
        self._is_due = False
        if not self._has_news:
            return
        assert self.reader is not None  # as `_has_news` says
        if self._bytes:
            data = bytes(self._bytes[: self.piece])
            del self._bytes[: self.piece]
            self._arrived += len(data)
            self.reader.received(data)
            self._look_for_room()
        else:
            self._reader_knows = True
            self.reader.ended()
        self._deliver_soon()

    def __repr__(self) -> str:
        state = "held" if self.is_held else "finished" if self._finished else "open"
        return f"<Pipe {state}, {len(self._bytes)} bytes on their way>"


class _AtHome:
    """Tells an owner what happens in the context where it took its end, not in that of whoever writes at the other."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._context = copy_context()

    def received(self, data: bytes) -> None:
        self._context.copy().run(self._owner.received, data)

    def ended(self) -> None:
        self._context.copy().run(self._owner.ended)

    def room_changed(self, has_room: bool) -> None:
        self._context.copy().run(self._owner.room_changed, has_room)

    def lost(self, cause: BaseException | None) -> None:
        self._context.copy().run(self._owner.lost, cause)


class LineEnd:
    """One end of a line: what a socket is elsewhere."""

    def __init__(self, outward: Pipe, inward: Pipe) -> None:
        self._out, self._in = outward, inward
        self._owner: Owner | None = None
        self.is_over: bool = False
        """Whether this end is closed."""

    def belongs_to(self, owner: Owner) -> None:
        """From now on `owner` is told."""
        self._owner = self._out.writer = self._in.reader = _AtHome(owner)

    @property
    def has_room(self) -> bool:
        """Whether what is written leaves soon."""
        return self._out.has_room

    def write(self, data: bytes) -> None:
        """Send bytes. Once this end is closed, they go nowhere."""
        if not self.is_over:
            self._out.write(data)

    def on_flushed(self, call: Callable[[], object]) -> None:
        """Make a call once what was written by now is no burden any more; at once, if it is none."""
        self._out.on_flushed(call)

    def read(self, on: bool) -> None:
        """Take what arrives, or leave it on the line."""
        self._in.read(on)

    def close(self, *, hang_up: bool = True) -> None:
        """Send what was written, then end the connection. It makes no difference here who hangs up first."""
        self._in.reader = None
        self._out.finish()
        self._out.on_flushed(self._end)

    def finish(self) -> None:
        """Say that nothing more will be sent. What comes in is still taken."""
        self._out.finish()

    def abort(self, cause: BaseException | None = None) -> None:
        """End the connection at once. What waits for room is lost; what has left arrives, as it does from a socket."""
        self._out.writer = None  # there is nothing to be told but the end
        self._out.drop(all_of_it=False)
        self._end(cause)

    def _end(self, cause: BaseException | None = None) -> None:
        if not self.is_over:
            self.is_over = True
            self._in.reader = self._out.writer = None
            self._in.drop(all_of_it=True)  # nobody will ever read it
            call_soon(lambda: self._tell_the_end(cause))

    def _tell_the_end(self, cause: BaseException | None) -> None:
        owner, self._owner = self._owner, None
        if owner is not None:
            owner.lost(cause)


class Line:
    """A line and its two ends."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.to_server: Pipe = Pipe(capacity)
        self.to_client: Pipe = Pipe(capacity)
        self.client: LineEnd = LineEnd(self.to_server, self.to_client)
        self.server: LineEnd = LineEnd(self.to_client, self.to_server)

    @property
    def is_over(self) -> bool:
        """Whether both ends are closed."""
        return self.client.is_over and self.server.is_over

    def reset(self) -> None:
        """End it on both sides at once, as a TCP reset does."""
        for end in (self.client, self.server):
            end.abort(ConnectionResetError("the connection was reset by the peer"))

    def __repr__(self) -> str:
        return f"<Line to the server: {self.to_server!r}, to the client: {self.to_client!r}>"

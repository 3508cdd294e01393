"""`Wire`: what lies between the two sides of a conversation, and what can go wrong there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from flowws._core import Duration, to_seconds

if TYPE_CHECKING:
    from flowws.websocket.engines import Line, Pipe

Towards: TypeAlias = Literal["server", "peer"]
"""A direction: from the peer to the server, or from the server to the peer."""


class Wire:
    """What lies between a peer and the server, made of memory; each method makes something of it go wrong.

    `towards` names one direction, ``"server"`` or ``"peer"``; without it both are meant.

    ::

        hold()                          a half-open connection: nothing arrives, and nobody is told
        hold(towards="peer")            the peer does not read: the server's writes pile up, then they stall
        hold(), then flow()             what was written meanwhile arrives in one piece
        split(1)                        byte by byte
        corrupt(0x70)                   bits flipped in the first byte of what is written next
        delay(0.05)                     slow, in virtual time if that is on
        end(), reset()                  over without a Close frame: properly, or by force

    """

    def __init__(self, line: Line) -> None:
        self._line = line

    def _pipes(self, towards: Towards | None) -> list[Pipe]:
        pipes = {"server": self._line.to_server, "peer": self._line.to_client}
        if towards is None:
            return list(pipes.values())
        if towards not in pipes:
            raise ValueError(f"towards must be 'server' or 'peer', not {towards!r}")
        return [pipes[towards]]

    @property
    def is_held(self) -> bool:
        """Whether nothing arrives, in one direction at least."""
        return any(pipe.is_held for pipe in self._pipes(None))

    def hold(self, *, towards: Towards | None = None) -> None:
        """Let nothing arrive any more; writers stall once too much is on its way."""
        for pipe in self._pipes(towards):
            pipe.hold(True)

    def flow(self, *, towards: Towards | None = None) -> None:
        """Let everything arrive again."""
        for pipe in self._pipes(towards):
            pipe.hold(False)

    def split(self, size: int, *, towards: Towards | None = None) -> None:
        """From now on bytes arrive in pieces of at most `size`, each in a turn of the loop of its own."""
        if size < 1:
            raise ValueError(f"a piece has one byte at least, not {size!r}")
        for pipe in self._pipes(towards):
            pipe.piece = size

    def delay(self, duration: Duration, *, towards: Towards | None = None) -> None:
        """From now on what is written takes so long, in seconds, to arrive."""
        seconds = to_seconds(duration, "duration")
        if seconds < 0:
            raise ValueError(f"duration must be zero or more, not {duration!r}")
        for pipe in self._pipes(towards):
            pipe.delay = seconds

    def corrupt(self, bits: int = 0xFF, *, at: int = 0, towards: Towards = "server") -> None:
        """Flip `bits` in one byte, number `at`, of what is written next. 0x70 at 0 are the reserved bits of a frame."""
        if not 0 < bits <= 0xFF:
            raise ValueError(f"bits are those of one byte, 1 to 255, not {bits!r}")
        if at < 0:
            raise ValueError(f"at must be zero or more, not {at!r}")

        def flip(data: bytes) -> bytes:
            spoilt = bytearray(data)
            if at < len(spoilt):
                spoilt[at] ^= bits
            return bytes(spoilt)

        for pipe in self._pipes(towards):
            pipe.alter = flip

    def end(self) -> None:
        """The peer's side hangs up without a Close frame; the server meets the end of the stream."""
        self._line.client.close()

    def reset(self) -> None:
        """The connection is torn down at once; both sides get a `ConnectionResetError`."""
        self._line.reset()

    def __repr__(self) -> str:
        return f"<Wire to the server: {self._line.to_server!r}, to the peer: {self._line.to_client!r}>"

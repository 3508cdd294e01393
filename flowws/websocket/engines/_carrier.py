"""`Carrier` and `Owner`: bytes both ways, and who is told of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Owner(Protocol):
    """Who is told what happens to a carrier."""

    def received(self, data: bytes) -> None:
        """Bytes have arrived."""

    def ended(self) -> None:
        """The peer sends nothing more."""

    def room_changed(self, has_room: bool) -> None:
        """What is written from now on has to wait, or leaves soon again. Also called in the midst of `write`."""

    def lost(self, cause: BaseException | None) -> None:
        """Nothing is sent or received any more; the last call, in a turn of its own."""


class Carrier(Protocol):
    """What a connection is carried by: a `Wire`, or what stands for one in memory."""

    def belongs_to(self, owner: Owner) -> None:
        """From now on `owner` is told."""

    def read(self, on: bool) -> None:
        """Take what arrives, or leave it where it is."""

    def write(self, data: bytes) -> None:
        """Send bytes. Once the carrier is closed, they go nowhere."""

    def on_flushed(self, call: Callable[[], object]) -> None:
        """Make a call once what was written by now has left; at once, if it has, or never will."""

    def close(self, *, hang_up: bool = True) -> None:
        """Send what was written, then end the connection, or wait a little for the peer to do that."""

    def abort(self) -> None:
        """End the connection at once; what was not sent is lost."""

"""How a broker is doing: `Connected`, `Reconnecting` or `Closed`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker can be reached."""


@dataclass(frozen=True, slots=True)
class Reconnecting:
    """The broker cannot be reached. It is being tried again and again."""

    since: float
    """From when on: seconds since 1970."""
    attempt: int
    """How many attempts have failed since."""
    error: Exception
    """Why the last of them did."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The broker's block has not been entered yet, or has been left; or it has refused for good."""

    error: Exception | None = None
    """Why, if not because the block is over."""


BrokerStatus: TypeAlias = Connected | Reconnecting | Closed

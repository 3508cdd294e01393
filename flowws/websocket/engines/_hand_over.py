"""How a message reaches the task that waits for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias


class Waiting(Protocol):
    """Whoever waits for a value: a waiter, or a `select`."""

    def set_result(self, result: Any, /) -> object: ...


HandOver: TypeAlias = Callable[[Waiting, Any], object]
"""Gives a value to the one who waits for it."""


class TextReceived(Protocol):
    """As it is said of an `Endpoint`."""

    def __call__(self, text: str, hand_over: HandOver = ..., /) -> None: ...


def hand_over_soon(waiting: Waiting, value: object) -> None:
    """The task goes on in a turn of the loop of its own."""
    waiting.set_result(value)

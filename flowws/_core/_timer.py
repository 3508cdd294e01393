"""Calls that are due soon, or later: on the loop, outside of any task."""

from __future__ import annotations

from collections.abc import Callable

from ._backend import Timer, current_loop


def call_later(delay: float, call: Callable[[], object]) -> Timer:
    """Make a call on this loop after some seconds; zero or less is soon.

    The call sees the caller's context variables. What it raises goes to the loop's own handler.
    """
    return current_loop().call_later(delay, call)


def call_soon(call: Callable[[], object]) -> None:
    """Make a call on this loop once the task or callback that runs now has had its turn; in the order of asking."""
    current_loop().call_soon(call)

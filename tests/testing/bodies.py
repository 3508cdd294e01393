"""Pieces of tests that are about to fail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from flowws import Channel


async def for_ever() -> None:
    await Channel[int]().receive()


def failing_with(error: Exception) -> Callable[[], Awaitable[None]]:
    async def fail() -> None:
        raise error

    return fail


def notes_of(error: BaseException) -> str:
    return "\n".join(getattr(error, "__notes__", ()))

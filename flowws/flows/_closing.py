"""Ending a collection early, and telling the operators above why."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from flowws._core import CancellationError

# Why the iterator that is being closed just now is closed: the failure below it, or None for a plain "that was enough".
_why: ContextVar[BaseException | None] = ContextVar("flowws_why_closed", default=None)


async def close(iterator: object, why: BaseException | None = None) -> None:
    """Close an iterator early, awaiting the cleanup of everything above it; `why` is what `on_completion` will see.

    A failure during the cleanup outranks `why`, which is then its context; a `CancellationError` does not.
    """
    if isinstance(why, GeneratorExit):  # we are being closed ourselves: whoever does it has said why
        await close_source(iterator)
        return
    token = _why.set(why)
    try:
        await close_source(iterator)
    except Exception as failure:
        if isinstance(failure, CancellationError) and why is not None:
            return
        if isinstance(failure.__context__, GeneratorExit):
            failure.__context__ = why
        raise
    finally:
        _why.reset(token)


async def close_source(iterator: Any) -> None:
    """Pass a closing on to the operator above.

    Generators are closed, as every operator is one. Another iterator is somebody's own: a stream, say, whose ``aclose``
    would end more than this collection.
    """
    if isinstance(iterator, AsyncGenerator):
        await iterator.aclose()


def why_closed() -> BaseException:
    """The cause for an operator that has just been closed from below."""
    return _why.get() or CancellationError("the collection was cut short")


@contextmanager
def on_its_own() -> Generator[None]:
    """What is collected, or launched, in this block is not closed for the reason for which we are."""
    token = _why.set(None)
    try:
        yield
    finally:
        _why.reset(token)

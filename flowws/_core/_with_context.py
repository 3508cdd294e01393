"""`with_context`: a call with other settings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar, TypeVarTuple

from ._coroutine_context import CoroutineContext
from ._lexical_scope import LexicalScope

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


async def with_context(context: CoroutineContext, main: Callable[[*Ts], Awaitable[T]], /, *args: *Ts) -> T:
    """The result of ``main(*args)``, run here, as a block of its own with `context`.

    Its failure is raised here and fails no job. With a job in the context, the block is a child of that one: cancelling
    it raises `CancellationError` here, at once if it is cancelled already.

    >>> async def main():
    ...     return current_job().name
    >>> run(with_context, CoroutineContext(name="feed"), main)
    'feed'

    Kotlin: `withContext`.
    """
    if not isinstance(context, CoroutineContext):  # pyright: ignore[reportUnnecessaryIsInstance]  # refused at the door
        raise TypeError(f"with_context takes a CoroutineContext, not {context!r}")
    if context.job is not None:
        context.job.ensure_active()
    name = "with_context" if context.name is None else context.name
    scope = LexicalScope(name, exception_handler=context.exception_handler, parent=context.job)
    return await scope.run(main, *args)

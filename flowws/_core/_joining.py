"""`join_all` and `await_all`: waiting for several jobs."""

from __future__ import annotations

from _thread import get_ident  # what `threading` has of it, without the rest of that module
from collections.abc import Iterable
from typing import Any, TypeVar, cast, overload

from ._backend import checkpoint, current_loop
from ._deferred import Deferred
from ._job import Job

T = TypeVar("T")
J = TypeVar("J", bound=Job)


@overload
async def join_all(jobs: Iterable[Job], /) -> None: ...
@overload
async def join_all(*jobs: Job) -> None: ...
async def join_all(*jobs: Job | Iterable[Job]) -> None:
    """Wait until every one of these jobs is complete, however they end. Lazy ones are started.

    Kotlin: `joinAll`.
    """
    wanted = _each(jobs, Job, "join_all")
    for job in wanted:
        job.start()
    await checkpoint()  # notices the caller's cancellation, even when there is nothing to wait for
    for job in wanted:
        await job._completion()


@overload
async def await_all(deferreds: Iterable[Deferred[T]], /) -> list[T]: ...
@overload
async def await_all(*deferreds: Deferred[T]) -> list[T]: ...
async def await_all(*deferreds: Deferred[Any] | Iterable[Deferred[Any]]) -> list[Any]:
    """The results of all, in the order of the arguments. Lazy ones are started.

    The first failure is raised at once; the others go on. Without arguments the result is an empty list.

    >>> async def main():
    ...     return await await_all(CompletableDeferred.completed(1), CompletableDeferred.completed(2))
    >>> run(main)
    [1, 2]

    Kotlin: `awaitAll`.
    """
    wanted: list[Deferred[Any]] = _each(deferreds, Deferred, "await_all")
    for deferred in wanted:
        deferred.start()
    failed = await _first_failed(wanted)
    return [deferred.get_completed() for deferred in ([failed] if failed is not None else wanted)]


def _each(given: tuple[J | Iterable[J], ...], kind: type[J], caller: str) -> list[J]:
    listed = given[0] if len(given) == 1 and not isinstance(given[0], Job) else given
    each = list(cast("Iterable[J]", listed))
    for one in each:
        if not isinstance(one, kind):
            raise TypeError(f"{caller} takes objects of type {kind.__name__}, or one iterable of them, not {one!r}")
    return each


async def _first_failed(deferreds: list[Deferred[Any]]) -> Deferred[Any] | None:
    """The one that fails first, as soon as it does; None once all have ended well."""
    loop = current_loop()
    here = get_ident()
    waiter = loop.new_waiter()
    left = set(deferreds)

    def ended(one: Deferred[Any], failure: BaseException | None) -> None:
        if get_ident() != here:
            loop.post(ended, one, failure)
            return
        left.discard(one)
        if not waiter.done() and (failure is not None or not left):
            waiter.set_result(None if failure is None else one)

    if not left:
        return None
    handles = [
        one.invoke_on_completion(lambda failure, one=one: ended(one, failure))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        for one in dict.fromkeys(deferreds)
    ]
    try:
        return cast("Deferred[Any] | None", await waiter)
    finally:
        for handle in handles:
            handle.dispose()

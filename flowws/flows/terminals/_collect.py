"""Running a flow for its effects: `collect`, `collect_indexed`, `launch_in`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from flowws._core import CoroutineScope, Job

from .._arguments import require_callable
from .._closing import close
from .._fusion import Template
from .._showing import job_name

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")


async def collect(
    self: Flow[T], action: Callable[[T], Awaitable[object]] | Callable[[T], object] | None = None
) -> None:
    """Run the flow to its end and call ``action(value)``, sync or async, with every value.

    The next value is asked for when the action has finished with the last. A failure, above or in the action, is raised
    after everything above has been cleaned up.

    >>> run(flow_of("a", "b").collect, print)
    a
    b
    """
    if action is None:
        await self._finish(_RUN)
    else:
        require_callable(action, "action")
        await self._finish(_COLLECT, action=action)


_RUN = Template("collect", "pass")
_COLLECT = Template("collect", "done = @action(value)")
_COLLECT_INDEXED = Template("collect_indexed", """
    done = @action(index, value)
    index += 1
""", before="index = 0")  # fmt: skip  # a template reads best as a block


async def collect_indexed(
    self: Flow[T], action: Callable[[int, T], Awaitable[object]] | Callable[[int, T], object]
) -> None:
    """Run the flow to its end and call ``action(index, value)``, sync or async, with every value; the first index is 0.

    >>> run(flow_of("a", "b").collect_indexed, print)
    0 a
    1 b

    Kotlin: `collectIndexed`.
    """
    require_callable(action, "action")
    await self._finish(_COLLECT_INDEXED, action=action)


def launch_in(self: Flow[T], scope: CoroutineScope) -> Job:
    """Collect the flow in a job of `scope`; a failure fails the scope.

    A hot flow is subscribed to before this returns: a value emitted right after is not lost.

    >>> async def main():
    ...     async with coroutine_scope() as scope:
    ...         flow_of("a").on_each(print).launch_in(scope)
    >>> run(main)
    a

    Kotlin: `launchIn`.
    """
    return scope.launch(_drain, aiter(self), name=job_name("launch_in", self))


async def _drain(values: AsyncIterator[object]) -> None:
    try:
        async for _ in values:
            pass
    except BaseException as failure:
        await close(values, failure)
        raise

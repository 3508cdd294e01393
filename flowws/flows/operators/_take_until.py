"""Until another flow says so: `take_until`."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from typing import TYPE_CHECKING, Any, TypeVar

from .._arguments import require_async_iterable
from .._beginning import begun
from .._beside import Beside
from .._closing import close

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")


def take_until(self: Flow[T], other: AsyncIterable[object]) -> Flow[T]:
    """The values up to the moment when `other` gives its first one.

    `other` has the first turn. If it ends without a value, nothing comes of it, and this flow goes on to its own end. A
    failure of either ends both.

    Raises `TypeError` when `other` is no flow.

    >>> run(flow_of(1, 2).take_until(flow_of("stop")).to_list)
    []
    >>> run(flow_of(1, 2).take_until(empty_flow()).to_list)
    [1, 2]
    """
    require_async_iterable(other, "other")
    return self._together((other,), _take_until)


async def _take_until(iterators: list[AsyncIterator[Any]]) -> AsyncIterator[Any]:
    source, signals = iterators
    async with Beside(source, "take_until") as values:
        job = await begun(values.scope, _stop_at_first, signals, values, name="take_until")
        job.invoke_on_completion(values.hear)
        async for value in values:
            yield value


async def _stop_at_first(signals: AsyncIterator[Any], values: Beside[Any]) -> None:
    try:
        try:
            async for _ in signals:
                values.stop()
                break
        finally:
            await close(signals)
    except Exception as failure:  # noqa: BLE001  # it goes to the collector
        values.stop(failure)

"""Many flows at once, as one: `flat_map_merge`, `flatten_merge`, `merge`."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

from flowws._core import Semaphore
from flowws.channels import ProducerScope

from .._arguments import require_callable, require_count, settled
from .._beginning import heed_cancellation
from .._closing import close
from .._sending import send_all

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")
R = TypeVar("R")

DEFAULT_CONCURRENCY: Final = 16
"""How many flows `flat_map_merge` and `flatten_merge` collect at once, if they are not told. Kotlin: the same name."""


@overload
def flat_map_merge(
    self: Flow[T],
    transform: Callable[[T], Coroutine[Any, Any, AsyncIterable[R]]],
    concurrency: int = DEFAULT_CONCURRENCY,
) -> Flow[R]: ...
@overload
def flat_map_merge(
    self: Flow[T], transform: Callable[[T], AsyncIterable[R]], concurrency: int = DEFAULT_CONCURRENCY
) -> Flow[R]: ...
def flat_map_merge(self: Flow[T], transform: Callable[[T], Any], concurrency: int = DEFAULT_CONCURRENCY) -> Flow[Any]:
    """The values of ``transform(value)``, a flow, for every value; up to `concurrency` of these flows run at once.

    The law: ``map(transform).flatten_merge(concurrency)``; with 1 it is `flat_map_concat`. `transform` is called for
    one value after the other, and what is above is held back while the limit is reached. Each flow keeps its order;
    among them there is none.

    A failure anywhere ends the rest; a flow that ends with a `CancellationError` just drops out. Buffer: 64.

    Raises `ValueError` when `concurrency` is not positive.

    >>> sorted(run(flow_of(1, 2).flat_map_merge(lambda n: flow_of(n, n * 10)).to_list))
    [1, 2, 10, 20]

    Kotlin: `flatMapMerge`.
    """
    require_callable(transform, "transform")
    require_count(concurrency, "concurrency", least=1)
    if concurrency == 1:
        return self.flat_map_concat(transform)
    return self._sent_by(_flat_map_merge, transform, *_unless_default(concurrency))


def flatten_merge(self: Flow[AsyncIterable[R]], concurrency: int = DEFAULT_CONCURRENCY) -> Flow[R]:
    """The values of all flows in this flow, up to `concurrency` of which run at once.

    With 1 it is `flatten_concat`. Each flow keeps its order; among them there is none.

    A failure anywhere ends the rest; a flow that ends with a `CancellationError` just drops out. Buffer: 64.

    Raises `ValueError` when `concurrency` is not positive.

    >>> sorted(run(flow_of(flow_of(1, 2), flow_of(3)).flatten_merge().to_list))
    [1, 2, 3]

    Kotlin: `flattenMerge`.
    """
    require_count(concurrency, "concurrency", least=1)
    if concurrency == 1:
        return self.flatten_concat()
    return self._sent_by(_flatten_merge, *_unless_default(concurrency))


def _unless_default(concurrency: int) -> tuple[int, ...]:
    """An argument that need not be shown is not given."""
    return () if concurrency == DEFAULT_CONCURRENCY else (concurrency,)


async def _flatten_merge(
    producer: ProducerScope[R], source: AsyncIterator[AsyncIterable[R]], concurrency: int = DEFAULT_CONCURRENCY
) -> None:
    await _flat_map_merge(producer, source, _itself, concurrency)


async def _flat_map_merge(
    producer: ProducerScope[Any],
    source: AsyncIterator[T],
    transform: Callable[[T], Any],
    concurrency: int = DEFAULT_CONCURRENCY,
) -> None:
    send = producer.channel.send
    permits = Semaphore(concurrency)
    try:
        async for value in source:
            inner: AsyncIterable[Any] = await settled(transform(value))
            await permits.acquire()
            await heed_cancellation(producer)
            job = producer.launch(send_all, aiter(inner), send, name="flat_map_merge")
            job.invoke_on_completion(lambda _: permits.release())
    except BaseException as failure:
        await close(source, failure)
        raise


def _itself(flow: AsyncIterable[R]) -> AsyncIterable[R]:
    return flow

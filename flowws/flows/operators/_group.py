"""One flow per key: `group_by_key`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, overload

from flowws._core import CancellationError
from flowws.channels import Channel, ProducerScope

from .._arguments import require_callable, settled
from .._closing import close

if TYPE_CHECKING:
    from .._flow import Flow
    from .._grouped_flow import GroupedFlow

K = TypeVar("K")
T = TypeVar("T")


@overload
def group_by_key(
    self: Flow[T], key: Callable[[T], Coroutine[Any, Any, K]], capacity: int = Channel.BUFFERED
) -> Flow[GroupedFlow[K, T]]: ...
@overload
def group_by_key(self: Flow[T], key: Callable[[T], K], capacity: int = Channel.BUFFERED) -> Flow[GroupedFlow[K, T]]: ...
def group_by_key(self: Flow[T], key: Callable[[T], Any], capacity: int = Channel.BUFFERED) -> Flow[GroupedFlow[Any, T]]:
    """A flow per ``key(value)``, given out when its first value comes, with that value and all later ones of the key.

    Every group has a buffer of its own, of `capacity` values (64). While one of them is full everything waits, so each
    group has to be collected, at the same time as the others: by `flat_map_merge` with enough concurrency, or
    `launch_in`. A collector may leave: then the next value of that key opens a new group.

    The groups end with the flow, failing if it failed. If the collection of the groups is cut short they give what they
    hold, then raise `CancellationError`.

    >>> async def total(group):
    ...     return group.key, await group.fold(0, lambda total, n: total + n)
    >>> groups = flow_of(1, 2, 3, 4).group_by_key(lambda n: "even" if n % 2 == 0 else "odd")
    >>> run(groups.map_concurrent(total, limit=10).to_list)
    [('odd', 4), ('even', 6)]
    """
    require_callable(key, "key")
    Channel[Any](capacity)  # refuses what is no capacity
    return self._sent_by(_group_by_key, key, *(() if capacity == Channel.BUFFERED else (capacity,)))


async def _group_by_key(
    producer: ProducerScope[Any], source: AsyncIterator[T], key: Callable[[T], Any], capacity: int = Channel.BUFFERED
) -> None:
    groups: dict[Any, Channel[T]] = {}
    why: BaseException | None = None
    try:
        async for value in source:
            of = await settled(key(value))
            while not await _taken(value, groups.get(of)):
                await _open_group(producer, groups, of, capacity)
    except BaseException as failure:
        why = failure if isinstance(failure, Exception) else CancellationError("the groups are collected no longer")
        await close(source, failure)
        raise
    finally:
        for group in tuple(groups.values()):
            group.close(why)


async def _taken(value: T, group: Channel[T] | None) -> bool:
    """Whether the group has taken the value: not if there is none, or if its collector has left."""
    if group is None:
        return False
    try:
        await group.send(value)
    except CancellationError:
        return False
    return True


async def _open_group(producer: ProducerScope[Any], groups: dict[Any, Channel[Any]], key: Any, capacity: int) -> None:
    from .._grouped_flow import GroupedFlow

    group = groups[key] = Channel[Any](capacity)
    group.invoke_on_close(lambda _: groups.pop(key))  # nothing is kept of a group that its collector has left
    await producer.channel.send(GroupedFlow(key, group))

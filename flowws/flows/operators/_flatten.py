"""Flows of flows, one after the other: `flat_map_concat`, `flatten_concat`."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .._arguments import require_callable
from .._fusion import Template
from ._transform import ALL_OF_INNER

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")
R = TypeVar("R")


@overload
def flat_map_concat(self: Flow[T], transform: Callable[[T], Coroutine[Any, Any, AsyncIterable[R]]]) -> Flow[R]: ...
@overload
def flat_map_concat(self: Flow[T], transform: Callable[[T], AsyncIterable[R]]) -> Flow[R]: ...
def flat_map_concat(self: Flow[T], transform: Callable[[T], Any]) -> Flow[Any]:
    """The values of the flow ``transform(value)``, for one value after the other.

    The next value is asked for when the flow of the one before has ended: there is no concurrency and no buffer. A
    failure in one of the flows fails the whole; one that is cut short is closed, and its cleanup awaited.

    >>> run(flow_of(1, 2).flat_map_concat(lambda n: flow_of(n, n * 10)).to_list)
    [1, 10, 2, 20]

    Kotlin: `flatMapConcat`.
    """
    require_callable(transform, "transform")
    return self._then(_FLAT_MAP_CONCAT, transform=transform)


def flatten_concat(self: Flow[AsyncIterable[R]]) -> Flow[R]:
    """The values of each flow that comes from above, one flow after the other.

    As ``flat_map_concat(lambda flow: flow)``.

    >>> run(flow_of(flow_of(1, 2), flow_of(3)).flatten_concat().to_list)
    [1, 2, 3]

    Kotlin: `flattenConcat`.
    """
    return self._then(_FLATTEN_CONCAT)


_FLAT_MAP_CONCAT = Template("flat_map_concat", f"""
    flow = @transform(value)
    inner = aiter(flow)
    {ALL_OF_INNER}
""", before="budget = BUDGET", blocks=3)  # fmt: skip  # a template reads best as a block
_FLATTEN_CONCAT = Template("flatten_concat", f"""
    inner = aiter(value)
    {ALL_OF_INNER}
""", before="budget = BUDGET", blocks=3)  # fmt: skip  # a template reads best as a block

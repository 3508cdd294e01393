"""The values in groups: `group_by`."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .._arguments import require_callable
from .._fusion import Template

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")


@overload
async def group_by(
    self: Flow[T],
    key: Callable[[T], Coroutine[Any, Any, K]],
    *,
    into: dict[K, list[T]] | None = None,
) -> dict[K, list[T]]: ...
@overload
async def group_by(
    self: Flow[T],
    key: Callable[[T], K],
    *,
    into: dict[K, list[T]] | None = None,
) -> dict[K, list[T]]: ...
@overload
async def group_by(
    self: Flow[T],
    key: Callable[[T], Coroutine[Any, Any, K]],
    *,
    value: Callable[[T], Coroutine[Any, Any, V]],
    into: dict[K, list[V]] | None = None,
) -> dict[K, list[V]]: ...
@overload
async def group_by(
    self: Flow[T],
    key: Callable[[T], K],
    *,
    value: Callable[[T], Coroutine[Any, Any, V]],
    into: dict[K, list[V]] | None = None,
) -> dict[K, list[V]]: ...
@overload
async def group_by(
    self: Flow[T],
    key: Callable[[T], Coroutine[Any, Any, K]],
    *,
    value: Callable[[T], V],
    into: dict[K, list[V]] | None = None,
) -> dict[K, list[V]]: ...
@overload
async def group_by(
    self: Flow[T],
    key: Callable[[T], K],
    *,
    value: Callable[[T], V],
    into: dict[K, list[V]] | None = None,
) -> dict[K, list[V]]: ...
async def group_by(
    self: Flow[Any],
    key: Callable[[Any], Any],
    *,
    value: Callable[[Any], Any] | None = None,
    into: dict[Any, list[Any]] | None = None,
) -> dict[Any, list[Any]]:
    """The values in lists by ``key(each)``, or what ``value(each)`` makes of them, once the flow has ended.

    With `into` they are appended to the lists there; it then holds what came before a failure. A flow of flows, for a
    stream that does not end, is `group_by_key`.

    >>> async def main():
    ...     words = flow_of("apple", "banana", "avocado")
    ...     print(await words.group_by(lambda word: word[0]))
    ...     print(await words.group_by(lambda word: word[0], value=len))
    >>> run(main)
    {'a': ['apple', 'avocado'], 'b': ['banana']}
    {'a': [5, 7], 'b': [6]}

    Kotlin: `groupBy`, `groupByTo`.
    """
    require_callable(key, "key")
    if value is not None:
        require_callable(value, "value")
    groups: dict[Any, list[Any]] = {} if into is None else into
    if value is None:
        await self._finish(_GROUP_BY, key=key, _groups=groups)
    else:
        await self._finish(_GROUP_BY_WITH, key=key, make=value, _groups=groups)
    return groups


_GROUP_BY = Template("group_by", """
    its_key = @key(value)
    _groups.setdefault(its_key, []).append(value)
""")  # fmt: skip  # a template reads best as a block
_GROUP_BY_WITH = Template("group_by", """
    its_key = @key(value)
    its_value = @make(value)
    _groups.setdefault(its_key, []).append(its_value)
""")  # fmt: skip  # a template reads best as a block

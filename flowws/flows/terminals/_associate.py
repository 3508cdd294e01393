"""The values in a dict: `associate`, `associate_by`, `associate_with`."""

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
async def associate(
    self: Flow[T], transform: Callable[[T], Coroutine[Any, Any, tuple[K, V]]], *, into: dict[K, V] | None = None
) -> dict[K, V]: ...
@overload
async def associate(
    self: Flow[T], transform: Callable[[T], tuple[K, V]], *, into: dict[K, V] | None = None
) -> dict[K, V]: ...
async def associate(
    self: Flow[Any], transform: Callable[[Any], Any], *, into: dict[Any, Any] | None = None
) -> dict[Any, Any]:
    """A dict of the pairs ``(key, value) = transform(each)``; of equal keys the last one wins.

    With `into` they are put there; it then holds what came before a failure.

    >>> run(flow_of("a", "bc").associate, lambda word: (word, len(word)))
    {'a': 1, 'bc': 2}
    """
    require_callable(transform, "transform")
    entries: dict[Any, Any] = {} if into is None else into
    await self._finish(_ASSOCIATE, transform=transform, _entries=entries)
    return entries


@overload
async def associate_by(
    self: Flow[T],
    key: Callable[[T], Coroutine[Any, Any, K]],
    *,
    into: dict[K, T] | None = None,
) -> dict[K, T]: ...
@overload
async def associate_by(
    self: Flow[T],
    key: Callable[[T], K],
    *,
    into: dict[K, T] | None = None,
) -> dict[K, T]: ...
@overload
async def associate_by(
    self: Flow[T],
    key: Callable[[T], Coroutine[Any, Any, K]],
    *,
    value: Callable[[T], Coroutine[Any, Any, V]],
    into: dict[K, V] | None = None,
) -> dict[K, V]: ...
@overload
async def associate_by(
    self: Flow[T],
    key: Callable[[T], K],
    *,
    value: Callable[[T], Coroutine[Any, Any, V]],
    into: dict[K, V] | None = None,
) -> dict[K, V]: ...
@overload
async def associate_by(
    self: Flow[T],
    key: Callable[[T], Coroutine[Any, Any, K]],
    *,
    value: Callable[[T], V],
    into: dict[K, V] | None = None,
) -> dict[K, V]: ...
@overload
async def associate_by(
    self: Flow[T],
    key: Callable[[T], K],
    *,
    value: Callable[[T], V],
    into: dict[K, V] | None = None,
) -> dict[K, V]: ...
async def associate_by(
    self: Flow[Any],
    key: Callable[[Any], Any],
    *,
    value: Callable[[Any], Any] | None = None,
    into: dict[Any, Any] | None = None,
) -> dict[Any, Any]:
    """A dict of the values by ``key(each)``, or of what ``value(each)`` makes of them; of equal keys the last one wins.

    With `into` they are put there; it then holds what came before a failure.

    >>> async def main():
    ...     words = flow_of("apple", "banana", "avocado")
    ...     print(await words.associate_by(len))
    ...     print(await words.associate_by(lambda word: word[0], value=len))
    >>> run(main)
    {5: 'apple', 6: 'banana', 7: 'avocado'}
    {'a': 7, 'b': 6}

    Kotlin: `associateBy`, `associateByTo`.
    """
    require_callable(key, "key")
    if value is not None:
        require_callable(value, "value")
    entries: dict[Any, Any] = {} if into is None else into
    if value is None:
        await self._finish(_ASSOCIATE_BY, key=key, _entries=entries)
    else:
        await self._finish(_ASSOCIATE_BY_WITH, key=key, make=value, _entries=entries)
    return entries


@overload
async def associate_with(
    self: Flow[T], value: Callable[[T], Coroutine[Any, Any, V]], *, into: dict[T, V] | None = None
) -> dict[T, V]: ...
@overload
async def associate_with(self: Flow[T], value: Callable[[T], V], *, into: dict[T, V] | None = None) -> dict[T, V]: ...
async def associate_with(
    self: Flow[Any], value: Callable[[Any], Any], *, into: dict[Any, Any] | None = None
) -> dict[Any, Any]:
    """A dict with the values as its keys, and ``value(each)`` for each of them; of equal values the last one wins.

    With `into` they are put there; it then holds what came before a failure.

    >>> run(flow_of("a", "bc").associate_with, len)
    {'a': 1, 'bc': 2}

    Kotlin: `associateWith`, `associateWithTo`.
    """
    require_callable(value, "value")
    entries: dict[Any, Any] = {} if into is None else into
    await self._finish(_ASSOCIATE_WITH, make=value, _entries=entries)
    return entries


_ASSOCIATE = Template("associate", """
    pair = @transform(value)
    its_key, its_value = pair
    _entries[its_key] = its_value
""")  # fmt: skip  # a template reads best as a block
_ASSOCIATE_BY = Template("associate_by", """
    its_key = @key(value)
    _entries[its_key] = value
""")  # fmt: skip  # a template reads best as a block
_ASSOCIATE_BY_WITH = Template("associate_by", """
    its_key = @key(value)
    its_value = @make(value)
    _entries[its_key] = its_value
""")  # fmt: skip  # a template reads best as a block
_ASSOCIATE_WITH = Template("associate_with", """
    its_value = @make(value)
    _entries[value] = its_value
""")  # fmt: skip  # a template reads best as a block

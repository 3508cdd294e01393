"""All the values: `to_list`, `to_set`, `to_collection`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from .._fusion import Template

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


@runtime_checkable
class _Appending(Protocol[T_contra]):
    def append(self, value: T_contra, /) -> object: ...


@runtime_checkable
class _Adding(Protocol[T_contra]):
    def add(self, value: T_contra, /) -> object: ...


A = TypeVar("A", bound=_Appending[Any] | _Adding[Any])


async def to_list(self: Flow[T], into: list[T] | None = None) -> list[T]:
    """Every value, in a new list or appended to `into`, which then holds what came before a failure.

    >>> run(flow_of(1, 2).to_list)
    [1, 2]

    Kotlin: `toList`.
    """
    collected: list[T] = [] if into is None else into
    await self._finish(_TO_LIST, _put=collected.append)
    return collected


async def to_set(self: Flow[T], into: set[T] | None = None) -> set[T]:
    """Every value, in a new set or added to `into`, which then holds what came before a failure.

    Of values that are equal the first stays. A set of Python has no order: see `to_list` and `associate_with`.

    >>> run(flow_of(1, 2, 1).to_set)
    {1, 2}

    Kotlin: `toSet`.
    """
    collected: set[T] = set() if into is None else into
    await self._finish(_TO_SET, _put=collected.add)
    return collected


async def to_collection(self: Flow[Any], into: A) -> A:
    """Put every value into a list, a deque, a set, or whatever has `append` or `add`, and return that.

    It fills while the flow runs, and holds what came before a failure or a cancellation.

    Raises `TypeError` for what has neither.

    >>> from collections import deque
    >>> run(flow_of(1, 2, 3).to_collection, deque(maxlen=2))
    deque([2, 3], maxlen=2)

    Kotlin: `toCollection`.
    """
    if not isinstance(into, _Appending | _Adding):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise TypeError(f"into must have append or add, as a list or a set has; got {into!r}")
    await self._finish(_TO_COLLECTION, _put=into.append if isinstance(into, _Appending) else into.add)
    return into


_TO_LIST, _TO_SET, _TO_COLLECTION = (Template(name, "_put(value)") for name in ("to_list", "to_set", "to_collection"))

"""Each value added to those before it: `running_fold` (also called `scan`) and `running_reduce`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .._arguments import require_callable
from .._fusion import Template

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")
R = TypeVar("R")


@overload
def running_fold(self: Flow[T], initial: R, operation: Callable[[R, T], Coroutine[Any, Any, R]]) -> Flow[R]: ...
@overload
def running_fold(self: Flow[T], initial: R, operation: Callable[[R, T], R]) -> Flow[R]: ...
def running_fold(self: Flow[T], initial: R, operation: Callable[[R, T], Any]) -> Flow[R]:
    """`initial`, then every step of folding the values with ``operation(accumulated, value)``.

    One value more than there are above; `initial` comes before anything above starts, and also when nothing comes from
    there. It is shared between collections: an operation that changes it in place changes it for all of them.

    >>> run(flow_of(1, 2, 3).running_fold(0, lambda total, n: total + n).to_list)
    [0, 1, 3, 6]

    Kotlin: `runningFold`.
    """
    require_callable(operation, "operation")
    return self._then(_RUNNING_FOLD, initial=initial, operation=operation)


@overload
def scan(self: Flow[T], initial: R, operation: Callable[[R, T], Coroutine[Any, Any, R]]) -> Flow[R]: ...
@overload
def scan(self: Flow[T], initial: R, operation: Callable[[R, T], R]) -> Flow[R]: ...
def scan(self: Flow[T], initial: R, operation: Callable[[R, T], Any]) -> Flow[R]:
    """Another name for `running_fold`: `initial`, then every step of folding the values.

    >>> run(flow_of(1, 2, 3).scan(0, lambda total, n: total + n).to_list)
    [0, 1, 3, 6]
    """
    require_callable(operation, "operation")
    return self._then(_SCAN, initial=initial, operation=operation)


_STEP = """
    total = @operation(total, value)
    value = total
    ...
"""
_INITIAL = """
    value = total
    ...
"""
_RUNNING_FOLD = Template("running_fold", _STEP, before="total = initial", first=_INITIAL)
_SCAN = Template("scan", _STEP, before="total = initial", first=_INITIAL)


def running_reduce(self: Flow[T], operation: Callable[[T, T], Awaitable[T]] | Callable[[T, T], T]) -> Flow[T]:
    """The first value, then every step of folding the others into it with ``operation(accumulated, value)``.

    As many values as there are above: none, and no failure, when nothing comes from there.

    >>> run(flow_of(1, 2, 3).running_reduce(lambda total, n: total + n).to_list)
    [1, 3, 6]

    Kotlin: `runningReduce`.
    """
    require_callable(operation, "operation")
    return self._then(_RUNNING_REDUCE, operation=operation)


_RUNNING_REDUCE = Template("running_reduce", """
    if total is unset:
        total = value
    else:
        total = @operation(total, value)
    value = total
    ...
""", before="total = unset")  # fmt: skip  # a template reads best as a block

"""Operators of aioreactive, and functions of your own, in a chain: `pipe`, `as_observable`."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .._arguments import require_callable

if TYPE_CHECKING:
    from typing import TypeAlias

    from aioreactive import AsyncObservable

    from .._flow import Flow

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")

Operator: TypeAlias = "Callable[[AsyncObservable[A]], AsyncObservable[B]]"


@overload
def pipe(self: Flow[T], first: Operator[T, A], /) -> Flow[A]: ...
@overload
def pipe(self: Flow[T], first: Operator[T, A], second: Operator[A, B], /) -> Flow[B]: ...
@overload
def pipe(self: Flow[T], first: Operator[T, A], second: Operator[A, B], third: Operator[B, C], /) -> Flow[C]: ...
@overload
def pipe(
    self: Flow[T],
    first: Operator[T, A],
    second: Operator[A, B],
    third: Operator[B, C],
    fourth: Operator[C, D],
    /,
) -> Flow[D]: ...
@overload
def pipe(self: Flow[Any], *operators: Callable[[Any], Any]) -> Flow[Any]: ...
def pipe(self: Flow[Any], *operators: Callable[[Any], Any]) -> Flow[Any]:
    """What the operators of aioreactive, one after the other, make of this flow; the result is a flow again.

    This flow is observed, as by `subscribe_async`, and the result collected, as by `from_observable`: what an operator
    does not keep back waits until the collector asks for it.

    Raises `TypeError` for what is no function, or gives no observable.

    >>> import aioreactive as rx
    >>> run(flow_of(1, 2, 3).pipe(rx.filter(lambda n: n > 1), rx.map(lambda n: n * 10)).to_list)
    [20, 30]
    """
    from .._observable_flow import PipedFlow

    for operator in operators:
        require_callable(operator, "operator")
    observable: Any = reduce(lambda below, operator: operator(below), operators, as_observable(self))
    return PipedFlow(observable, self, operators)


def as_observable(self: Flow[T]) -> AsyncObservable[T]:
    """This flow as an `AsyncObservable` of aioreactive.

    At run time a flow is one already, since it has `subscribe_async`; a type checker asks for the class.

    >>> import aioreactive as rx
    >>> merged = rx.merge(flow_of(2).as_observable())(flow_of(1).as_observable())
    >>> sorted(run(from_observable(merged).to_list))
    [1, 2]
    """
    from .._aioreactive import FlowObservable

    return FlowObservable(self)

"""A state made of other states: `map_state`, `combine_states`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from inspect import iscoroutinefunction
from types import CoroutineType
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ._arguments import require_callable
from ._equality import same
from ._state_flow import StateFlow
from ._watching import Watcher, watched

if TYPE_CHECKING:
    from ._mutable_state_flow import MutableStateFlow

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


@overload
def combine_states(first: StateFlow[A], /, *, transform: Callable[[A], R]) -> StateFlow[R]: ...
@overload
def combine_states(first: StateFlow[A], second: StateFlow[B], /, *, transform: Callable[[A, B], R]) -> StateFlow[R]: ...
@overload
def combine_states(
    first: StateFlow[A], second: StateFlow[B], third: StateFlow[C], /, *, transform: Callable[[A, B, C], R]
) -> StateFlow[R]: ...
@overload
def combine_states(
    first: StateFlow[A],
    second: StateFlow[B],
    third: StateFlow[C],
    fourth: StateFlow[D],
    /,
    *,
    transform: Callable[[A, B, C, D], R],
) -> StateFlow[R]: ...
@overload
def combine_states(*states: StateFlow[A], transform: Callable[[*tuple[A, ...]], R]) -> StateFlow[R]: ...
def combine_states(*states: StateFlow[Any], transform: Callable[..., R]) -> StateFlow[R]:
    """The state ``transform(*values)`` of the values of `states`: it has a value at any time and needs no scope.

    It changes when one of them does; states that change between two steps of a collector change it once, so that it
    never shows one half of an update. `transform` is called when the result is asked for, once per set of values: it
    must be a plain function, and should be a cheap one. Its failure reaches whoever asks.

    Raises `TypeError` for what is no state, and for an async function.

    >>> width, height = MutableStateFlow(2), MutableStateFlow(3)
    >>> area = combine_states(width, height, transform=lambda width, height: width * height)
    >>> height.value = 5
    >>> area.value
    10
    """
    if not states:
        raise ValueError("combine_states needs a state")
    for state in states:
        if not isinstance(state, StateFlow):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
            raise TypeError(f"combine_states takes states, not {state!r}")
    return DerivedState(states, transform)


class DerivedState(StateFlow[R_co]):
    """What `map_state` and `combine_states` return.

    The last result is kept with the values that it was made of, so that many collectors cost one call of `transform`.
    """

    __slots__ = ("_arguments", "_result", "_states", "_transform")

    def __init__(self, states: tuple[StateFlow[Any], ...], transform: Callable[..., R_co]) -> None:
        require_callable(transform, "transform")
        if iscoroutinefunction(transform):
            raise TypeError(f"transform must not be async: a state has its value at any time; got {transform!r}")
        self._states = states
        self._transform = transform
        self._arguments: tuple[Any, ...] | None = None
        self._result: R_co

    @property
    def value(self) -> R_co:
        arguments = tuple(state.value for state in self._states)
        known = self._arguments
        if known is None or any(old is not new for old, new in zip(known, arguments, strict=True)):
            result = self._transform(*arguments)
            if isinstance(result, CoroutineType):
                result.close()
                raise TypeError(f"transform must not be async, but {self._transform!r} has returned a coroutine")
            if known is None or not same(self._result, result):
                self._result = result
            self._arguments = arguments
        return self._result

    @property
    def _roots(self) -> tuple[MutableStateFlow[Any], ...]:
        return tuple(dict.fromkeys(root for state in self._states for root in state._roots))

    def _open(self) -> AsyncIterator[R_co]:
        return watched(self, Watcher(self._roots))

    def __repr__(self) -> str:
        try:
            return f"<StateFlow {self.value!r}>"
        except Exception as failure:  # noqa: BLE001  # of the transform: it reaches who asks for the value
            return f"<StateFlow without a value: {failure!r}>"

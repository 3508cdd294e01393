"""A flow with a gate: `pausable`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, TypeVar

from .._closing import close

if TYPE_CHECKING:
    from .._flow import Flow
    from .._state_flow import StateFlow

T = TypeVar("T")


def pausable(self: Flow[T], gate: StateFlow[bool]) -> Flow[T]:
    """The same values, but none of them while `gate` is False.

    While the gate is closed what is above is not asked for values; one that came just before waits in hand, and nothing
    is dropped. A hot flow is subscribed to all the same, so its buffer decides what waits there: `buffer` and
    `conflate` above this operator say otherwise. An end or a failure that comes meanwhile passes.

    Raises `TypeError` unless `gate` is a `StateFlow`.

    >>> async def main():
    ...     gate = MutableStateFlow(False)
    ...     async with coroutine_scope() as scope:
    ...         flow_of("a").pausable(gate).on_each(print).launch_in(scope)
    ...         await yield_now()
    ...         print("open")
    ...         gate.value = True
    >>> run(main)
    open
    a
    """
    from .._state_flow import StateFlow

    if not isinstance(gate, StateFlow):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise TypeError(f"gate must be a StateFlow of bools, not {gate!r}")
    return self._through(_pausable, gate)


async def _pausable(source: AsyncIterator[T], gate: StateFlow[bool]) -> AsyncIterator[T]:
    try:
        while True:
            await _opened(gate)
            try:
                value = await anext(source)
            except StopAsyncIteration:
                return
            await _opened(gate)
            yield value
    except BaseException as failure:
        await close(source, failure)
        raise


async def _opened(gate: StateFlow[bool]) -> None:
    while not gate.value:
        await gate.first(bool)

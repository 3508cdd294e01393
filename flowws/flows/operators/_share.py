"""A cold flow made hot: `state_in`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, TypeVar

from flowws._core import CoroutineScope, Job, coroutine_scope

from .._closing import close

if TYPE_CHECKING:
    from .._flow import Flow
    from .._sharing_started import SharingCommand, SharingStarted
    from .._state_flow import MutableStateFlow, StateFlow

T = TypeVar("T")


def state_in(self: Flow[T], scope: CoroutineScope, started: SharingStarted, initial: T) -> StateFlow[T]:
    """Run this flow in a job of `scope` and show its newest value as a state, `initial` at first.

    The end of the flow is not seen by collectors, who keep the last value; its failure fails the scope. With
    `SharingStarted.EAGERLY` a hot flow is subscribed to before this returns.

    >>> async def main():
    ...     async with coroutine_scope() as scope:
    ...         newest = flow_of(1, 2).state_in(scope, SharingStarted.EAGERLY, 0)
    ...         return await newest.first(lambda n: n == 2)
    >>> run(main)
    2

    Kotlin: `stateIn`.
    """
    from .._sharing_started import SharingStarted
    from .._state_flow import MutableStateFlow, ReadOnlyStateFlow

    if not isinstance(started, SharingStarted):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise TypeError(f"started must be a SharingStarted, not {started!r}")
    state = MutableStateFlow(initial)
    name = f"state_in {self!r}"
    if started is SharingStarted.EAGERLY:
        scope.launch(_copy, aiter(self), state, name=name)
    else:
        # Subscribed to now: a collector that comes and goes before the job's first step counts too.
        commands = aiter(started.command(state.subscription_count).distinct_until_changed())
        scope.launch(_share, self, commands, state, initial, name=name)
    return ReadOnlyStateFlow(state)


async def _copy(values: AsyncIterator[T], state: MutableStateFlow[T]) -> None:
    try:
        async for value in values:
            state.value = value
    except BaseException as failure:
        await close(values, failure)
        raise


async def _share(
    flow: Flow[T], commands: AsyncIterator[SharingCommand], state: MutableStateFlow[T], initial: T
) -> None:
    from .._sharing_started import SharingCommand

    running: Job | None = None
    async with coroutine_scope() as scope:
        try:
            async for command in commands:
                if command is SharingCommand.START:
                    running = scope.launch(_copy, aiter(flow), state)
                elif running is not None:
                    await running.cancel_and_join()
                    if command is SharingCommand.STOP_AND_RESET_REPLAY_CACHE:
                        state.value = initial
        except BaseException as failure:
            await close(commands, failure)
            raise

"""A cold flow made hot: `share_in`, `state_in`, `await_state_in`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from flowws._core import CompletableDeferred, CoroutineScope, Job, NoSuchElementError, coroutine_scope

from .._arguments import require_count
from .._closing import close
from .._showing import job_name

if TYPE_CHECKING:
    from .._flow import Flow
    from .._mutable_state_flow import MutableStateFlow
    from .._shared_flow import SharedFlow
    from .._sharing_started import SharingCommand, SharingStarted
    from .._state_flow import StateFlow

T = TypeVar("T")


def share_in(
    self: Flow[T], scope: CoroutineScope, started: SharingStarted, replay: int = 0, *, complete: bool = False
) -> SharedFlow[T]:
    """Run this flow in a job of `scope` and share its values among all who subscribe; each gets the last `replay`
    values first.

    Subscribers may lag by 64 values, or by `replay` if that is more, before the flow has to wait for the slowest. A
    `buffer` or `conflate` right above says something else, and adds no buffer of its own.

    The end of the flow is not seen by subscribers, who keep waiting, and its failure fails the scope. With ``complete``
    they are told: their iteration ends when they have taken what was shared, or raises the failure, which is then
    theirs and not the scope's. With `SharingStarted.EAGERLY` a hot flow is subscribed to before this returns; other
    strategies keep the job waiting for subscribers, so that the scope has to be cancelled.

    Raises `TypeError` or `ValueError` for what is no strategy or no replay.

    >>> async def main():
    ...     async with coroutine_scope() as scope:
    ...         shared = flow_of(1, 2, 3).share_in(scope, SharingStarted.LAZILY, complete=True)
    ...         return await shared.to_list()
    >>> run(main)
    [1, 2, 3]

    Kotlin: `shareIn`.
    """
    from .._mutable_shared_flow import MutableSharedFlow
    from .._shared_flow import ReadOnlySharedFlow

    require_count(replay, "replay", least=0)
    require_strategy(started)
    upstream, settings = self._without_channel()
    extra = settings.extra_buffer_capacity(replay)
    shared = MutableSharedFlow[T](replay, extra, settings.on_buffer_overflow)
    sharing = _Sharing(upstream, shared.emit, shared.reset_replay_cache, shared.close if complete else None)
    name = job_name("share_in", self)
    settings.begin_in(scope, name, lambda scope, name: sharing.begin(scope, started, shared.subscription_count, name))
    return ReadOnlySharedFlow(shared)


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
    from .._mutable_state_flow import MutableStateFlow
    from .._state_flow import ReadOnlyStateFlow

    require_strategy(started)
    state = MutableStateFlow(initial)
    sharing = _Sharing(self, state.emit, lambda: state.update(lambda _: initial))
    sharing.begin(scope, started, state.subscription_count, job_name("state_in", self))
    return ReadOnlyStateFlow(state)


async def await_state_in(self: Flow[T], scope: CoroutineScope) -> StateFlow[T]:
    """Run this flow in a job of `scope`, wait for its first value, and show its newest one as a state.

    A flow without values raises `NoSuchElementError` here and leaves the scope alone. A failure before the first value
    is raised here and fails the scope too, later ones only fail the scope. If the scope is cancelled meanwhile, that is
    a `CancellationError` here. Cancelling this call leaves the job alone.

    >>> async def main():
    ...     async with coroutine_scope() as scope:
    ...         return (await flow_of(7).await_state_in(scope)).value
    >>> run(main)
    7

    Kotlin: `stateIn`, the suspending one.
    """
    from .._mutable_state_flow import MutableStateFlow
    from .._state_flow import ReadOnlyStateFlow

    first: CompletableDeferred[StateFlow[T]] = CompletableDeferred()
    values = aiter(self)

    async def show() -> None:
        state: MutableStateFlow[T] | None = None
        try:
            async for value in values:
                if state is None:
                    state = MutableStateFlow(value)
                    first.complete(ReadOnlyStateFlow(state))
                else:
                    state.value = value
        except BaseException as failure:
            await close(values, failure)
            raise

    def tell(failure: BaseException | None) -> None:
        first.complete_exceptionally(failure or NoSuchElementError(f"{self!r} has no value to begin the state with"))

    scope.launch(show, name=job_name("await_state_in", self)).invoke_on_completion(tell)
    return await first


def require_strategy(started: object) -> None:
    """`TypeError` unless `started` is a `SharingStarted`."""
    from .._sharing_started import SharingStarted

    if not isinstance(started, SharingStarted):
        raise TypeError(f"started must be a SharingStarted, not {started!r}")


class _Sharing(Generic[T]):
    """One job that collects a flow on behalf of subscribers who come and go."""

    def __init__(
        self,
        flow: Flow[T],
        emit: Callable[[T], Awaitable[None]],
        reset: Callable[[], object],
        over: Callable[[BaseException | None], object] | None = None,
    ) -> None:
        self._flow = flow
        self._emit = emit
        self._reset = reset
        self._over = over  # whom to tell of the end, if anybody
        self._job: Job

    def begin(
        self, scope: CoroutineScope, started: SharingStarted, subscription_count: StateFlow[int], name: str
    ) -> None:
        from .._sharing_started import SharingStarted

        if started is SharingStarted.EAGERLY:
            self._job = scope.launch(self._collect, aiter(self._flow), name=name)
        else:
            # Subscribed to now: a collector that comes and goes before the job's first step counts too.
            commands = aiter(started.command(subscription_count).distinct_until_changed())
            self._job = scope.launch(self._obey, commands, name=name)
        if self._over is not None:
            self._job.invoke_on_completion(self._over)

    async def _obey(self, commands: AsyncIterator[SharingCommand]) -> None:
        from .._sharing_started import SharingCommand

        running: Job | None = None
        async with coroutine_scope() as scope:
            try:
                async for command in commands:
                    if command is SharingCommand.START:
                        running = scope.launch(self._collect, aiter(self._flow), name=self._job.name)
                    elif running is not None:
                        await running.cancel_and_join()
                        if command is SharingCommand.STOP_AND_RESET_REPLAY_CACHE:
                            self._reset()
            except BaseException as failure:
                await close(commands, failure)
                raise

    async def _collect(self, values: AsyncIterator[T]) -> None:
        try:
            async for value in values:
                await self._emit(value)
        except BaseException as failure:
            await close(values, failure)
            if self._over is None or not isinstance(failure, Exception):
                raise
            self._end(failure)
        else:
            self._end(None)

    def _end(self, failure: Exception | None) -> None:
        """The flow is over; so is the sharing, if somebody is told of that."""
        if self._over is not None:
            self._over(failure)
            self._job.cancel()

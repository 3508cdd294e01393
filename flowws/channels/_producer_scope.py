"""`ProducerScope`: a scope and a sending end in one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from types import CoroutineType
from typing import TYPE_CHECKING, Any, TypeVar

from flowws._core import CoroutineScope, IllegalStateError, Job, SelectClause, Waiter, current_job, new_waiter

from ._channel_result import ChannelResult
from ._send_channel import SendChannel

if TYPE_CHECKING:
    from ._threads import Bridgehead

E_contra = TypeVar("E_contra", contravariant=True)


class ProducerScope(CoroutineScope, SendChannel[E_contra]):
    """What the function of a producer is given: send into it, and launch jobs in it that send too.

    ::

        producer.send --------------> channel -> whoever receives
        producer.launch -> a child -----^
                                        closed once the function and all its children have ended

    Kotlin: `ProducerScope`.
    """

    def __init__(self, job: Job, channel: SendChannel[E_contra]) -> None:
        self._job = job
        self._channel = channel

    @property
    def channel(self) -> SendChannel[E_contra]:
        """The channel that this sends into. Kotlin: `ProducerScope.channel`."""
        return self._channel

    async def await_close(self, cleanup: Callable[[], Awaitable[object] | object] | None = None) -> None:
        """Wait until the channel is closed or cancelled, or the producer is; then run `cleanup`, whichever it was.

        The last line of a producer that is fed by callbacks: it keeps the channel open, and `cleanup` unregisters them.
        An async `cleanup` is awaited to its end, also while the producer is being cancelled.

        Raises `IllegalStateError`: at once in any other job than the producer's own, a child or a scope inside it
        included; and when somebody waits already, or has called `invoke_on_close`.

        Kotlin: `awaitClose`.
        """
        if current_job() is not self._job:
            raise IllegalStateError(f"await_close belongs into the function of {self._job.name} itself")
        try:
            waiter: Waiter[None] = new_waiter()

            def wake(_: BaseException | None) -> None:
                if not waiter.done():
                    waiter.set_result(None)

            self._channel.invoke_on_close(wake)
            await waiter
        finally:
            done = None if cleanup is None else cleanup()
            if isawaitable(done):
                await _to_its_end(done)

    # The sending end. What an `async def` gives is a Coroutine to mypy and a CoroutineType to pyright.

    @property
    def is_closed_for_send(self) -> bool:
        return self._channel.is_closed_for_send

    def send(self, element: E_contra) -> CoroutineType[Any, Any, None]:
        return self._channel.send(element)  # type: ignore[return-value]  # as above

    def try_send(self, element: E_contra) -> ChannelResult[None]:
        return self._channel.try_send(element)

    def _send_clause(self, element: E_contra, handler: Callable[[Any], Any] | None) -> SelectClause[Any]:
        if handler is None:
            return self._channel._send_clause(element, lambda _: self)
        return self._channel._send_clause(element, lambda _: handler(self))

    def _bridge(self) -> Bridgehead[E_contra]:
        return self._channel._bridge()

    def close(self, cause: BaseException | None = None) -> bool:
        return self._channel.close(cause)

    def invoke_on_close(self, handler: Callable[[BaseException | None], object]) -> None:
        self._channel.invoke_on_close(handler)


async def _to_its_end(cleanup: Awaitable[object]) -> None:
    import anyio

    with anyio.CancelScope(shield=True):
        await cleanup

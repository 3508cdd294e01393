"""The two sides of the bridge to aioreactive: its observers that feed a flow, and its subscriptions that run one.

aioreactive is imported here and nowhere else, and this room is entered only by those who use the bridge.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

import anyio
from aioreactive import AsyncObservable, AsyncObserver
from expression.system import AsyncDisposable

from flowws._core import CoroutineContext, CoroutineScope, IllegalStateError, Job, checkpoint, current_job
from flowws.channels import ProducerScope, SendChannel

from ._arguments import require_callable, settled
from ._closing import close
from ._showing import job_name

if TYPE_CHECKING:
    from ._flow import Flow

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)

Callback: TypeAlias = Callable[..., Awaitable[object]] | Callable[..., object]


def require_asyncio() -> None:
    """`IllegalStateError` unless the loop is asyncio's, which is the only one that aioreactive knows."""
    loop = anyio.get_cancelled_exc_class().__module__.partition(".")[0]
    if loop != "asyncio":
        raise IllegalStateError(f"aioreactive runs on asyncio only, and this is {loop}")


# An observable that is collected


async def observe(producer: ProducerScope[T], observable: AsyncObservable[T]) -> None:
    """Subscribe, stay subscribed until the observable has ended or the collector has gone, and dispose.

    A job of its own, since an observable may send already while it is being subscribed to.
    """
    subscription = await observable.subscribe_async(ChannelObserver(producer.channel))
    await producer.await_close(subscription.dispose_async)


class ChannelObserver(AsyncObserver[T_contra]):
    """Sends on what it observes. Who sends waits until the collector asks for the value: that is the back-pressure."""

    __slots__ = ("_channel",)

    def __init__(self, channel: SendChannel[T_contra]) -> None:
        self._channel = channel

    async def asend(self, value: T_contra) -> None:
        if self._channel.is_closed_for_send:
            await checkpoint()  # a source that does not listen when it is disposed must not run hot
            return
        try:
            await self._channel.send(value)
        except Exception:  # noqa: BLE001, S110  # the collector has gone meanwhile, of which observables are not told
            pass

    async def athrow(self, error: Exception) -> None:
        self._channel.close(error)

    async def aclose(self) -> None:
        self._channel.close()


# A flow that is observed


async def subscribe(
    flow: Flow[Any], send: AsyncObserver[Any] | Callback | None, throw: Callback | None, done: Callback | None
) -> AsyncDisposable:
    """See `Flow.subscribe_async`."""
    observer = (
        cast("AsyncObserver[Any]", send) if isinstance(send, AsyncObserver) else CallbackObserver(send, throw, done)
    )
    require_asyncio()
    scope = CoroutineScope("subscribe_async") + CoroutineContext(job=current_job())
    return Subscription(scope.launch(_notify, aiter(flow), observer, name=job_name("subscribe_async", flow)))


async def _notify(values: AsyncIterator[T], observer: AsyncObserver[T]) -> None:
    """Tell the observer of every value and then of the end: either a failure or none, and nothing when cancelled."""
    try:
        try:
            async for value in values:
                await observer.asend(value)
        except BaseException as failure:
            await close(values, failure)
            raise
    except Exception as failure:  # noqa: BLE001  # it is the observer's from here on
        await observer.athrow(failure)
    else:
        await observer.aclose()


class CallbackObserver(AsyncObserver[Any]):
    """An observer made of functions, sync or async. Without `throw` a failure is raised: it must not go unseen."""

    __slots__ = ("_done", "_send", "_throw")

    def __init__(self, send: Callback | None, throw: Callback | None, done: Callback | None) -> None:
        for function, name in ((send, "send"), (throw, "throw"), (done, "close")):
            if function is not None:
                require_callable(function, name)
        self._send = send
        self._throw = throw
        self._done = done

    async def asend(self, value: Any) -> None:
        if self._send is not None:
            await settled(self._send(value))

    async def athrow(self, error: Exception) -> None:
        if self._throw is None:
            raise error
        await settled(self._throw(error))

    async def aclose(self) -> None:
        if self._done is not None:
            await settled(self._done())


class Subscription(AsyncDisposable):
    """Disposing it cancels the collection, and waits for the cleanup."""

    __slots__ = ("_job",)

    def __init__(self, job: Job) -> None:
        self._job = job

    async def dispose_async(self) -> None:
        await self._job.cancel_and_join()


class FlowObservable(AsyncObservable[T_co]):
    """A flow for those who insist on the class."""

    __slots__ = ("_flow",)

    def __init__(self, flow: Flow[T_co]) -> None:
        self._flow = flow

    async def subscribe_async(
        self,
        send: AsyncObserver[T_co] | Callback | None = None,
        throw: Callback | None = None,
        close: Callback | None = None,
    ) -> AsyncDisposable:
        return await self._flow.subscribe_async(send, throw, close)

    def __repr__(self) -> str:
        return f"{self._flow!r}.as_observable()"

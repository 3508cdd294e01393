"""`ChannelFlow`: a flow whose values are sent by a job of their own, through a channel."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from copy import copy
from typing import TYPE_CHECKING, Any, TypeVar

from flowws._core import Call, CancellationError, checkpoint, closing_itself

from ._beginning import heed_cancellation
from ._channel_settings import ChannelSettings
from ._collection_scope import CollectionScope
from ._flow import Flow
from ._sending import send_all
from ._showing import ShownAs

if TYPE_CHECKING:
    from typing import TypeAlias

    from flowws._core import CoroutineScope
    from flowws.channels import ProducerScope, ReceiveChannel

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Producer: TypeAlias = "Callable[[ProducerScope[T]], Awaitable[object]]"


class ChannelFlow(Flow[T_co]):
    """A flow with a channel between those who send its values and the collector.

    ::

        the producer, a job ── send ──> channel ──> the collector's `async for`
             └─ its children ── send ──────^
                                            what `buffer`, `conflate` and `flow_on` configure

    For each collection one job is started, which sends the values; more may be launched in its `ProducerScope`. When
    they have all ended, so does the flow. A failure of one of them ends the others, and reaches the collector when that
    has taken what was sent before. However the collection ends, the jobs are cancelled and joined.

    `buffer`, `conflate`, `flow_on` and `produce_in` right behind such a flow use its channel instead of adding one.

    An operator that needs this and looks at one flow is a function ``async def stage(producer, iterator, *arguments)``
    which sends what it wants; the operator returns ``self._sent_by(stage, *arguments)``. Other flows derive from this
    class and say three things: `_begin`, `_shown_without_settings` and `_job_name`. They never change: `buffer` and its
    kin copy them.
    """

    __slots__ = ("_settings",)

    def __init__(self, settings: ChannelSettings | None = None) -> None:
        self._settings = ChannelSettings() if settings is None else settings

    @abstractmethod
    def _begin(self) -> Producer[Any]:
        """Begin one collection: subscribe to what is above, now, and return what will run as a job and send it.

        The job ends the flow by returning, and fails it by raising. It closes what it iterates over (`_closing.close`).
        """

    @property
    @abstractmethod
    def _shown_without_settings(self) -> ShownAs:
        """How it was written, without its settings."""

    @property
    @abstractmethod
    def _job_name(self) -> str:
        """What the job is called that no `flow_on` has given a name."""

    def __aiter__(self) -> AsyncGenerator[T_co, None]:
        return closing_itself(self._open())

    def _open(self) -> AsyncIterator[T_co]:
        return collected(self._begin(), self._settings, self._job_name)

    def _produce_in(self, scope: CoroutineScope) -> ReceiveChannel[T_co]:
        return self._settings.produce(scope, self._begin(), self._job_name)

    def _with_channel(self, settings: ChannelSettings) -> Flow[T_co]:
        twin = copy(self)
        twin._settings = self._settings.then(settings)
        return twin

    @property
    def _length(self) -> int:
        return self._own_length + len(self._settings.shown)

    @property
    def _own_length(self) -> int:
        """How many steps it has without its settings."""
        return 1

    @property
    def _shown_as(self) -> ShownAs:
        above, calls = self._shown_without_settings
        return above, (*calls, *self._settings.shown)


class StageChannelFlow(ChannelFlow[T_co]):
    """An operator that is a producer: ``stage(producer, iterator, *arguments)``."""

    __slots__ = ("_arguments", "_source", "_stage")

    def __init__(self, source: Flow[Any], stage: Callable[..., Awaitable[object]], arguments: tuple[Any, ...]) -> None:
        super().__init__()
        self._source = source
        self._stage = stage
        self._arguments = arguments

    def _begin(self) -> Producer[Any]:
        values, stage, arguments = aiter(self._source), self._stage, self._arguments
        return lambda producer: stage(producer, values, *arguments)

    @property
    def _job_name(self) -> str:
        return self._stage.__name__.strip("_")

    @property
    def _shown_without_settings(self) -> ShownAs:
        return self._source, (Call(self._job_name, self._arguments),)

    @property
    def _own_length(self) -> int:
        return self._source._length + 1


class BufferedFlow(ChannelFlow[T_co]):
    """What `buffer`, `conflate` and `flow_on` make of a flow that has no channel yet."""

    __slots__ = ("_source",)

    def __init__(self, source: Flow[T_co], settings: ChannelSettings) -> None:
        super().__init__(settings)
        self._source = source

    def _begin(self) -> Producer[Any]:
        values = aiter(self._source)
        return lambda producer: send_all(values, producer.channel.send)

    def _without_channel(self) -> tuple[Flow[T_co], ChannelSettings]:
        return self._source, self._settings

    @property
    def _job_name(self) -> str:
        return "buffer"

    @property
    def _shown_without_settings(self) -> ShownAs:
        return self._source, ()

    @property
    def _own_length(self) -> int:
        return self._source._length


async def collected(main: Producer[T], settings: ChannelSettings, name: str) -> AsyncIterator[T]:
    """One collection: start the job, pass on what it sends, cancel and join it."""
    scope = CollectionScope(name)
    await heed_cancellation(scope)
    channel: ReceiveChannel[T] = settings.produce(scope, main, name)
    try:
        async for value in channel:
            yield value
    except CancellationError:
        await checkpoint()  # if it is the collector who is cancelled, then by this, which no `catch` sees
        raise
    finally:
        was_told = _has_failed(scope)
        channel.cancel()  # first, so that nobody sends in vain while the jobs clean up
        await scope.aclose()
        if _has_failed(scope) and not was_told:  # a clean-up above: it counts as if there were no channel in between
            raise _failure_of(scope)


def _has_failed(scope: CoroutineScope) -> bool:
    """Whether a job of the scope has failed, and was not merely cancelled."""
    failure = scope.job._failure
    return failure is not None and not isinstance(failure, CancellationError)


def _failure_of(scope: CoroutineScope) -> BaseException:
    failure = scope.job._failure
    assert failure is not None  # asked for only when there is one
    return failure

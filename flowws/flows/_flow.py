"""`Flow`: the table of contents of this floor, and the two kinds of chain."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar, cast

from flowws._core import Call, closing_itself, repr_html, repr_pretty

from ._channel_settings import ChannelSettings
from ._fusion import Step, Template, fused, has_room_for
from ._showing import ShownAs, as_written, look_of_flow
from .operators import (
    _accumulate,
    _chunks,
    _combine,
    _concurrent,
    _context,
    _distinct,
    _errors,
    _flatten,
    _group,
    _latest,
    _lifecycle,
    _limit,
    _merge,
    _notification,
    _pausable,
    _pipe,
    _progress,
    _retry,
    _share,
    _take_until,
    _throttle,
    _time,
    _transform,
    _with_latest_from,
    _zip,
)
from .terminals import (
    _associate,
    _collect,
    _collect_latest,
    _first,
    _fold,
    _group_by,
    _last,
    _matching,
    _produce_in,
    _single,
    _subscribe,
    _to_list,
    _to_stream,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowws._core import CoroutineScope
    from flowws.channels import ReceiveChannel

T_co = TypeVar("T_co", covariant=True)


class Flow(ABC, Generic[T_co]):
    """An asynchronous stream of values, described now and run later.

    A flow is a description: building one runs nothing, and every collection, by ``async for`` or by a terminal such as
    `collect` or `to_list`, runs it anew. Values are pulled, one at a time, in the collector's task; what comes later in
    the chain has finished with a value before the next one is asked for. Flows are immutable: an operator returns a new
    one.

    Where a Kotlin lambda emits, a Python function yields: see `flow`.

    >>> from flowws import flow_of
    >>> async def main():
    ...     return await flow_of(1, 2, 3, 4).filter(lambda n: n % 2 == 0).map(lambda n: n * 10).to_list()
    >>> import anyio
    >>> anyio.run(main)
    [20, 40]

    Functions given to operators may be sync or async, lambdas that return a coroutine included.

    Kotlin: `Flow`.
    """

    __slots__ = ()

    @abstractmethod
    def __aiter__(self) -> AsyncGenerator[T_co, None]:
        """Begin a collection. The subscription to a hot flow begins here, not at the first value.

        What is above is closed when the iterator is dropped, after a ``break`` say; `contextlib.aclosing` waits for it.
        """

    # Each value
    map: Final = _transform.map
    map_not_none: Final = _transform.map_not_none
    filter: Final = _transform.filter
    filter_not: Final = _transform.filter_not
    filter_not_none: Final = _transform.filter_not_none
    filter_is_instance: Final = _transform.filter_is_instance
    with_index: Final = _transform.with_index
    transform: Final = _transform.transform
    on_each: Final = _transform.on_each
    scan: Final = _accumulate.scan
    running_fold: Final = _accumulate.running_fold
    running_reduce: Final = _accumulate.running_reduce
    distinct_until_changed: Final = _distinct.distinct_until_changed
    distinct_until_changed_by: Final = _distinct.distinct_until_changed_by
    materialize: Final = _notification.materialize
    dematerialize: Final = _notification.dematerialize

    # How many
    take: Final = _limit.take
    take_while: Final = _limit.take_while
    transform_while: Final = _limit.transform_while
    drop: Final = _limit.drop
    drop_while: Final = _limit.drop_while
    chunked: Final = _chunks.chunked
    windowed: Final = _chunks.windowed

    # Beginning, end and failure
    on_start: Final = _lifecycle.on_start
    on_empty: Final = _lifecycle.on_empty
    on_completion: Final = _lifecycle.on_completion
    cancellable: Final = _lifecycle.cancellable
    progress: Final = _progress.progress
    catch: Final = _errors.catch
    retry: Final = _retry.retry
    retry_when: Final = _retry.retry_when

    # When
    debounce: Final = _time.debounce
    sample: Final = _time.sample
    throttle_first: Final = _throttle.throttle_first
    throttle_latest: Final = _throttle.throttle_latest
    timeout: Final = _time.timeout
    pausable: Final = _pausable.pausable

    # Flows of flows
    flat_map_concat: Final = _flatten.flat_map_concat
    flatten_concat: Final = _flatten.flatten_concat
    flat_map_merge: Final = _merge.flat_map_merge
    flatten_merge: Final = _merge.flatten_merge
    flat_map_latest: Final = _latest.flat_map_latest
    map_latest: Final = _latest.map_latest
    transform_latest: Final = _latest.transform_latest
    map_concurrent: Final = _concurrent.map_concurrent
    group_by_key: Final = _group.group_by_key

    # Beside other flows
    zip: Final = _zip.zip
    combine: Final = _combine.combine
    combine_transform: Final = _combine.combine_transform
    take_until: Final = _take_until.take_until
    with_latest_from: Final = _with_latest_from.with_latest_from

    # A job and a channel in between
    buffer: Final = _context.buffer
    conflate: Final = _context.conflate
    conflate_by: Final = _context.conflate_by
    flow_on: Final = _context.flow_on

    # Running it
    collect: Final = _collect.collect
    collect_latest: Final = _collect_latest.collect_latest
    collect_indexed: Final = _collect.collect_indexed
    launch_in: Final = _collect.launch_in
    first: Final = _first.first
    first_or_none: Final = _first.first_or_none
    last: Final = _last.last
    last_or_none: Final = _last.last_or_none
    single: Final = _single.single
    single_or_none: Final = _single.single_or_none
    count: Final = _fold.count
    fold: Final = _fold.fold
    reduce: Final = _fold.reduce
    any: Final = _matching.any
    all: Final = _matching.all
    none: Final = _matching.none
    to_list: Final = _to_list.to_list
    to_set: Final = _to_list.to_set
    to_collection: Final = _to_list.to_collection
    associate: Final = _associate.associate
    associate_by: Final = _associate.associate_by
    associate_with: Final = _associate.associate_with
    group_by: Final = _group_by.group_by
    produce_in: Final = _produce_in.produce_in
    state_in: Final = _share.state_in
    await_state_in: Final = _share.await_state_in
    share_in: Final = _share.share_in

    # Other libraries: aioreactive and anyio
    pipe: Final = _pipe.pipe
    as_observable: Final = _pipe.as_observable
    subscribe_async: Final = _subscribe.subscribe_async
    to_stream: Final = _to_stream.to_stream

    # For the operators: the two ways to build on a flow

    def _then(self, template: Template, **arguments: Any) -> Flow[Any]:
        """This flow with an operator that can be fused with its neighbours."""
        return FusedFlow(self, (Step(template, arguments),), (*arguments.values(),))

    def _finish(self, template: Template, **arguments: Any) -> Awaitable[Any]:
        """Run this flow with a terminal that can be fused with the operators above. To be awaited at once."""
        return cast("Awaitable[Any]", self._then(template, **arguments)._open())

    def _through(self, stage: Callable[..., AsyncIterator[Any]], *arguments: Any) -> Flow[Any]:
        """This flow with an operator that is a generator of its own: ``stage(iterator, *arguments)``."""
        return StageFlow(self, _inside, stage, arguments)

    def _around(self, stage: Callable[..., AsyncIterator[Any]], *arguments: Any) -> Flow[Any]:
        """The same for an operator that begins the collection of this flow itself: ``stage(flow, *arguments)``."""
        return StageFlow(self, _itself, stage, arguments)

    def _sent_by(self, stage: Callable[..., Awaitable[object]], *arguments: Any) -> Flow[Any]:
        """The same for an operator that is a job with a channel: ``await stage(producer, iterator, *arguments)``."""
        from ._channel_flow import StageChannelFlow

        return StageChannelFlow(self, stage, arguments)

    def _together(
        self, others: tuple[AsyncIterable[Any], ...], stage: Callable[..., AsyncIterator[Any]], *arguments: Any
    ) -> Flow[Any]:
        """The same for an operator over several flows, which all begin with it: ``stage(iterators, *arguments)``."""
        from ._together_flow import TogetherFlow

        return TogetherFlow((self, *others), stage, *arguments)

    # What an operator may want to know, or to change, about the channel or the buffer that a flow has already

    def _with_channel(self, settings: ChannelSettings) -> Flow[T_co]:
        """This flow through a channel; those that have one, or need none, say so."""
        from ._channel_flow import BufferedFlow

        return BufferedFlow(self, settings)

    def _without_channel(self) -> tuple[Flow[T_co], ChannelSettings]:
        """The flow in front of the channel that `buffer` and its kin have made, and the settings of that."""
        return self, ChannelSettings()

    def _produce_in(self, scope: CoroutineScope) -> ReceiveChannel[T_co]:
        """A channel with the values of this flow, filled by a job of `scope`."""
        from ._channel_flow import BufferedFlow

        return BufferedFlow(self, ChannelSettings())._produce_in(scope)

    def _open(self) -> AsyncIterator[T_co] | Iterator[T_co]:
        """The iterator that a fused loop runs over; `_is_iterable` says of which kind."""
        return self.__aiter__()

    @property
    def _is_iterable(self) -> bool:
        return False

    @property
    def _is_distinct(self) -> bool:
        return False

    @property
    def _length(self) -> int:
        """How many steps it has: its source and each operator."""
        return 1

    # Being shown, which never begins a collection

    _is_hot: ClassVar[bool] = False
    """Whether it is there without a collector: another collection would not begin anew."""

    @property
    def _shown_as(self) -> ShownAs:
        """How it was written. What has no calls shows itself."""
        return None, ()

    _look = look_of_flow
    _repr_html_ = repr_html
    _repr_pretty_ = repr_pretty
    __repr__ = as_written


class FusedFlow(Flow[T_co]):
    """A source and a chain of fused operators over it."""

    __slots__ = ("_arguments", "_run", "_source", "_steps")

    def __init__(self, source: Flow[Any], steps: tuple[Step, ...] = (), arguments: tuple[Any, ...] = ()) -> None:
        self._source = source
        self._steps = steps
        self._arguments = arguments
        self._run: Callable[..., AsyncGenerator[T_co, None]] | None = None

    def __aiter__(self) -> AsyncGenerator[T_co, None]:
        return closing_itself(self._open())

    def _open(self) -> AsyncGenerator[T_co, None]:
        run = self._run
        if run is None:
            run = self._run = fused(self._steps, over_iterable=self._source._is_iterable)
        return run(self, self._source._open(), *self._arguments)

    def _then(self, template: Template, **arguments: Any) -> Flow[Any]:
        step = Step(template, arguments)
        if has_room_for(self._steps, step):
            return FusedFlow(self._source, (*self._steps, step), (*self._arguments, *arguments.values()))
        return FusedFlow(self, (step,), (*arguments.values(),))

    @property
    def _is_distinct(self) -> bool:
        return self._steps[-1].template is _distinct.DISTINCT

    @property
    def _length(self) -> int:
        return self._source._length + len(self._steps)

    def _place(self, number: int) -> str:
        """Where a step of the chain is, in the words of a note on a failure."""
        return f"in {self._steps[number]}, step {self._source._length + number + 1} of {self!r}"

    @property
    def _shown_as(self) -> ShownAs:
        return self._source, tuple([step.call for step in self._steps])


class StageFlow(Flow[T_co]):
    """An operator that is a generator of its own over the flow above it."""

    __slots__ = ("_arguments", "_begin", "_source", "_stage")

    def __init__(
        self,
        source: Flow[Any],
        begin: Callable[[Flow[Any]], Any],
        stage: Callable[..., AsyncIterator[T_co]],
        arguments: tuple[Any, ...],
    ) -> None:
        self._source = source
        self._begin = begin
        self._stage = stage
        self._arguments = arguments

    def __aiter__(self) -> AsyncGenerator[T_co, None]:
        return closing_itself(self._open())

    def _open(self) -> AsyncIterator[T_co]:
        return self._stage(self._begin(self._source), *self._arguments)

    @property
    def _length(self) -> int:
        return self._source._length + 1

    @property
    def _shown_as(self) -> ShownAs:
        return self._source, (Call(self._stage.__name__.strip("_"), self._arguments),)


def _itself(flow: Flow[Any]) -> Flow[Any]:
    return flow


def _inside(flow: Flow[Any]) -> AsyncIterator[Any]:
    """The iterator of a flow inside an operator, which closes it, and so needs none that closes itself."""
    return flow._open() if isinstance(flow, FusedFlow | StageFlow) else aiter(flow)

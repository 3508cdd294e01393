"""`Flow`: the table of contents of this floor, and the two kinds of chain."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from ._fusion import Step, Template, fused, has_room_for
from .operators import _distinct, _errors, _latest, _lifecycle, _limit, _share, _transform
from .terminals import _collect, _first, _to_list

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    def __aiter__(self) -> AsyncIterator[T_co]:
        """Begin a collection. The subscription to a hot flow begins here, not at the first value."""

    # Each value
    map: Final = _transform.map
    map_not_none: Final = _transform.map_not_none
    filter: Final = _transform.filter
    filter_is_instance: Final = _transform.filter_is_instance
    transform: Final = _transform.transform
    on_each: Final = _transform.on_each
    scan: Final = _transform.scan
    distinct_until_changed: Final = _distinct.distinct_until_changed

    # How many
    take: Final = _limit.take
    take_while: Final = _limit.take_while
    drop: Final = _limit.drop

    # Beginning, end and failure
    on_start: Final = _lifecycle.on_start
    on_completion: Final = _lifecycle.on_completion
    catch: Final = _errors.catch

    # Flows of flows
    flat_map_latest: Final = _latest.flat_map_latest

    # Running it
    collect: Final = _collect.collect
    launch_in: Final = _collect.launch_in
    first: Final = _first.first
    to_list: Final = _to_list.to_list
    state_in: Final = _share.state_in

    # For the operators: the two ways to build on a flow

    def _then(self, template: Template, **arguments: Any) -> Flow[Any]:
        """This flow with an operator that can be fused with its neighbours."""
        return FusedFlow(self, (Step(template, arguments),))

    def _through(self, stage: Callable[..., AsyncIterator[Any]], *arguments: Any) -> Flow[Any]:
        """This flow with an operator that is a generator of its own: ``stage(iterator, *arguments)``."""
        return StageFlow(self, aiter, stage, arguments)

    def _around(self, stage: Callable[..., AsyncIterator[Any]], *arguments: Any) -> Flow[Any]:
        """The same for an operator that begins the collection of this flow itself: ``stage(flow, *arguments)``."""
        return StageFlow(self, _itself, stage, arguments)

    def _open(self) -> AsyncIterator[T_co] | Iterator[T_co]:
        """The iterator that a fused loop runs over; `_is_iterable` says of which kind."""
        return self.__aiter__()

    @property
    def _is_iterable(self) -> bool:
        return False

    @property
    def _is_distinct(self) -> bool:
        return False


class FusedFlow(Flow[T_co]):
    """A source and a chain of fused operators over it."""

    __slots__ = ("_arguments", "_run", "_source", "_steps")

    def __init__(self, source: Flow[Any], steps: tuple[Step, ...]) -> None:
        self._source = source
        self._steps = steps
        self._arguments = [argument for step in steps for argument in step.arguments.values()]
        self._run: Callable[..., AsyncIterator[T_co]] | None = None

    def __aiter__(self) -> AsyncIterator[T_co]:
        run = self._run
        if run is None:
            run = self._run = fused(self._steps, over_iterable=self._source._is_iterable)
        return run(self._source._open(), *self._arguments)

    def _then(self, template: Template, **arguments: Any) -> Flow[Any]:
        step = Step(template, arguments)
        if has_room_for(self._steps, step):
            return FusedFlow(self._source, (*self._steps, step))
        return FusedFlow(self, (step,))

    @property
    def _is_distinct(self) -> bool:
        return self._steps[-1].template is _distinct.DISTINCT

    def __repr__(self) -> str:
        return ".".join([repr(self._source), *map(str, self._steps)])


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

    def __aiter__(self) -> AsyncIterator[T_co]:
        return self._stage(self._begin(self._source), *self._arguments)

    def __repr__(self) -> str:
        shown = ", ".join(getattr(argument, "__name__", None) or repr(argument) for argument in self._arguments)
        return f"{self._source!r}.{self._stage.__name__.strip('_')}({shown})"


def _itself(flow: Flow[Any]) -> Flow[Any]:
    return flow

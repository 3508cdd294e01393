"""`from_observable`: what aioreactive pushes, as a flow that is pulled."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from flowws._core import closing_itself
from flowws.channels import Channel

from ._channel_flow import ChannelFlow, Producer, collected
from ._flow import Flow
from ._showing import ShownAs

if TYPE_CHECKING:
    from aioreactive import AsyncObservable

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


def from_observable(observable: AsyncObservable[T]) -> Flow[T]:
    """The values of an observable of aioreactive, subscribed to anew by every collection and disposed at its end.

    The subscription begins with the first value that is asked for. Who sends waits until the collector asks for the
    next value: there is no buffer, unless you add one. An error that is thrown is raised.

    Raises `TypeError` for what cannot be subscribed to, and in the collection `IllegalStateError` on trio, which
    aioreactive does not know.

    >>> import aioreactive as rx
    >>> run(from_observable(rx.from_iterable([1, 2, 3])).map(lambda n: n * 10).to_list)
    [10, 20, 30]
    """
    return ObservableFlow(observable)


class ObservableFlow(ChannelFlow[T_co]):
    """A collection is a subscription, held by the job that sends."""

    __slots__ = ("_observable",)

    def __init__(self, observable: AsyncObservable[T_co]) -> None:
        super().__init__()
        if not callable(getattr(observable, "subscribe_async", None)):
            raise TypeError(f"an observable has subscribe_async, which {observable!r} has not")
        self._observable = observable

    def __aiter__(self) -> AsyncGenerator[T_co, None]:
        settings = self._settings
        if settings.capacity is None:  # nobody asked for a buffer: the observable keeps step with the collector
            settings = settings._replace(capacity=Channel.RENDEZVOUS)
        return closing_itself(collected(self._begin(), settings, self._job_name))

    def _begin(self) -> Producer[Any]:
        from ._aioreactive import observe, require_asyncio

        require_asyncio()
        return partial(observe, observable=self._observable)

    @property
    def _job_name(self) -> str:
        return "from_observable"

    @property
    def _shown_without_settings(self) -> ShownAs:
        return None, (f"from_observable({self._observable!r})",)


class PipedFlow(ObservableFlow[T_co]):
    """What operators of aioreactive have made of a flow."""

    __slots__ = ("_operators", "_source")

    def __init__(
        self, observable: AsyncObservable[T_co], source: Flow[Any], operators: tuple[Callable[[Any], Any], ...]
    ) -> None:
        super().__init__(observable)
        self._source = source
        self._operators = operators

    @property
    def _job_name(self) -> str:
        return "pipe"

    @property
    def _shown_without_settings(self) -> ShownAs:
        return self._source, (f"pipe({', '.join(map(_name_of, self._operators))})",)


def _name_of(operator: Callable[[Any], Any]) -> str:
    """An operator of aioreactive is a function inside of the one that has its name."""
    return getattr(operator, "__qualname__", repr(operator)).partition(".<locals>")[0]

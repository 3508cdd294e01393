"""Flows side by side: `merge`."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from functools import partial
from typing import Any, TypeVar

from flowws._core import Call
from flowws.channels import ProducerScope

from ._arguments import require_async_iterable
from ._beginning import begun
from ._channel_flow import ChannelFlow, Producer
from ._closing import close
from ._flow import Flow
from ._sending import send_all
from ._showing import ShownAs

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


def merge(*flows: AsyncIterable[T]) -> Flow[T]:
    """The values of all these flows as they come; all of them run at once, without limit.

    They begin in the given order. Each keeps its order; among them there is none. It ends when all have ended.

    A failure of one ends the others; one that ends with a `CancellationError` just drops out. Buffer: 64.

    Raises `TypeError` for what is no flow.

    >>> run(merge(flow_of(1, 2), flow_of(3)).to_list)
    [1, 2, 3]
    """
    for flow in flows:
        require_async_iterable(flow, "what is merged")
    return MergedFlow(flows)


class MergedFlow(ChannelFlow[T_co]):
    """One job per flow, all of which send into one channel."""

    __slots__ = ("_flows",)

    def __init__(self, flows: tuple[AsyncIterable[T_co], ...]) -> None:
        super().__init__()
        self._flows = flows

    def _begin(self) -> Producer[Any]:
        return partial(_send_from_all, [aiter(flow) for flow in self._flows])

    @property
    def _job_name(self) -> str:
        return "merge"

    @property
    def _shown_without_settings(self) -> ShownAs:
        return None, (Call("merge", self._flows),)


async def _send_from_all(sources: list[AsyncIterator[Any]], producer: ProducerScope[Any]) -> None:
    waiting = iter(sources)
    try:
        for source in waiting:
            await begun(producer, send_all, source, producer.channel.send, name="merge")
    except BaseException as failure:
        for source in waiting:  # subscribed to already, if it is hot
            await close(source, failure)
        raise

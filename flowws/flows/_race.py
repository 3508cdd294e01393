"""The quickest of several flows: `race`."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from functools import partial
from typing import Any, Final, TypeVar

from flowws._core import Call, checkpoint, current_job
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

_NOTHING: Final = object()


def race(*flows: AsyncIterable[T]) -> Flow[T]:
    """The values of that one of these flows which is the first to give a value, to end or to fail.

    They begin in the given order; one that need not wait for its first value has won, and those after it do not begin.
    The others are cancelled before that value is passed on, and their cleanup is awaited.

    A failure of the winner is raised; what the cleanup of a loser raises, too. Buffer: 64. Raises `TypeError` for what
    is no flow, and `ValueError` without any.

    >>> slow = flow_of("slow").on_start(lambda: delay(1))
    >>> quick = flow_of("quick", "quick again").on_start(lambda: delay(0.001))
    >>> run(race(slow, quick).to_list)
    ['quick', 'quick again']
    """
    if not flows:
        raise ValueError("race needs a flow, not ()")
    for flow in flows:
        require_async_iterable(flow, "what races")
    return RacingFlow(flows)


class RacingFlow(ChannelFlow[T_co]):
    """One job per flow; the first to get anywhere cancels the others."""

    __slots__ = ("_flows",)

    def __init__(self, flows: tuple[AsyncIterable[T_co], ...]) -> None:
        super().__init__()
        self._flows = flows

    def _begin(self) -> Producer[Any]:
        return partial(_race, [aiter(flow) for flow in self._flows])

    @property
    def _job_name(self) -> str:
        return "race"

    @property
    def _shown_without_settings(self) -> ShownAs:
        return None, (Call("race", self._flows),)


async def _race(iterators: list[AsyncIterator[Any]], producer: ProducerScope[Any]) -> None:
    is_decided = False

    async def run(values: AsyncIterator[Any]) -> None:
        nonlocal is_decided
        try:
            first = await anext(values, _NOTHING)
            if is_decided:  # just now: the cancellation has not reached this job yet
                await checkpoint()
            is_decided = True
            await _cancel_others(producer)
            if first is not _NOTHING:
                await producer.channel.send(first)
                await send_all(values, producer.channel.send)
        except BaseException as failure:
            await close(values, failure)
            raise

    for values in iterators:
        if is_decided:
            await close(values)  # a hot flow is subscribed to already
        else:
            await begun(producer, run, values, name="race")


async def _cancel_others(producer: ProducerScope[Any]) -> None:
    others = [job for job in producer.job.children if job is not current_job()]
    for job in others:
        job.cancel("another flow has won the race")
    for job in others:
        await job.join()

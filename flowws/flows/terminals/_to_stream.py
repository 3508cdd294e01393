"""For those who read streams of anyio: `to_stream`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from flowws._core import CoroutineScope

if TYPE_CHECKING:
    from anyio.abc import ObjectReceiveStream

    from .._flow import Flow

T = TypeVar("T")


def to_stream(self: Flow[T], scope: CoroutineScope) -> ObjectReceiveStream[T]:
    """The values as a stream of anyio, sent by a job of `scope`: `produce_in` in anyio's words.

    The stream raises `anyio.EndOfStream` after the last value, or the failure of the flow, which also fails the scope.
    Closing the stream cancels the flow. The job runs up to 64 values ahead of the reader, unless a `buffer` says
    otherwise.

    >>> async def main():
    ...     async with coroutine_scope() as scope, flow_of(1, 2).to_stream(scope) as stream:
    ...         print(await stream.receive())
    ...         print([n async for n in stream])
    >>> run(main)
    1
    [2]
    """
    from .._flow_stream import FlowStream

    return FlowStream(self._produce_in(scope), repr(self))

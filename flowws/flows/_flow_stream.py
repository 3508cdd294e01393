"""`FlowStream`: a flow as a stream of anyio."""

from __future__ import annotations

from typing import TypeVar

from anyio import ClosedResourceError, EndOfStream
from anyio.abc import ObjectReceiveStream
from anyio.lowlevel import checkpoint

from flowws.channels import ReceiveChannel

T_co = TypeVar("T_co", covariant=True)


class FlowStream(ObjectReceiveStream[T_co]):
    """What `Flow.to_stream` returns: the channel that a job of the scope fills, with the words of anyio.

    A failure of the flow is raised by `receive` as itself; a memory stream could only say that it is over.
    """

    def __init__(self, channel: ReceiveChannel[T_co], flow: str) -> None:
        self._channel = channel
        self._flow = flow
        self._closed = False

    async def receive(self) -> T_co:
        result = await self._channel.receive_catching()
        if not result.is_closed:
            return result.get_or_raise()
        if self._closed:  # before, or by another task while this one waited
            raise ClosedResourceError
        cause = result.exception_or_none()
        if isinstance(cause, StopAsyncIteration):  # `async for` would take it for the end
            raise RuntimeError("the flow raised StopAsyncIteration") from cause
        raise EndOfStream if cause is None else cause

    async def aclose(self) -> None:
        """Cancel the flow. Its cleanup belongs to the job, and is awaited by the scope."""
        self._closed = True
        self._channel.cancel()
        await checkpoint()

    def __repr__(self) -> str:
        return f"{self._flow}.to_stream()"

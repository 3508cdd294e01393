"""A channel with the values of a flow: `produce_in`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from flowws._core import CoroutineScope

if TYPE_CHECKING:
    from flowws.channels import ReceiveChannel

    from .._flow import Flow

T = TypeVar("T")


def produce_in(self: Flow[T], scope: CoroutineScope) -> ReceiveChannel[T]:
    """Collect the flow in a job of `scope`, into a channel: for `select`, or for several receivers.

    The channel has room for 64 values, or what a preceding `buffer` says, and is closed with the outcome of the flow;
    cancelling it cancels the collection. A failure of the flow fails the scope, too. Who stops receiving early cancels
    the channel (``with channel.consume() as elements:``); else the scope waits for somebody to receive.

    The flow of a channel (`receive_as_flow`, `consume_as_flow`) gives that very channel. A hot flow is subscribed to
    before this returns.

    >>> async def main():
    ...     async with coroutine_scope() as scope:
    ...         channel = flow_of(1, 2, 3).produce_in(scope)
    ...         return await channel.receive(), await channel.to_list()
    >>> run(main)
    (1, [2, 3])

    Raises `ScopeClosedError` when the scope is cancelled or finished.

    Kotlin: `produceIn`.
    """
    if not isinstance(scope, CoroutineScope):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise TypeError(f"produce_in takes a CoroutineScope, not {scope!r}")
    return self._produce_in(scope)

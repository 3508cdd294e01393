"""`ActorScope`: a scope and a receiving end in one."""

from __future__ import annotations

from collections.abc import Callable
from types import CoroutineType
from typing import Any, TypeVar

from flowws._core import CoroutineScope, Job, SelectClause

from ._channel import Channel
from ._channel_result import ChannelResult
from ._receive_channel import ReceiveChannel

E = TypeVar("E")


class ActorScope(CoroutineScope, ReceiveChannel[E]):
    """What the function of an actor is given: its mailbox to receive from, and a scope to launch jobs in.

    ``async for message in actor`` ends when the mailbox was closed and is drained.

    Kotlin: `ActorScope`.
    """

    def __init__(self, job: Job, mailbox: Channel[E]) -> None:
        self._job = job
        self._mailbox = mailbox

    @property
    def channel(self) -> Channel[E]:
        """The mailbox. Kotlin: `ActorScope.channel`."""
        return self._mailbox

    # The receiving end. What an `async def` gives is a Coroutine to mypy and a CoroutineType to pyright.

    @property
    def is_closed_for_receive(self) -> bool:
        return self._mailbox.is_closed_for_receive

    @property
    def is_empty(self) -> bool:
        return self._mailbox.is_empty

    def receive(self) -> CoroutineType[Any, Any, E]:
        return self._mailbox.receive()  # type: ignore[return-value]  # as above

    def receive_catching(self) -> CoroutineType[Any, Any, ChannelResult[E]]:
        return self._mailbox.receive_catching()  # type: ignore[return-value]  # as above

    def try_receive(self) -> ChannelResult[E]:
        return self._mailbox.try_receive()

    def __anext__(self) -> CoroutineType[Any, Any, E]:
        return self._mailbox.__anext__()  # type: ignore[return-value]  # as above

    def _receive_clause(self, handler: Callable[[Any], Any] | None) -> SelectClause[Any]:
        return self._mailbox._receive_clause(handler)

    def _receive_catching_clause(self, handler: Callable[[Any], Any] | None) -> SelectClause[Any]:
        return self._mailbox._receive_catching_clause(handler)

    def cancel(self, cause: BaseException | str | None = None) -> None:
        """Cancel the actor, and with it the mailbox: what is inside reaches nobody."""
        super().cancel(cause)

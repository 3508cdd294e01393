"""`Model`: the law of channels, said with lists. It knows what each operation gets, whoever steps in whatever order.

An operation takes effect when its task first runs, if it can, else it waits. So everything is settled by the order of
the steps, and the model needs no search: it is told of each step and says what the channel must look like after it.

A plain `send` or `receive` is a select with one clause: the first clause that can go, goes; else the operation stands
in every queue until somebody serves it, which takes it out of all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, Literal

from flowws import BufferOverflow, CancellationError, Channel, ClosedReceiveChannelError, ClosedSendChannelError

from .scheduler import Manners

How = Literal["send", "receive", "next", "catching"]
Ending = BaseException | type[BaseException]  # an exception that was given, else the class of the one that is made
Outcome = tuple[str, object]

SENT: Final[Outcome] = ("sent", None)
INTERRUPTED: Final[Outcome] = ("interrupted", None)
NOT_NOW: Final[Outcome] = ("not now", None)
KINDS: Final = {
    "rendezvous": (Channel.RENDEZVOUS, BufferOverflow.SUSPEND),
    "one": (1, BufferOverflow.SUSPEND),
    "three": (3, BufferOverflow.SUSPEND),
    "unlimited": (Channel.UNLIMITED, BufferOverflow.SUSPEND),
    "conflated": (Channel.CONFLATED, BufferOverflow.SUSPEND),
    "drop oldest": (2, BufferOverflow.DROP_OLDEST),
    "drop latest": (2, BufferOverflow.DROP_LATEST),
}


class State(Enum):
    """Where an operation stands. What it has lost shows when its task resumes, not before."""

    NEW = auto()  # its task has not run
    BREATHING = auto()  # its task makes way for others before it begins
    WAITING = auto()
    SERVED = auto()  # it has its outcome, and its task has yet to resume
    CANCELLED = auto()  # while it waited: its task has yet to resume
    OVER = auto()


@dataclass(frozen=True)
class Clause:
    how: How
    channel: ModelChannel
    element: int = 0


@dataclass(eq=False)
class Operation:
    clauses: tuple[Clause, ...]
    state: State = State.NEW
    doomed: bool = False
    served: Clause | None = None
    outcome: Outcome | None = None

    @property
    def selects(self) -> bool:
        return len(self.clauses) > 1


@dataclass(eq=False)
class ModelChannel:
    capacity: int
    overflow: BufferOverflow
    buffer: list[int] = field(default_factory=list[int])
    taken_back: int = 0  # how many elements at the front of the buffer were handed out before, and came back
    senders: list[Operation] = field(default_factory=list[Operation])
    receivers: list[Operation] = field(default_factory=list[Operation])
    state: Literal["open", "closed", "cancelled"] = "open"
    cause: Ending | None = None
    lost: list[int] = field(default_factory=list[int])  # what the hook was told

    @classmethod
    def of_kind(cls, kind: str) -> ModelChannel:
        capacity, overflow = KINDS[kind]
        return cls(1, BufferOverflow.DROP_OLDEST) if capacity == Channel.CONFLATED else cls(capacity, overflow)

    def pop(self) -> int:
        self.taken_back = max(0, self.taken_back - 1)
        return self.buffer.pop(0)

    @property
    def holds_nothing(self) -> bool:
        return not self.buffer and not self.senders

    def end_of(self, how: How) -> Outcome:
        """What an operation is told that finds the channel closed."""
        if how == "catching":
            return ("closed", self.cause)
        without_cause: dict[How, type[BaseException]] = {
            "send": ClosedSendChannelError,
            "receive": ClosedReceiveChannelError,
            "next": StopAsyncIteration,
        }
        return ("raised", self.cause or without_cause[how])


class Model:
    def __init__(self, manners: Manners, kinds: tuple[str, ...]) -> None:
        self.manners = manners
        self.channels = [ModelChannel.of_kind(kind) for kind in kinds]
        self.runnable: list[Operation] = []  # in the order in which they were woken

    # The life of an operation

    def start(self, operation: Operation) -> None:
        self.runnable.append(operation)

    def step(self, operation: Operation, *, breathes: bool = False) -> None:
        """Its task has run once; `breathes`: only to make way for others."""
        self.runnable.remove(operation)
        before = operation.state
        stopped = before is State.CANCELLED or (
            operation.doomed and (self.manners == "asyncio" or before is State.BREATHING)
        )
        if before in (State.NEW, State.BREATHING) and not stopped:
            if breathes:
                operation.state = State.BREATHING
                self.runnable.append(operation)
            else:
                self._begin(operation)
            return
        operation.state = State.OVER
        if before is State.NEW:
            return  # asyncio: a task that was cancelled before it ran never runs
        if not (before is State.BREATHING and operation.selects):  # a clause that has stood in no queue loses nothing
            self._lose(each for each in operation.clauses if each is not operation.served)
        if stopped:
            self._take_back(operation)
        elif operation.served is not None:
            self._look_again(operation, operation.served)

    def settle(self) -> None:
        """Everybody runs for as long as there is something to do."""
        while self.runnable:
            self.step(self.runnable[0])

    def cancel_task(self, operation: Operation) -> None:
        if operation.state is State.WAITING:
            self._leave(operation)
            operation.state = State.CANCELLED
            self.runnable.append(operation)
        else:
            operation.doomed = True

    def _begin(self, operation: Operation) -> None:
        for clause in operation.clauses:
            outcome = self._attempt(clause)
            if outcome != NOT_NOW:
                operation.state, operation.served, operation.outcome = State.OVER, clause, outcome
                return
        operation.state = State.WAITING
        for clause in operation.clauses:
            queue = clause.channel.senders if clause.how == "send" else clause.channel.receivers
            queue.append(operation)
        if operation.doomed:  # trio: it is interrupted as soon as it waits
            self.cancel_task(operation)

    def _serve(self, operation: Operation, channel: ModelChannel, outcome: Outcome | None = None) -> int:
        """Give it its outcome; returns the element of a sender."""
        [clause] = [each for each in operation.clauses if each.channel is channel]
        if outcome is None:
            outcome = channel.end_of(clause.how)
        self._leave(operation)
        operation.state, operation.served, operation.outcome = State.SERVED, clause, outcome
        self.runnable.append(operation)
        return clause.element

    def _leave(self, operation: Operation) -> None:
        for clause in operation.clauses:
            for queue in (clause.channel.senders, clause.channel.receivers):
                if operation in queue:
                    queue.remove(operation)

    def _lose(self, clauses: Iterable[Clause]) -> None:
        for clause in clauses:
            if clause.how == "send":
                clause.channel.lost.append(clause.element)

    def _take_back(self, operation: Operation) -> None:
        """What a cancelled receiver has been handed goes to the next one, else to the front, in order."""
        outcome, operation.outcome = operation.outcome, INTERRUPTED
        if operation.served is None or outcome is None or outcome[0] != "got":
            return
        channel, element = operation.served.channel, outcome[1]
        assert isinstance(element, int)
        if channel.receivers:
            self._serve(channel.receivers[0], channel, ("got", element))
        elif channel.state == "cancelled" or (
            channel.overflow is BufferOverflow.DROP_OLDEST and len(channel.buffer) >= channel.capacity
        ):
            channel.lost.append(element)
        else:
            channel.buffer.insert(channel.taken_back, element)
            channel.taken_back += 1

    def _look_again(self, operation: Operation, clause: Clause) -> None:
        """Who was told of the end may find an element that has been given back since."""
        if clause.how != "send" and operation.outcome == clause.channel.end_of(clause.how) and clause.channel.buffer:
            operation.outcome = self._receive(clause.channel, clause.how)

    # What happens to a channel

    def _attempt(self, clause: Clause) -> Outcome:
        if clause.how == "send":
            outcome = self._send(clause.channel, clause.element)
            if clause.channel.state != "open":
                clause.channel.lost.append(clause.element)
            return outcome
        return self._receive(clause.channel, clause.how)

    def try_send(self, channel: ModelChannel, element: int) -> Outcome:
        if channel.state != "open":
            return ("closed", channel.cause or ClosedSendChannelError)
        lost = list(channel.lost)
        outcome = self._send(channel, element)
        if channel.overflow is BufferOverflow.DROP_LATEST:
            channel.lost[:] = lost  # whoever tries keeps what was not taken
        return outcome

    def try_receive(self, channel: ModelChannel) -> Outcome:
        return self._receive(channel, "catching")

    def _send(self, channel: ModelChannel, element: int) -> Outcome:
        if channel.state != "open":
            return channel.end_of("send")
        if channel.receivers:
            self._serve(channel.receivers[0], channel, ("got", element))
        elif len(channel.buffer) < channel.capacity:
            channel.buffer.append(element)
        elif channel.overflow is BufferOverflow.SUSPEND:
            return NOT_NOW
        elif channel.overflow is BufferOverflow.DROP_OLDEST:
            channel.buffer.append(element)
            channel.lost.append(channel.pop())
        else:
            channel.lost.append(element)
        return SENT

    def _receive(self, channel: ModelChannel, how: How) -> Outcome:
        if channel.buffer:
            element = channel.pop()
            if channel.senders and len(channel.buffer) < channel.capacity:
                channel.buffer.append(self._serve(channel.senders[0], channel, SENT))
            return ("got", element)
        if channel.senders:
            return ("got", self._serve(channel.senders[0], channel, SENT))
        return NOT_NOW if channel.state == "open" else channel.end_of(how)

    def close(self, channel: ModelChannel, cause: BaseException | None) -> bool:
        if channel.state != "open":
            return False
        channel.state, channel.cause = "closed", cause
        self._end_receivers(channel)
        return True

    def cancel(self, channel: ModelChannel, cause: CancellationError | None) -> None:
        if channel.state == "cancelled":
            return
        if channel.state == "open":
            channel.cause = cause or CancellationError
        channel.state = "cancelled"
        parked = [self._serve(sender, channel) for sender in list(channel.senders)]
        channel.lost += [*reversed(parked), *reversed(channel.buffer)]
        channel.buffer.clear()
        channel.taken_back = 0
        self._end_receivers(channel)

    def _end_receivers(self, channel: ModelChannel) -> None:
        for receiver in list(channel.receivers):
            self._serve(receiver, channel)

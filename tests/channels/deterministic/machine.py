"""`Machine`: two channels and their model, led through a story of commands, and compared after each of them.

A story says what tasks are started, which one steps next, which is cancelled, and what is done to a channel at once. A
command that makes no sense where it stands does nothing, so that any part of a story is a story: that is why a failing
one shrinks to the few commands that matter.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import Any, Final, NamedTuple, Protocol, cast

import pytest
from hypothesis import strategies as st

from flowws import BufferOverflow, CancellationError, Channel, ChannelResult, select
from flowws._core import SelectClause
from flowws.channels import _channel, _select

from .channel_model import INTERRUPTED, KINDS, NOT_NOW, SENT, Clause, How, Model, Operation, Outcome, State
from .scheduler import Manners, Scheduler, Task

BUDGET: Final = 5  # operations in a row before a task makes way: few enough to be met
BOTH: Final = (0, 1)
NOW_OR_LATER: Final = (True, False)  # whether a task takes its first step as soon as it is started
WITH_CAUSE: Final = (False, True)
RECEIVING: Final[tuple[How, ...]] = ("receive", "next", "catching")
SELECTING: Final[tuple[How, ...]] = ("receive", "catching", "send")


class Command(NamedTuple):
    """A method of `Machine`, and its arguments."""

    name: str
    arguments: tuple[Any, ...]

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(map(repr, self.arguments))})"


def every(name: str, *arguments: tuple[Any, ...], times: int = 1) -> list[Command]:
    return times * [Command(name, choice) for choice in product(*arguments)]


# Simple ones first, for hypothesis shrinks towards the front; what is to happen often stands in the list often.
COMMANDS: Final = [
    *every("try_send", BOTH, times=4),
    *every("try_receive", BOTH, times=3),
    *every("send", BOTH, NOW_OR_LATER, times=6),
    *every("receive", BOTH, RECEIVING, NOW_OR_LATER, times=2),
    *every("step", tuple(range(5)), times=7),
    *every("cancel_a_task", tuple(range(5)), times=3),
    *every("close", BOTH, WITH_CAUSE),
    *every("cancel", BOTH, WITH_CAUSE),
    *every("select", BOTH, SELECTING, SELECTING, NOW_OR_LATER),
]
Story = list[Command]
# In chapters, for a list on its own has five members on average; and they shrink as well as one list does.
STORIES: Final[st.SearchStrategy[Story]] = st.lists(st.lists(st.sampled_from(COMMANDS))).map(
    lambda chapters: [command for chapter in chapters for command in chapter]
)


@dataclass(eq=False)
class Pair:
    """An operation of the model, the task that performs it, and what that saw."""

    operation: Operation
    task: Task
    seen: list[Outcome]


class Stage(Protocol):
    """Where tasks play: a `Scheduler`, or a real loop, which has nobody left to step whenever it is looked at."""

    runnable: list[Task]
    reported: list[BaseException]

    @property
    def manners(self) -> Manners: ...
    @property
    def interruption(self) -> type[BaseException]: ...
    def start(self, body: Coroutine[Any, Any, None]) -> Task: ...
    def step(self, task: Task) -> None: ...
    def cancel(self, task: Task) -> None: ...


class Machine:
    def __init__(self, kinds: tuple[str, str], stage: Stage) -> None:
        self.model = Model(stage.manners, kinds)
        self.stage = stage
        self.pairs: list[Pair] = []
        self.causes: list[BaseException] = []
        self.elements = 0
        self.sent: set[int] = set()
        self.received: list[int] = []
        self.lost: list[list[int]] = [[], []]
        self.told: list[list[BaseException | None]] = [[], []]
        self.channels = [Channel[int](*KINDS[kind], lost.append) for kind, lost in zip(kinds, self.lost, strict=True)]
        for channel, told in zip(self.channels, self.told, strict=True):
            channel.invoke_on_close(told.append)

    def do(self, command: Command) -> None:
        getattr(self, command.name)(*command.arguments)

    # What tasks do

    def send(self, at: int, now: bool) -> None:
        channel, element = self.channels[at], self.new_element()

        async def operation() -> None:
            await channel.send(element)
            self.sent.add(element)

        self.start(operation, now, Clause("send", self.model.channels[at], element))

    def receive(self, at: int, how: How, now: bool) -> None:
        channel = self.channels[at]
        ways: dict[How, Callable[[], Awaitable[Any]]] = {
            "receive": channel.receive,
            "next": channel.__anext__,
            "catching": channel.receive_catching,
        }
        self.start(ways[how], now, Clause(how, self.model.channels[at]))

    def select(self, first: int, how: How, how_else: How, now: bool) -> None:
        plan: tuple[tuple[int, How], ...] = ((first, how), (1 - first, how_else))
        laws = [Clause(each, self.model.channels[at], self.new_element()) for at, each in plan]
        clauses = [self.clause(law) for law in laws]
        self.start(lambda: select(*clauses), now, *laws)

    def clause(self, law: Clause) -> SelectClause[Any]:
        channel = self.channels[self.model.channels.index(law.channel)]
        if law.how == "send":
            return channel.on_send(law.element, lambda _: self.sent.add(law.element))
        return channel.on_receive() if law.how == "receive" else channel.on_receive_catching()

    def start(self, operation: Callable[[], Awaitable[Any]], now: bool, *laws: Clause) -> None:
        seen: list[Outcome] = []
        pair = Pair(Operation(laws), self.stage.start(self.perform(operation, seen)), seen)
        self.pairs.append(pair)
        self.model.start(pair.operation)
        if now:
            self.step_of(pair)

    async def perform(self, operation: Callable[[], Awaitable[Any]], seen: list[Outcome]) -> None:
        try:
            seen.append(self.outcome(await operation()))
        except self.stage.interruption:
            seen.append(INTERRUPTED)
            raise
        except (Exception, CancellationError) as error:  # noqa: BLE001  # compared with what the model says
            seen.append(("raised", self.named(error)))

    def step(self, number: int) -> None:
        """0 is whom a real loop would take next."""
        runnable = self.stage.runnable
        if runnable:
            task = runnable[number % len(runnable)]
            self.step_of(next(pair for pair in self.pairs if pair.task is task))

    def step_of(self, pair: Pair) -> None:
        self.stage.step(pair.task)
        assert pair.task.failure is None, repr(pair.task.failure)
        self.model.step(pair.operation, breathes=pair.task.breathes)

    def cancel_a_task(self, number: int) -> None:
        alive = [pair for pair in self.pairs if not pair.task.over]
        if alive:
            pair = alive[number % len(alive)]
            self.stage.cancel(pair.task)
            self.model.cancel_task(pair.operation)

    # What is done to a channel at once

    def try_send(self, at: int) -> None:
        channel, element = self.model.channels[at], self.new_element()
        outcome = self.outcome(self.channels[at].try_send(element))
        assert outcome == self.model.try_send(channel, element)
        if outcome == SENT and channel.overflow is not BufferOverflow.DROP_LATEST:
            self.sent.add(element)

    def try_receive(self, at: int) -> None:
        assert self.outcome(self.channels[at].try_receive()) == self.model.try_receive(self.model.channels[at])

    def close(self, at: int, caused: bool) -> None:
        cause = self.new_cause(ValueError("closed for a reason")) if caused else None
        assert self.channels[at].close(cause) == self.model.close(self.model.channels[at], cause)

    def cancel(self, at: int, caused: bool) -> None:
        cause = self.new_cause(CancellationError("cancelled for a reason")) if caused else None
        self.channels[at].cancel(cause)
        self.model.cancel(self.model.channels[at], cause)

    # What must be true

    def agrees_with_the_model(self) -> None:
        for pair in self.pairs:
            operation, over = pair.operation, pair.operation.state is State.OVER
            assert pair.seen == ([operation.outcome] if over and operation.outcome else [])
            assert pair.task.over == over
        tasks = {pair.operation: pair.task for pair in self.pairs}
        assert self.stage.runnable == [tasks[operation] for operation in self.model.runnable]
        for channel, model, lost, told in zip(self.channels, self.model.channels, self.lost, self.told, strict=True):
            assert list(channel._buffer) == model.buffer
            assert lost == model.lost
            assert channel.is_closed_for_send == (model.state != "open")
            assert channel.is_empty == (model.state == "open" and model.holds_nothing)
            assert channel.is_closed_for_receive == (model.state != "open" and model.holds_nothing)
            assert [self.named(cause) for cause in told] == ([model.cause] if model.state != "open" else [])
            if not self.stage.runnable:  # those who were cancelled leave their queues when they resume
                assert len(channel._senders) == len(model.senders)
                assert len(channel._receivers) == len(model.receivers)
        assert self.stage.reported == []

    def anybody_is_left(self) -> bool:
        return any(not pair.task.over for pair in self.pairs)

    def drain(self) -> None:
        for channel in self.channels:
            channel.close()
            while (result := channel.try_receive()).is_success:
                self.outcome(result)
            assert channel.is_closed_for_receive

    def everything_has_arrived(self) -> None:
        """Without the model: an element that went in came out once, at a receiver or at the hook."""
        arrived = [*self.received, *self.lost[0], *self.lost[1]]
        assert len(arrived) == len(set(arrived))
        assert self.sent <= set(arrived)

    # Names for what is seen

    def new_element(self) -> int:
        self.elements += 1
        return self.elements

    def new_cause(self, cause: Any) -> Any:
        self.causes.append(cause)
        return cause

    def named(self, error: BaseException | None) -> BaseException | type[BaseException] | None:
        return error if error is None or error in self.causes else type(error)

    def outcome(self, result: object) -> Outcome:
        """A result as the model says it."""
        if isinstance(result, ChannelResult):
            if result.is_closed:
                return ("closed", self.named(result.exception_or_none()))
            if result.is_failure:
                return NOT_NOW
            return self.outcome(cast("object", result.get_or_none()))
        if result is None:
            return SENT
        assert isinstance(result, int)
        self.received.append(result)
        return ("got", result)


def play(kinds: tuple[str, str], manners: Manners, story: Story) -> None:
    """On a scheduler. In the end, elements that have been handed to a cancelled task come back, and all are counted."""
    scheduler = Scheduler(manners)
    with scheduler.stands_in(), small_budget():
        machine = Machine(kinds, scheduler)
        for command in story:
            machine.do(command)
            machine.agrees_with_the_model()
        while machine.anybody_is_left():
            machine.cancel_a_task(0)
            machine.step(0)
            machine.agrees_with_the_model()
        machine.drain()
        machine.everything_has_arrived()


@contextmanager
def small_budget() -> Generator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_channel, "BUDGET", BUDGET)
        patch.setattr(_select, "BUDGET", BUDGET)
        yield

"""The table of states, and that jobs keep to it. Facts K271 and K272."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowws import CompletableJob, CoroutineStart, Job, supervisor_scope
from flowws._core import _job_state as table
from flowws._core._launching import begin
from tests.core.observing import turns

ALLOWED = {(before, after) for before, _, after in table.TRANSITIONS}


def test_k271_every_state_has_its_flags_and_its_name() -> None:
    states = [table.NEW, table.ACTIVE, table.COMPLETING, table.CANCELLING, table.COMPLETED, table.CANCELLED]
    assert list(table.FLAGS) == list(table.NAMES) == states
    assert [table.FLAGS[state] for state in states] == [
        (False, False, False),
        (True, False, False),
        (True, False, False),
        (False, False, True),
        (False, True, False),
        (False, True, True),
    ]


def test_every_state_can_be_reached_and_only_the_last_two_are_ends() -> None:
    reached = set(table.BIRTH)
    for _ in table.TRANSITIONS:
        reached |= {after for before, after in ALLOWED if before in reached}
    assert reached == set(table.FLAGS)
    assert set(table.FLAGS) - {before for before, _ in ALLOWED} == {table.COMPLETED, table.CANCELLED}


class _Trace:
    """Writes down every state that a job is in."""

    seen: list[int]

    @property
    def _state(self) -> int:
        return self.seen[-1]

    @_state.setter
    def _state(self, state: int) -> None:
        if not hasattr(self, "seen"):
            self.seen = []
        self.seen.append(state)

    def moves(self) -> list[tuple[int, int]]:
        return [(before, after) for before, after in pairwise(self.seen) if before != after]


class Traced(_Trace, CompletableJob):
    pass


class TracedJob(_Trace, Job):
    pass


ACTS: dict[str, Callable[[Traced], object]] = {
    "cancel": Job.cancel,
    "complete": CompletableJob.complete,
    "fail": lambda job: job.complete_exceptionally(ValueError("failed")),
    "child": CompletableJob,
    "child ends": lambda job: [child.complete() for child in job.children if isinstance(child, CompletableJob)],
    "child fails": lambda job: [
        child.complete_exceptionally(KeyError("child")) for child in job.children if isinstance(child, CompletableJob)
    ],
    "children cancelled": Job.cancel_children,
    "start": Job.start,
}


@given(st.lists(st.sampled_from(sorted(ACTS)), max_size=12))
def test_k271_k272_whatever_is_done_to_a_job_it_moves_by_the_table(acts: list[str]) -> None:
    job = Traced()
    for act in acts:
        over = job.is_completed
        ACTS[act](job)
        assert not over or job.is_completed, "a job that was over is not"
        assert job.is_completed == (job._body_ended and not job._children)
    assert job.seen[0] in table.BIRTH
    assert set(job.moves()) <= ALLOWED
    assert len(job.moves()) == len(set(job.moves()))


LINES = [(before, event, after) for before, events, after in table.TRANSITIONS for event in events.split(", ")]


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{table.NAMES[line[0]]}: {line[1]}")
async def test_k271_each_line_of_the_table_happens(line: tuple[int, str, int]) -> None:
    before, event, after = line
    async with supervisor_scope(exception_handler=lambda job, error: None) as scope:
        life = Life(scope.job)
        await life.lead_to(before)
        assert life.job._state == before
        await life.happens(event)
        assert (before, after) in life.job.moves()
        await life.end()
    assert set(life.job.moves()) <= ALLOWED


class Life:
    """A lazy job whose body returns, and whose one child ends, when they are told."""

    def __init__(self, parent: Job) -> None:
        self.job = TracedJob("work", parent)
        begin(self.job, self.body, (), CoroutineStart.LAZY)
        del self.job.seen[0]  # it is made active, and lazy before anybody can see it
        self.returns, self.fails = anyio.Event(), False
        self.child: CompletableJob | None = None

    async def body(self) -> None:
        with anyio.CancelScope(shield=True):
            await self.returns.wait()
        if self.fails:
            raise ValueError("of the body")

    async def lead_to(self, state: int) -> None:
        if state == table.NEW:
            return
        self.job.start()
        self.child = CompletableJob(self.job)
        await turns()
        if state == table.COMPLETING:
            await self.body_ends()
        if state == table.CANCELLING:
            self.job.cancel_children()
            self.job.cancel()

    async def happens(self, event: str) -> None:
        match event:
            case "start":
                self.job.start()
            case "join" | "await":
                async with supervisor_scope() as others:
                    others.launch(self.job.join)
                    await turns()
                    await self.end()
            case "cancel":
                self.job.cancel()
            case "the body returns":
                await self.body_ends()
            case "the body fails":
                self.fails = True
                await self.body_ends()
            case "a child fails":
                self.child_of_mine().complete_exceptionally(KeyError("of the child"))
            case "the last child has ended":
                self.child_of_mine().complete()
            case _:
                assert event == "the body and the last child have ended"
                await self.body_ends()

    def child_of_mine(self) -> CompletableJob:
        assert self.child is not None
        return self.child

    async def body_ends(self) -> None:
        self.returns.set()
        await turns()

    async def end(self) -> None:
        await self.body_ends()
        self.job.cancel()
        await self.job.join()

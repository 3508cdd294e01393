"""Stories that chance seldom tells, played every time: bugs that were found, and the lines that they come down to."""

from __future__ import annotations

from typing import Final

import pytest

from flowws import Channel, CoroutineScope
from tests.core.observing import cancel_natively, turns

from .machine import Command, Story, play


def told(*commands: tuple[object, ...]) -> Story:
    return [Command(str(name), tuple(arguments)) for name, *arguments in commands]


FOUND: Final = {
    "a cancelled sender brings nothing": told(
        ("send", 0, True),
        ("cancel_a_task", 0),
    ),
    "whoever is told of the end looks again": told(
        ("receive", 0, "receive", True),
        ("receive", 0, "next", True),
        ("try_send", 0),
        ("close", 0, False),
        ("cancel_a_task", 0),
        ("step", 0),
        ("step", 0),
    ),
    "an element too many, given back, is no room for a sender": told(
        ("receive", 0, "receive", True),
        ("send", 0, True),
        ("send", 0, True),
        ("cancel_a_task", 0),
        ("step", 0),
        ("receive", 0, "receive", True),
        ("try_receive", 0),
    ),
}


@pytest.mark.parametrize("story", FOUND.values(), ids=FOUND)
def test_what_was_found_stays_found(story: Story) -> None:
    play(("rendezvous", "one"), "asyncio", story)
    play(("rendezvous", "one"), "trio", story)


async def test_a_sender_that_is_being_cancelled_brings_nothing() -> None:
    """K27, K28: it stands in the queue until it resumes, but nobody can take its element."""
    channel = Channel[int]()
    async with CoroutineScope() as scope:
        job = scope.launch(channel.send, 1)
        await turns()
        assert not channel.is_empty
        job.cancel()
        assert channel.is_empty
        channel.close()
        assert channel.is_closed_for_receive


@pytest.mark.asyncio_only("trio does not cancel a task that has been handed an element")
async def test_an_element_that_comes_back_after_the_end_was_told_still_finds_a_receiver() -> None:
    """Stronger than K44: the next receiver takes it, also one that has just been woken because the channel closed."""
    channel = Channel[int]()
    taken: list[int] = []

    async def take_all() -> None:
        async for element in channel:
            taken.append(element)  # noqa: PERF401  # one by one, as a worker does

    async with CoroutineScope(supervisor=True) as scope:
        first = scope.launch(channel.receive, name="handed over, then cancelled")
        second = scope.launch(take_all)
        await turns()
        channel.try_send(1)
        channel.close()
        cancel_natively(first)
        await second.join()
    assert taken == [1]

"""The machine is worth its name: bugs that are planted are found, shrunk to a story of a few commands, and replayed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any, Final

import pytest
from hypothesis import find

from flowws import Channel
from flowws._core import Place
from flowws.channels._channel_clauses import ReceiveClause, SendClause

from .machine import STORIES, Story, play
from .scheduler import DrivenWaiter
from .test_every_interleaving import SETTINGS

CHANNEL: Final[Any] = Channel
RECEIVE: Final[Any] = ReceiveClause
SEND: Final[Any] = SendClause
_give_back, _pull, _put, _end_receivers = CHANNEL._give_back, CHANNEL._pull, CHANNEL._put, CHANNEL._end_receivers


def lost_hand_over(_: Channel[Any], __: object) -> None:
    """A receiver that is cancelled takes along what it had been handed."""


def double_delivery(channel: Channel[Any], element: object) -> None:
    """What a cancelled receiver gives back goes to the next one, and to the buffer as well."""
    _give_back(channel, element)
    channel._buffer.append(element)


def forgotten_receiver(channel: Channel[Any]) -> None:
    """Of those who wait for an element, only the first is told that none will come."""
    channel._receivers = deque(list(channel._receivers)[:1])
    _end_receivers(channel)


def forgotten_sender(channel: Channel[Any]) -> Any:
    """A slot falls free, and the sender who waits for it is not called."""
    return channel._buffer.popleft() if channel._buffer else _pull(channel)


def overtaken_receiver(channel: Channel[Any], element: object) -> Any:
    """The receiver who came last is served first."""
    channel._receivers = deque(reversed(channel._receivers))
    return _put(channel, element)


def hand_over_to_the_cancelled(waiter: DrivenWaiter) -> bool:
    """A task that is cancelled while it waits counts as waiting until it resumes."""
    return waiter._state == "done"


def loser_goes_on_receiving(_: Any, __: Place) -> None:
    """A clause of a select that has lost stays in its queue."""


def loser_goes_on_sending(_: Any, __: Place) -> None:
    """So does one that could not send; and the hook is not told of its element."""


def hand_over_lost_by_a_select(_: Any, __: object) -> None:
    """What a select had been handed is gone when it is cancelled."""


PLANTED: Final[list[tuple[Callable[..., Any], Any, str]]] = [
    (lost_hand_over, CHANNEL, "_give_back"),
    (double_delivery, CHANNEL, "_give_back"),
    (forgotten_receiver, CHANNEL, "_end_receivers"),
    (forgotten_sender, CHANNEL, "_pull"),
    (overtaken_receiver, CHANNEL, "_put"),
    (hand_over_to_the_cancelled, DrivenWaiter, "done"),
    (loser_goes_on_receiving, RECEIVE, "leave"),
    (loser_goes_on_sending, SEND, "leave"),
    (hand_over_lost_by_a_select, RECEIVE, "give_back"),
]


@pytest.mark.parametrize(("bug", "owner", "name"), PLANTED, ids=[bug.__name__ for bug, _, _ in PLANTED])
def test_a_planted_bug_is_found_shrunk_and_replayed(
    bug: Callable[..., Any], owner: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(story: Story) -> bool:
        try:
            play(("one", "rendezvous"), "asyncio", story)
        except AssertionError:
            return True
        return False

    with monkeypatch.context() as planted:
        planted.setattr(owner, name, bug)
        story = find(STORIES, fails, settings=SETTINGS, random=Random(1))
        assert fails(story)
    print(story)
    assert len(story) <= 4
    assert not fails(story)

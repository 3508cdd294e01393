"""`Lag.mailbox`: the queue of a policy, in somebody else's hands."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import Lag, LaggedError, Mailbox


def left_in(mailbox: Mailbox[Any], *values: int) -> list[int]:
    for value in values:
        mailbox.put(value)
    left: list[int] = []
    while mailbox:
        left.append(mailbox.take())
    return left


@pytest.mark.parametrize(
    ("lag", "left", "lost"),
    [
        (Lag.DROP_OLDEST, [3, 4], 3),
        (Lag.DROP_LATEST, [0, 1], 3),
        (Lag.CONFLATE, [4], 4),
        (Lag.conflate_by(lambda n: n % 3), [3, 4, 2], 2),
        (Lag.DISCONNECT(10), [0, 1, 2, 3, 4], 0),
    ],
)
def test_each_policy_has_its_queue(lag: Lag, left: list[int], lost: int) -> None:
    mailbox = lag.mailbox(2)
    assert not mailbox
    assert left_in(mailbox, *range(5)) == left
    assert mailbox.lost == lost
    assert mailbox.fault is None


def test_one_that_disconnects_is_at_fault_and_loses_all() -> None:
    mailbox = Lag.DISCONNECT(3).mailbox(10)
    assert left_in(mailbox, *range(5)) == []
    assert mailbox.lost == 5
    assert isinstance(mailbox.fault, LaggedError)


def test_what_it_begins_with_is_not_lost() -> None:
    mailbox = Lag.DROP_OLDEST.mailbox(1)
    mailbox.begin((1, 2, 3))
    assert mailbox.lost == 0
    assert left_in(mailbox) == [3]


@pytest.mark.parametrize("lag", [Lag.DROP_OLDEST, Lag.conflate_by(lambda n: n % 2)])
def test_values_may_travel_with_something_else(lag: Lag) -> None:
    mailbox = lag.mailbox(2, lambda pair: pair[0])
    for pair in ((1, "a"), (2, "b"), (3, "c")):
        mailbox.put(pair)
    assert mailbox.lost == 1
    assert sorted([mailbox.take(), mailbox.take()]) == [(2, "b"), (3, "c")]


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="room must be 1 or more, not 0"):
        Lag.CONFLATE.mailbox(0)
    with pytest.raises(ValueError, match=r"Lag\.SUSPEND has no queue that gives way: somebody has to wait"):
        Lag.SUSPEND.mailbox(1)

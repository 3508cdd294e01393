"""The rule by which gaps are found: what lies between two positions of one log.

A log counts on over all its lives: when a server comes back with what it has saved, the first append begins a new
epoch, whose first offset is one more than what the server knew. The *chain* says, for each epoch, behind which offset
it began, the oldest first. So a reader who has seen more than the server knew learns how many updates are lost::

    epoch 1   1 2 3 ... 1000 | 1001 ... 1500      a reader is here: (1, 1500)
                             | saved to here, and the server dies
    epoch 2                    1001 1002 ...      began behind 1000: a rollback of 500
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, TypeAlias

from ._entry import Gap, GapReason
from ._position import Position

Chain: TypeAlias = Sequence[Position]
"""For each epoch that is remembered, the oldest first, the position before its first entry. Never empty."""

CHAIN_LENGTH: Final = 64
"""As many epochs a log remembers."""


def gaps_between(at: Position, to: Position, chain: Chain) -> tuple[Gap, ...]:
    """What is missing for a reader who was behind `at` and goes on behind `to`: nothing, one gap or two.

    `to` is the position before the next entry or, where nothing is to come, that of the log itself.

    >>> chain = [Position(1, 0), Position(2, 1000)]
    >>> gaps_between(Position(1, 1000), Position(2, 1000), chain)
    ()
    >>> [str(gap) for gap in gaps_between(Position(1, 1500), Position(2, 1007), chain)]
    ['rollback: 500 updates between 1-1500 and 2-1000', 'trimmed: 7 updates between 2-1000 and 2-1007']
    """
    shared = shared_until(at, to, chain)
    if shared is None:
        return (Gap(GapReason.RESET, at, to, None),)
    gaps: list[Gap] = []
    if shared.offset < at.offset:
        gaps.append(Gap(GapReason.ROLLBACK, at, shared, at.offset - shared.offset))
        at = shared
    if to.offset > at.offset:
        gaps.append(Gap(GapReason.TRIMMED, at, to, to.offset - at.offset))
    return tuple(gaps)


def resolved(position: Position, newest: Position, chain: Chain) -> Position | None:
    """What a position is called in the epoch of the newest entry; None if the log does not go on from there.

    >>> chain = [Position(1, 0), Position(2, 1000)]
    >>> resolved(Position(1, 990), Position(2, 1100), chain)
    Position(epoch=2, offset=990)
    >>> resolved(Position(1, 1001), Position(2, 1100), chain)
    """
    shared = shared_until(position, newest, chain)
    if shared is None or shared.offset < position.offset:
        return None
    return Position(newest.epoch, position.offset)


def shared_until(at: Position, to: Position, chain: Chain) -> Position | None:
    """Up to where a log that goes on behind `to` is the one in which somebody was at `at`: there, or before that. None:
    it is another one.

    >>> chain = [Position(1, 0), Position(2, 1000)]
    >>> shared_until(Position(1, 1500), Position(2, 1100), chain)
    Position(epoch=2, offset=1000)
    """
    if at.epoch == to.epoch:
        return Position(to.epoch, min(at.offset, to.offset))
    if at.epoch > to.epoch:  # a position by the name that it has got since: what it was called then is there
        named = next((each for each in chain if each.epoch == at.epoch), None)
        return None if named is None or named.offset < at.offset else Position(to.epoch, at.offset)
    for each, following in pairwise(chain):
        if each.epoch == at.epoch:
            return Position(following.epoch, min(at.offset, following.offset))
    return None

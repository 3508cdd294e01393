"""`Transcript`: what one subscription has heard, held against what it should hear."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flowws.feeds import Position
from tests.feeds.storm import news


class Transcript:
    """Checks each message of a subscription as it comes: no update may be lost without a gap, come twice, or be one of
    another filter.

    It stays when the connection goes, and says from where to go on.
    """

    def __init__(self, wanted: news.WireFilter) -> None:
        self.asked: list[str] = [news.encoded(wanted)]
        """The filter in force, and those that were asked for since."""
        self.position: Position | None = None
        """Everything up to here has been heard, or been told to be missing."""
        self.events = Counter[str]()
        """What happened, for tests that want to be sure of it."""
        self._is_open = False
        self._owes_gap = False
        self._owes_snapshot = False

    @property
    def wanted(self) -> str:
        """The filter in force, as text."""
        return self.asked[0]

    def has_all(self, offset: int) -> bool:
        """Whether nothing is due any more up to this update of the feed."""
        return (
            self._is_open
            and not self._owes_snapshot
            and len(self.asked) == 1
            and self.position is not None
            and news.next_passing(self.wanted, self.position.offset) > offset
        )

    def reconnects(self) -> None:
        """The connection is gone; the next one asks for what was asked for last."""
        self.asked = self.asked[-1:]
        self._is_open = self._owes_snapshot = False

    def starts_over(self) -> None:
        """A new subscription, which remembers nothing."""
        self.reconnects()
        self.position = None

    def hear(self, message: dict[str, Any]) -> None:
        """Take the next message. Raises `AssertionError` where it is not what it should be."""
        match message:
            case {"update": value, "at": offset}:
                self._update(value, offset)
            case {"gap": missed, "at": at, "reason": reason}:
                self._gap(missed, at, reason)
            case {"progress": offset}:
                self._progress(offset)
            case {"subscribed": _, "resumed": True, "at": at}:
                self._resumed(Position.parse(at))
            case {"subscribed": _, "resumed": False}:
                self._begun()
            case {"filter": wanted}:
                self._switched(news.encoded(wanted))
            case {"snapshot": items, "at": at}:
                self._snapshot(items, Position.parse(at))
            case _:
                raise AssertionError(f"{message} is not expected")

    def _resumed(self, at: Position) -> None:
        assert not self._is_open, "it is subscribed already"
        assert at == self.position, f"resumed at {at} after {self.position}"
        self._is_open = True
        self.events["resumed"] += 1

    def _begun(self) -> None:
        assert not self._is_open, "it is subscribed already"
        self._is_open = self._owes_snapshot = True
        self._owes_gap = self.position is not None
        self.events["begun"] += 1

    def _gap(self, missed: int | None, at: str | int, reason: str) -> None:
        assert self.position is not None, "a gap before it is known where"
        self.events[reason] += 1
        if isinstance(at, int):
            assert reason == "lag"
            assert not self._owes_snapshot
            assert missed == news.count_passing(self.wanted, self.position.offset, at), f"{missed} until {at}"
            assert missed, "a gap of nothing"
            self.position = Position(self.position.epoch, at)
            return
        place = Position.parse(at)
        if reason == "restart":
            assert missed is None
            assert place.epoch > self.position.epoch
        else:
            assert reason == "trimmed"
            assert place.epoch == self.position.epoch
            assert missed is not None
            seen = place.offset - missed  # up to there it was looked at, even if nothing has passed the filter
            assert not news.count_passing(self.wanted, self.position.offset, seen), f"{missed} until {place}"
            assert seen >= self.position.offset, f"{missed} until {place}"
        self._owes_gap = False
        self._owes_snapshot = True
        self.position = place

    def _progress(self, offset: int) -> None:
        assert self._is_open, "progress before the answer to the subscription"
        assert not self._owes_snapshot, "progress before the snapshot"
        assert self.position is not None  # it is open
        assert offset > self.position.offset, "no progress"
        assert not news.count_passing(self.wanted, self.position.offset, offset), f"updates until {offset} are missing"
        self.position = Position(self.position.epoch, offset)

    def _switched(self, wanted: str) -> None:
        assert self.asked[1:2] == [wanted], "a filter that was not asked for"
        del self.asked[0]
        self._owes_snapshot = True
        self.events["switched"] += 1

    def _snapshot(self, items: list[news.Update], at: Position) -> None:
        assert self._owes_snapshot, "nobody has asked for a snapshot"
        assert self.position is None or at >= self.position, f"the snapshot at {at} is older than {self.position}"
        assert not self._owes_gap, "it was away, and no gap tells what it has missed"
        self._owes_snapshot = False
        assert items == [news.update(offset) for offset in news.snapshot(self.wanted, at.offset)]
        self.position = at
        self.events["snapshot"] += 1

    def _update(self, value: news.Update, offset: int) -> None:
        assert self._is_open, "an update before the answer to the subscription"
        assert not self._owes_snapshot, "an update before the snapshot"
        assert self.position is not None  # it is open
        due = news.next_passing(self.wanted, self.position.offset)
        assert offset == due, f"{offset} came where {due} was due"
        assert value == news.update(offset), f"another update has the place {offset}"
        self.position = Position(self.position.epoch, offset)
        self.events["update"] += 1

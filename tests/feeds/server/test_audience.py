"""What an audience does with its members, whatever they do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flowws.feeds import Position
from flowws.feeds.filters import EVERYTHING
from flowws.feeds.server._audience import SLICE, Audience, Batch, Member
from flowws.feeds.server._counts import Counts
from flowws.feeds.server._frames import ROOM, Frames
from flowws.feeds.server._interruption import Interruption
from flowws.websocket import CloseReason, JsonConverter, SessionClosedError, SharedMessage


class Listener(Member):
    """A member that notes down what happens to it."""

    def __init__(self, send: Callable[[SharedMessage], bool]) -> None:
        self.send = send
        self.story: list[object] = []

    def fall_behind(self, batch: Batch) -> None:
        self.story.append(("behind", [each.value for each in batch.waiting]))

    def put_aside(self, batch: Batch) -> None:
        self.story.append(("aside", [each.value for each in batch.waiting]))

    def interrupt(self, interruption: Interruption) -> None:
        self.story.append(interruption)

    def look_up(self) -> None:
        self.story.append("up")

    def finish(self, problem: str | None, *, is_error: bool) -> None:
        self.story.append(("finished", problem, is_error))

    def leave(self) -> None:
        self.story.append("left")


def closed(_: SharedMessage) -> bool:
    raise SessionClosedError(CloseReason(1000))


def broken(_: SharedMessage) -> bool:
    raise OSError("a secret")


def audience(*members: Listener) -> tuple[Audience, Counts]:
    counts = Counts()
    made = Audience(EVERYTHING, 0, Frames(JsonConverter(), counts), counts, 0, 256)
    made.fast = dict.fromkeys(members)
    return made, counts


def test_what_is_wrong_with_one_member_is_not_noticed_by_another(caplog: pytest.LogCaptureFixture) -> None:
    sent: list[SharedMessage] = []

    def note(message: SharedMessage) -> bool:
        sent.append(message)
        return True

    well = [Listener(note) for _ in range(2)]
    behind, gone, odd = Listener(lambda _: False), Listener(closed), Listener(broken)
    made, counts = audience(well[0], behind, gone, odd, well[1])
    for _ in made.deliver([(1, "one"), (2, "two")]):
        pass
    assert len(sent) == 2
    assert sent[0] is sent[1]
    assert counts.delivered == 4
    assert behind.story == [("behind", ["one", "two"])]
    assert gone.story == ["left"]
    assert odd.story == [("finished", "the feed has failed", True)]
    assert "a secret" in caplog.text


def test_a_step_is_short() -> None:
    sent: list[int] = []

    def noting(number: int) -> Callable[[SharedMessage], bool]:
        def note(_: SharedMessage) -> bool:
            sent.append(number)
            return True

        return note

    made, _ = audience(*map(Listener, map(noting, range(SLICE * 2 + 1))))
    steps = made.deliver([(1, "one")])
    next(steps)
    assert len(sent) == SLICE
    assert len(list(steps)) == 2
    assert sent == list(range(SLICE * 2 + 1))


def test_who_is_slow_has_it_put_aside_at_once() -> None:
    slow = Listener(closed)
    made, _ = audience(*[Listener(lambda _: True) for _ in range(SLICE + 1)])
    made.slow[slow] = None
    next(made.deliver([(1, "one")]))
    assert slow.story == [("aside", ["one"])]


def test_what_waits_for_several_is_kept_once() -> None:
    kept: list[object] = []

    class Keeping(Listener):
        def put_aside(self, batch: Batch) -> None:
            kept.append(batch.waiting)

    made, _ = audience()
    made.slow = {Keeping(closed): None, Keeping(closed): None}
    assert list(made.deliver([(1, "one")])) == []
    assert kept[0] is kept[1]


def test_what_is_kept_for_others_is_bounded() -> None:
    counts = Counts()
    frames = Frames(JsonConverter(), counts)
    text = "x" * (ROOM // 4)
    first = frames.update(text, 0, 1)
    frames.trim()
    assert frames.update(text, 0, 1) is first
    frames.update(text, 1, 1)
    frames.update(text, 0, 2)
    frames.trim()
    assert frames.update(text, 0, 1) is not first
    assert counts.encodings == 3


def test_an_interruption_is_brought_to_many_in_short_steps() -> None:
    listeners = [Listener(broken) for _ in range(2 * SLICE + 1)]
    listening, _ = audience(*listeners)
    interruption = Interruption(Position(1, 5), Position(2, 5), is_known=True)
    assert sum(1 for _ in listening.interrupt(interruption)) == 2
    assert all(each.story == [interruption] for each in listeners)
    assert listening.offset == 5

"""The judge of the other tests here: it lets pass what is right, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from flowws.feeds import Position
from tests.feeds.storm import news
from tests.feeds.storm.transcript import Transcript

Message = dict[str, Any]


def resumed(offset: int, epoch: int = 7) -> Message:
    return {"subscribed": "", "at": f"{epoch}-{offset}", "resumed": True}


def snapshot(wanted: str, offset: int, epoch: int = 7) -> Message:
    return {"snapshot": list(map(news.update, news.snapshot(wanted, offset))), "at": f"{epoch}-{offset}"}


def update(offset: int) -> Message:
    return {"update": news.update(offset), "at": offset}


def gap(missed: int | None, at: str | int, reason: str) -> Message:
    return {"gap": missed, "at": at, "reason": reason}


ALL, SAVES = map(news.encoded, news.FILTERS[:2])
SUBSCRIBED: Message = {"subscribed": "", "resumed": False}
SWITCHED: Message = {"filter": "saves"}
BEGUN = [SUBSCRIBED, snapshot(ALL, 20), update(21), update(22)]


def hear(messages: list[Message], transcript: Transcript | None = None) -> Transcript:
    transcript = transcript or Transcript("all")
    for message in messages:
        transcript.hear(message)
    return transcript


def test_what_is_right() -> None:
    transcript = hear([*BEGUN, gap(3, 25, "lag"), update(26)])
    assert transcript.position == Position(7, 26)
    assert transcript.has_all(26)
    assert not transcript.has_all(27)
    transcript.asked.append(SAVES)
    assert not transcript.has_all(26)
    hear([update(27), SWITCHED], transcript)
    assert not transcript.has_all(26)
    hear([snapshot(SAVES, 27), update(28), update(29), update(31)], transcript)
    assert transcript.has_all(31)
    transcript.reconnects()
    hear([resumed(31), update(32)], transcript)
    transcript.reconnects()
    hear([SUBSCRIBED, gap(8, "7-40", "trimmed"), snapshot(SAVES, 40), update(41)], transcript)
    transcript.reconnects()
    hear([SUBSCRIBED, gap(None, "8-3", "restart"), snapshot(SAVES, 3, epoch=8), update(4)], transcript)
    transcript.starts_over()
    hear([SUBSCRIBED, snapshot(SAVES, 3, epoch=8)], transcript)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param([update(24)], id="an update is lost"),
        pytest.param([update(22)], id="one comes twice"),
        pytest.param([{"update": news.update(24), "at": 23}], id="one has the place of another"),
        pytest.param([gap(2, 25, "lag")], id="a gap counts too few"),
        pytest.param([gap(4, 25, "lag")], id="a gap counts too many"),
        pytest.param([gap(0, 22, "lag")], id="a gap of nothing"),
        pytest.param([SWITCHED], id="a switch that nobody has asked for"),
        pytest.param([snapshot(ALL, 22)], id="a snapshot that nobody has asked for"),
        pytest.param([SUBSCRIBED], id="subscribed twice"),
        pytest.param([{"error": "it failed", "code": "failed"}], id="an error"),
    ],
)
def test_what_is_wrong(wrong: list[Message]) -> None:
    transcript = hear(BEGUN)
    with pytest.raises(AssertionError):
        hear(wrong, transcript)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param([SWITCHED, update(23)], id="no snapshot"),
        pytest.param([SWITCHED, snapshot(ALL, 22)], id="a snapshot of the old filter"),
        pytest.param([SWITCHED, snapshot(SAVES, 21)], id="a snapshot that is too old"),
        pytest.param([SWITCHED, snapshot(SAVES, 22), update(24)], id="an update is left out"),
        pytest.param([{"filter": "all"}], id="another filter than was asked for"),
    ],
)
def test_a_wrong_switch(wrong: list[Message]) -> None:
    transcript = hear(BEGUN)
    transcript.asked.append(SAVES)
    with pytest.raises(AssertionError):
        hear(wrong, transcript)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param([SUBSCRIBED, snapshot(ALL, 25)], id="no gap is told"),
        pytest.param([resumed(22), update(24)], id="an update is lost"),
        pytest.param([resumed(22, epoch=8)], id="resumed in another life"),
        pytest.param([SUBSCRIBED, gap(2, "7-25", "trimmed")], id="a gap counts too few"),
        pytest.param([SUBSCRIBED, gap(None, "7-25", "restart")], id="no restart"),
    ],
)
def test_a_wrong_return(wrong: list[Message]) -> None:
    transcript = hear(BEGUN)
    transcript.reconnects()
    with pytest.raises(AssertionError):
        hear(wrong, transcript)

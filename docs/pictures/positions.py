"""The picture of docs/brokers.md: what a log still has of its updates, and what a reader who comes back is told.

The words at the end of each story are those of the rule that the brokers keep, asked about just this log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

from flowws.brokers import Gap, Position, gaps_between

_BOX: Final = 30
_STEP: Final = 36
_LINE: Final = 40
_LEFT: Final = 110
_ROOM: Final = 34  # above the first line of a story, for its title
_LAST: Final = 9  # the highest offset of all
_WORDS: Final = 200  # for what the reader is told
_WIDTH: Final = _LEFT + _LAST * _STEP + 24 + _WORDS

_STYLE: Final = """
    text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328 }
    .title { font-weight: 600 } .name, .gone-text { fill: #59636e } .fine { fill: #1a7f37 } .gap { fill: #d1242f }
    .held { fill: #ddf4ff; stroke: #0969da } .gone { fill: none; stroke: #818b98; stroke-dasharray: 3 3 }
    .reader { stroke: #bc4c00; stroke-width: 2.5 } .rule { stroke: #d1d9e0 }
    @media (prefers-color-scheme: dark) {
        text { fill: #f0f6fc } .name, .gone-text { fill: #9198a1 } .fine { fill: #3fb950 } .gap { fill: #f85149 }
        .held { fill: #121d2f; stroke: #4493f8 } .gone { stroke: #656c76 }
        .reader { stroke: #db8b31 } .rule { stroke: #3d444d }
    }
"""


@dataclass(frozen=True)
class Life:
    """An epoch of a log: the offsets that were written in it, and which of them the log still has."""

    epoch: int
    written: range
    held: range


@dataclass(frozen=True)
class Story:
    """A log, and a reader who comes back to it."""

    title: str
    lives: Sequence[Life]
    reader: Position
    is_another_log: bool = False
    """Nothing was saved: the log of the last life knows nothing of those before."""

    def told(self) -> tuple[Gap, ...]:
        """What the reader is told before it goes on."""
        held = (Position(life.epoch, offset) for life in self.lives for offset in life.held)
        following = min(each for each in held if each > self.reader)
        lives = self.lives[-1:] if self.is_another_log else self.lives
        chain = [Position(life.epoch, life.written.start - 1) for life in lives]
        return gaps_between(self.reader, Position(following.epoch, following.offset - 1), chain)


STORIES: Final = (
    Story("The connection was lost", [Life(1, range(1, 8), range(1, 8))], Position(1, 4)),
    Story(
        "The server was started again, with all that it had",
        [Life(1, range(1, 6), range(1, 6)), Life(2, range(6, 9), range(6, 9))],
        Position(1, 4),
    ),
    Story("The reader was too slow, or away for too long", [Life(1, range(1, 10), range(7, 10))], Position(1, 3)),
    Story(
        "The server came back with what it had saved some time ago",
        [Life(1, range(1, 7), range(1, 4)), Life(2, range(4, 9), range(4, 9))],
        Position(1, 6),
    ),
    Story(
        "The server came back with nothing",
        [Life(1, range(1, 7), range(0)), Life(2, range(1, 4), range(1, 4))],
        Position(1, 5),
        is_another_log=True,
    ),
)


def positions() -> str:
    """The SVG."""
    height = sum(_ROOM + _LINE * len(story.lives) + 18 for story in STORIES) + 8
    picture = ET.Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {_WIDTH} {height}")
    picture.set("width", str(_WIDTH))
    picture.set("height", str(height))
    picture.set("role", "img")
    ET.SubElement(picture, "title").text = "Logs with gaps, and what a reader who comes back is told"
    ET.SubElement(picture, "style").text = _STYLE
    top = 8
    for story in STORIES:
        if story is not STORIES[0]:
            _stroke(picture, 10, top - 4, _WIDTH - 10, top - 4, "rule")
        top = _draw(picture, story, top)
    ET.indent(picture)
    return ET.tostring(picture, encoding="unicode") + "\n"


def _draw(picture: ET.Element, story: Story, top: int) -> int:
    _text(picture, 10, top + 16, story.title, "title")
    y = top + _ROOM
    for life in story.lives:
        middle = y + _BOX / 2
        _text(picture, 10, middle, f"epoch {life.epoch}", "name")
        for offset in life.written:
            x = _LEFT + _STEP * (offset - 1)
            is_held = offset in life.held
            box = {"x": str(x), "y": str(y), "width": str(_BOX), "height": str(_BOX), "rx": "5"}
            ET.SubElement(picture, "rect", box | {"class": "held" if is_held else "gone"})
            _text(picture, x + _BOX / 2, middle, str(offset), "" if is_held else "gone-text", anchor="middle")
        if life.epoch == story.reader.epoch:
            place = _LEFT + _STEP * story.reader.offset - (_STEP - _BOX) / 2
            _stroke(picture, place, y - 5, place, y + _BOX + 5, "reader")
        y += _LINE
    told = story.told()
    words = [(f"{gap.reason.name}, missing={gap.missing}", "gap") for gap in told] or [("nothing is missing", "fine")]
    for line, (said, kind) in enumerate(words):
        _text(picture, _LEFT + _LAST * _STEP + 24, y - _LINE + _BOX / 2 + 18 * line, said, kind)
    return y + 18


def _stroke(picture: ET.Element, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
    ends = {"x1": f"{x1:g}", "y1": f"{y1:g}", "x2": f"{x2:g}", "y2": f"{y2:g}"}
    ET.SubElement(picture, "line", {**ends, "class": kind})


def _text(picture: ET.Element, x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> None:
    where = {"x": f"{x:g}", "y": f"{y:g}", "text-anchor": anchor, "dominant-baseline": "central"}
    ET.SubElement(picture, "text", where | ({"class": kind} if kind else {})).text = text

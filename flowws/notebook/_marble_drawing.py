"""A run as a picture: SVG, readable on light and on dark. Of the operators' documentation, and of `marbles`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isclose
from typing import Final, Literal
from xml.etree import ElementTree as ET

from ._brief import brief, brief_text, cut

_ROW: Final = 46  # pixels from line to line
_COLUMN: Final = 38  # at least so many for a moment; moments stand in order, not to scale, but a step is never narrower
_LEFT: Final = 84
_BOX: Final = 34
_LETTER: Final = 8
_LONGEST: Final = 32  # letters of a value, or of a name
_LANES: Final = ("in", "out", "third", "fourth")

STANDALONE: Final = """
    text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328 }
    .line, .end { stroke: #59636e; stroke-width: 1.5 }
    .left { stroke: #59636e; stroke-width: 1.5; stroke-dasharray: 2 3 }
    .failure { stroke: #d1242f; stroke-width: 2.5 }
    .in { fill: #ddf4ff; stroke: #0969da } .out { fill: #dafbe1; stroke: #1a7f37 }
    .box { fill: #f6f8fa; stroke: #d1d9e0 } .name { fill: #59636e } .time { fill: #818b98; font-size: 10px }
    @media (prefers-color-scheme: dark) {
        text { fill: #f0f6fc } .line, .end, .left { stroke: #9198a1 } .failure { stroke: #f85149 }
        .in { fill: #121d2f; stroke: #4493f8 } .out { fill: #12261e; stroke: #3fb950 }
        .box { fill: #151b23; stroke: #3d444d } .name { fill: #9198a1 } .time { fill: #656c76 }
    }
"""
"""For a file of its own: light or dark as the reader's system is."""

INLINE: Final = """
.flowws-marbles { overflow-x: auto; color: var(--jp-ui-font-color1, inherit) }
.flowws-marbles.flowws-marbles svg { max-width: none }
.flowws-marbles text { font: 13px var(--jp-code-font-family, ui-monospace, monospace); fill: currentColor }
.flowws-marbles .line, .flowws-marbles .end { stroke: currentColor; stroke-width: 1.5; opacity: .6 }
.flowws-marbles .failure { stroke: var(--jp-error-color1, #d1242f); stroke-width: 2.5 }
.flowws-marbles .in { --flowws-hue: #4493f8 } .flowws-marbles .out { --flowws-hue: #3fb950 }
.flowws-marbles .third { --flowws-hue: #a371f7 } .flowws-marbles .fourth { --flowws-hue: #db8b31 }
.flowws-marbles rect { stroke: var(--flowws-hue); fill: color-mix(in srgb, var(--flowws-hue) 18%,
  var(--jp-layout-color0, var(--vscode-editor-background, transparent))) }
.flowws-marbles .name { opacity: .8 } .flowws-marbles .time { opacity: .7; font-size: 10px }
"""
"""For a page of somebody else, whose colours it takes, and whose other pictures it leaves alone."""

Kind = Literal["value", "end", "failure", "left"]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happens on a line, so many seconds after the start."""

    time: float
    kind: Kind
    value: object = None


@dataclass(slots=True)
class Line:
    """What happens to one flow, from its start on."""

    name: str
    marks: list[Mark] = field(default_factory=list[Mark])


def drawn(lines: Sequence[Line], code: str = "", *, style: str = STANDALONE, step: float = 1.0) -> str:
    """The SVG of some lines, or, with `code`, of that expression between what goes in and what comes out.

    The axis has a mark every `step` seconds; moments stand in order, and what happens at once stands together.
    """
    left = max([_LEFT, *(_LETTER * len(_name(line)) + 28 for line in lines)])
    columns, width = _columns(lines, left, step)
    width = max(width, left + _LETTER * len(code) + 24 if code else 0)
    above = len(lines) - 1 if code else len(lines)
    below = 24 + _ROW * above
    height = below + (_BOX + _ROW + 26 if code else 8)
    lanes = _LANES[:2] if style == STANDALONE else _LANES
    picture = ET.Element(
        "svg", xmlns="http://www.w3.org/2000/svg", width=str(width), height=str(height), viewBox=f"0 0 {width} {height}"
    )
    picture.set("role", "img")
    ET.SubElement(picture, "title").text = code or ", ".join(_name(line) for line in lines)
    if style == STANDALONE:
        ET.SubElement(picture, "style").text = style
    for row, line in enumerate(lines[:above]):
        side = "in" if code else lanes[row % len(lanes)]
        _draw_line(picture, line, 24 + _ROW * row, left, columns, width, side)
    if code:
        _rect(picture, 8, below - 6, width - 16, _BOX, "box", 6)
        _text(picture, width / 2, below - 6 + _BOX / 2, code)
        _draw_line(picture, lines[-1], below + _BOX + 26, left, columns, width, "out")
    for time, (x, _) in columns.items():
        if _is_on_axis(time, step):
            _text(picture, x, height - 8, f"{time:g}", "time")
    ET.indent(picture)
    return ET.tostring(picture, encoding="unicode") + "\n"


def _is_on_axis(time: float, step: float) -> bool:
    return isclose(time / step, round(time / step), abs_tol=1e-6)


def _columns(lines: Sequence[Line], left: int, step: float) -> tuple[dict[float, tuple[float, int]], int]:
    """Where each moment begins, and the width of all."""
    happened = {mark.time for line in lines for mark in line.marks}
    last = max(happened, default=0.0)
    axis = {round(n * step, 9) for n in range(int(last / step + 1e-6) + 1)}
    columns: dict[float, tuple[float, int]] = {}
    x = float(left)
    for moment in sorted(happened | axis):
        widths = [sum(_width(mark) for mark in line.marks if mark.time == moment) for line in lines]
        columns[moment] = (x, int(max(widths, default=0)))
        x += max(_COLUMN, max(widths, default=0) + 8)
    return columns, int(x) + 24


def _width(mark: Mark) -> int:
    return max(28, _LETTER * len(_shown(mark)) + 12) if mark.kind == "value" else 22


def _shown(mark: Mark) -> str:
    return brief_text(mark.value, _LONGEST)


def _name(line: Line) -> str:
    return cut(line.name or "result", _LONGEST)


def _draw_line(
    picture: ET.Element,
    line: Line,
    y: float,
    left: int,
    columns: dict[float, tuple[float, int]],
    width: int,
    side: str,
) -> None:
    _text(picture, 10, y, _name(line), "name", anchor="start")
    places: list[tuple[Mark, float]] = []
    taken: dict[float, float] = {}
    for mark in line.marks:
        places.append((mark, columns[mark.time][0] + taken.get(mark.time, 0.0)))
        taken[mark.time] = taken.get(mark.time, 0.0) + _width(mark)
    stop = next((x for mark, x in reversed(places) if mark.kind != "value"), width - 12)
    _stroke(picture, left - 16, y, stop, y, "line")
    for mark, x in places:
        if mark.kind == "value":
            value = _rect(picture, x - 14, y - 14, _width(mark) - 2, 28, side, 14)
            whole = brief_text(mark.value, 400)
            if whole != _shown(mark):
                ET.SubElement(value, "title").text = whole
            _text(picture, x - 14 + (_width(mark) - 2) / 2, y, _shown(mark))
        elif mark.kind == "failure":
            for slope in (8, -8):
                stroke = _stroke(picture, x - 6, y - slope, x + 6, y + slope, "failure")
                ET.SubElement(stroke, "title").text = brief(mark.value, 400)
        else:
            _stroke(picture, x, y - 12, x, y + 12, mark.kind)


def _rect(picture: ET.Element, x: float, y: float, width: float, height: float, kind: str, radius: int) -> ET.Element:
    place = {"x": f"{x:g}", "y": f"{y:g}", "width": f"{width:g}", "height": f"{height:g}"}
    return ET.SubElement(picture, "rect", {**place, "rx": str(radius), "class": kind})


def _stroke(picture: ET.Element, x1: float, y1: float, x2: float, y2: float, kind: str) -> ET.Element:
    ends = {"x1": f"{x1:g}", "y1": f"{y1:g}", "x2": f"{x2:g}", "y2": f"{y2:g}"}
    return ET.SubElement(picture, "line", {**ends, "class": kind})


def _text(picture: ET.Element, x: float, y: float, text: str, kind: str = "", anchor: str = "middle") -> None:
    where = {"x": f"{x:g}", "y": f"{y:g}", "text-anchor": anchor, "dominant-baseline": "central"}
    ET.SubElement(picture, "text", where | ({"class": kind} if kind else {})).text = text

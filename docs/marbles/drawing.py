"""A run as a picture: SVG, readable on light and on dark."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from .timeline import Line, Mark

_ROW = 46  # pixels from line to line
_COLUMN = 38  # at least so many for a moment; moments stand in order, not to scale, but a second is never narrower
_LEFT = 84
_BOX = 34
_STYLE = """
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


def drawn(code: str, lines: list[Line]) -> str:
    """The SVG of an expression between what goes in and what comes out."""
    columns, width = _columns(lines)
    width = max(width, _LEFT + 8 * len(code) + 24)
    box = 24 + _ROW * (len(lines) - 1)
    height = box + _BOX + _ROW + 26
    picture = ET.Element(
        "svg", xmlns="http://www.w3.org/2000/svg", width=str(width), height=str(height), viewBox=f"0 0 {width} {height}"
    )
    picture.set("role", "img")
    ET.SubElement(picture, "title").text = code
    ET.SubElement(picture, "style").text = _STYLE
    for row, line in enumerate(lines[:-1]):
        _draw_line(picture, line, 24 + _ROW * row, columns, width, "in")
    _rect(picture, 8, box - 6, width - 16, _BOX, "box", 6)
    _text(picture, width / 2, box - 6 + _BOX / 2, code)
    _draw_line(picture, lines[-1], box + _BOX + 26, columns, width, "out")
    for time, (x, _) in columns.items():
        if time == int(time):
            _text(picture, x, height - 8, f"{time:g}", "time")
    ET.indent(picture)
    return ET.tostring(picture, encoding="unicode") + "\n"


def _columns(lines: list[Line]) -> tuple[dict[float, tuple[float, int]], int]:
    """Where each moment begins, and the width of all."""
    last = max((mark.time for line in lines for mark in line.marks), default=0.0)
    moments = sorted({mark.time for line in lines for mark in line.marks} | {float(n) for n in range(int(last) + 1)})
    columns: dict[float, tuple[float, int]] = {}
    x = float(_LEFT)
    for moment in moments:
        widths = [sum(_width(mark) for mark in line.marks if mark.time == moment) for line in lines]
        columns[moment] = (x, int(max(widths, default=0)))
        x += max(_COLUMN, max(widths, default=0) + 8)
    return columns, int(x) + 24


def _width(mark: Mark) -> int:
    return max(28, 8 * len(_shown(mark)) + 12) if mark.kind == "value" else 22


def _shown(mark: Mark) -> str:
    return str(mark.value)


def _draw_line(
    picture: ET.Element,
    line: Line,
    y: float,
    columns: dict[float, tuple[float, int]],
    width: int,
    side: str,
) -> None:
    _text(picture, 10, y, line.name or "result", "name", anchor="start")
    places: list[tuple[Mark, float]] = []
    taken: dict[float, float] = {}
    for mark in line.marks:
        places.append((mark, columns[mark.time][0] + taken.get(mark.time, 0.0)))
        taken[mark.time] = taken.get(mark.time, 0.0) + _width(mark)
    stop = next((x for mark, x in reversed(places) if mark.kind != "value"), width - 12)
    _stroke(picture, _LEFT - 16, y, stop, y, "line")
    for mark, x in places:
        if mark.kind == "value":
            _rect(picture, x - 14, y - 14, _width(mark) - 2, 28, side, 14)
            _text(picture, x - 14 + (_width(mark) - 2) / 2, y, _shown(mark))
        elif mark.kind == "failure":
            _stroke(picture, x - 6, y - 8, x + 6, y + 8, "failure")
            _stroke(picture, x - 6, y + 8, x + 6, y - 8, "failure")
        else:
            _stroke(picture, x, y - 12, x, y + 12, mark.kind)


def _rect(picture: ET.Element, x: float, y: float, width: float, height: float, kind: str, radius: int) -> None:
    ET.SubElement(
        picture,
        "rect",
        {
            "x": f"{x:g}",
            "y": f"{y:g}",
            "width": f"{width:g}",
            "height": f"{height:g}",
            "rx": str(radius),
            "class": kind,
        },
    )


def _stroke(picture: ET.Element, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
    ends = {"x1": f"{x1:g}", "y1": f"{y1:g}", "x2": f"{x2:g}", "y2": f"{y2:g}"}
    ET.SubElement(picture, "line", {**ends, "class": kind})


def _text(picture: ET.Element, x: float, y: float, text: str, kind: str = "", anchor: str = "middle") -> None:
    where = {"x": f"{x:g}", "y": f"{y:g}", "text-anchor": anchor, "dominant-baseline": "central"}
    ET.SubElement(picture, "text", where | ({"class": kind} if kind else {})).text = text

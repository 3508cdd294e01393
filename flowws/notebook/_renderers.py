"""What a `view` can look like: `table`, `spark` and `json`, each a plain function from items to HTML."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias, cast

import orjson

from ._brief import brief, brief_text, cut, safe
from ._fields import VALUE, columns_of, fields_of, is_number, numbers_of

Item: TypeAlias = "tuple[float, Any]"
"""When a value came, in seconds as `time.time` counts them, and the value."""

CELL = 80
"""So many characters of a value are shown in a table."""
COLUMNS = 12
LINES_OF_SPARK = 8
LINES_OF_JSON = 40

# Sizes in `em` and the colour of the text follow the page; `--jp-...` are JupyterLab's, and what comes second is for
# others. Styles stand in each element: a page that is shown without being trusted loses its style sheets.
NUMBERS = "font-variant-numeric:tabular-nums"
FAINT = "color:var(--jp-ui-font-color2,GrayText)"
LINE = "var(--jp-border-color2,rgba(128,128,128,.35))"
BRAND = "var(--jp-brand-color1,#1976d2)"
_CELL = "padding:.2em .8em .2em 0;text-align:{};white-space:nowrap;background:none;border:0"


def table(items: Sequence[Item], *, rows: int = 10) -> str:
    """The newest values, newest first, a column for each field; a value without fields has a column to itself.

    Fields are those of mappings, named tuples, dataclasses, msgspec structs and pydantic models. `rows` is how many
    values are shown; ``partial(table, rows=20)`` is a renderer, too. At most 12 columns are, and of each
    value 80 characters.
    """
    shown = [(moment, columns_of(value)) for moment, value in reversed(items[-rows:])]
    names = list(dict.fromkeys(name for _, fields in shown for name in fields))
    left_out = len(names) - COLUMNS
    names = names[:COLUMNS]
    aligned = {
        name: "right" if all(is_number(fields[name]) for _, fields in shown if name in fields) else "left"
        for name in names
    }
    head = _th("time", "left") + "".join(_th(name, aligned[name]) for name in names)
    body = "".join(
        f"<tr style='background:none'>{_td(_clock(moment), 'left', FAINT)}"
        + "".join(_td(_text(fields[name]) if name in fields else "", aligned[name]) for name in names)
        + "</tr>"
        for moment, fields in shown
    )
    more = f"<div style='{FAINT}'>and {left_out} more columns</div>" if left_out > 0 else ""
    style = f"border-collapse:collapse;border:0;margin:0;font-size:inherit;{NUMBERS}"
    return f"<table style='{style}'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def spark(items: Sequence[Item], *, width: int = 480, height: int = 40) -> str:
    """A line over time for each field that is a number, with its newest, smallest and largest value.

    `width` and `height` are those of one line, in pixels. At most 8 fields are drawn.
    """
    numbers = [(moment, numbers_of(value)) for moment, value in items]
    names = list(dict.fromkeys(name for _, fields in numbers for name in fields))
    if not names:
        return f"<div style='{FAINT}'>no numbers among the values: {_text(items[-1][1])}</div>"
    lines = "".join(
        _spark_line(name, [(moment, fields[name]) for moment, fields in numbers if name in fields], width, height)
        for name in names[:LINES_OF_SPARK]
    )
    seconds = items[-1][0] - items[0][0]
    more = f", and {len(names) - LINES_OF_SPARK} more fields" if len(names) > LINES_OF_SPARK else ""
    return f"{lines}<div style='{FAINT}'>{len(items):,} values in {seconds:.3g} s{more}</div>"


def json(items: Sequence[Item], *, lines: int = LINES_OF_JSON) -> str:
    """The newest value as JSON, indented; what JSON has no word for is shown by its `repr`, after `lines` it is cut."""
    value = items[-1][1]
    options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
    try:
        text = orjson.dumps(value, default=_structure, option=options).decode()
    except (TypeError, ValueError):  # a circle, a number beyond 64 bits
        text = brief(value, LINES_OF_JSON * CELL)
    written = text.splitlines()
    if len(written) > lines:
        written = [*written[:lines], f"... and {len(written) - lines:,} more lines"]
    body = "\n".join(line[: 2 * CELL] for line in written)
    return f"<pre style='margin:0;background:none;color:inherit;font-size:inherit;overflow-x:auto'>{safe(body)}</pre>"


def _spark_line(name: str, points: list[tuple[float, float]], width: int, height: int) -> str:
    values = [value for _, value in points]
    low, high = min(values), max(values)
    began, seconds = points[0][0], points[-1][0] - points[0][0]
    extent = high - low

    def place(moment: float, value: float) -> tuple[float, float]:
        x = 3 + (width - 6) * ((moment - began) / seconds if seconds > 0 else 1)
        y = height - 3 - (height - 6) * ((value - low) / extent if extent else 0.5)
        return x, y

    places = [place(*point) for point in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    x, y = places[-1]
    title = safe(f"{cut(name)}: from {_short(low)} to {_short(high)}")
    picture = (
        f"<svg width='{width}' height='{height}' viewBox='0 0 {width} {height}' role='img' aria-label='{title}' "
        f"style='flex:0 1 {width}px;min-width:0'>"
        f"<polyline points='{path}' fill='none' stroke='{BRAND}' stroke-width='1.5' stroke-linejoin='round'/>"
        f"<circle cx='{x:.1f}' cy='{y:.1f}' r='2.5' fill='{BRAND}'/></svg>"
    )
    label = f"<span style='min-width:6em'>{safe(cut(name, CELL))}</span>" if name != VALUE else ""
    newest = f"<b style='min-width:5em;text-align:right;{NUMBERS}'>{_short(values[-1])}</b>"
    extremes = f"<span style='white-space:nowrap;{FAINT};{NUMBERS}'>{_short(low)} to {_short(high)}</span>"
    return f"<div style='display:flex;align-items:center;gap:1em'>{label}{picture}{newest}{extremes}</div>"


def _th(text: str, align: str) -> str:
    style = f"{_CELL.format(align)};border-bottom:1px solid {LINE};font-weight:600"
    return f"<th style='{style}'>{safe(cut(text, CELL))}</th>"


def _td(html: str, align: str, style: str = "") -> str:
    return f"<td style='{_CELL.format(align)};{style}'>{html}</td>"


def _clock(moment: float) -> str:
    """The time of day where the kernel runs, to the millisecond."""
    return f"{datetime.fromtimestamp(moment).astimezone():%H:%M:%S.%f}"[:-3]


def _text(value: object) -> str:
    return safe(brief_text(value, CELL))


def _short(number: float) -> str:
    """Six digits that count; whole numbers as they are."""
    return f"{number:,.0f}" if number.is_integer() and abs(number) < 1e15 else f"{number:,.6g}"


def _structure(value: object) -> Any:
    """What stands for a value that orjson does not know."""
    if isinstance(value, (set, frozenset)):
        return sorted(cast("set[Any]", value), key=repr)
    fields = fields_of(value)
    return brief(value) if fields is None else fields

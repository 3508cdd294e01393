"""Writes the parts of the pages that are made from the code, each between a marker and its end, and the pictures.

``make docs`` runs it; a test fails when a page is behind the code.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from inspect import getdoc
from pathlib import Path

import flowws
from flowws._core import _job_state as job
from flowws.notebook._marble_drawing import drawn

sys.path.append(str(Path(__file__).parent))
from marbles.examples import EXAMPLES
from pictures.positions import positions

MARKED = re.compile(r"(<!-- made from the code: (?P<part>[\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def job_states() -> str:
    """The life of a job as a diagram."""
    ends = [state for state in job.NAMES if not any(state == before for before, _, _ in job.TRANSITIONS)]
    arrows = [
        *(("[*]", _upper(state), event) for state, event in job.BIRTH.items()),
        *((_upper(before), _upper(after), event) for before, event, after in job.TRANSITIONS),
    ]
    lines = [f"    {before} --> {after}: {event}" for before, after, event in arrows]
    lines += [f"    {_upper(state)} --> [*]" for state in ends]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


def job_flags() -> str:
    """What each state looks like from outside."""
    rows = [f"| {_upper(state)} | {' | '.join(map(_tick, flags))} |" for state, flags in job.FLAGS.items()]
    return "\n".join(["| state | `is_active` | `is_completed` | `is_cancelled` |", "|---|---|---|---|", *rows])


def operators() -> str:
    """Every operator with its sentence and its picture, theme by theme."""
    lines: list[str] = []
    for theme, marbles in EXAMPLES.items():
        lines += [f"## {theme}", ""]
        for marble in marbles:
            lines += [f"### `{marble.operator}`", "", _summary(marble.operator), ""]
            lines += ["```python", marble.where.strip(), "```", ""] if marble.where else []
            lines += [f"![{marble.code.replace('[', '(').replace(']', ')')}](marbles/{marble.operator}.svg)", ""]
    return "\n".join(lines).rstrip()


def _summary(operator: str) -> str:
    """The first paragraph of an operator's docstring, as Markdown."""
    places = (flowws.Flow, flowws.MutableSharedFlow, flowws.MutableStateFlow, flowws)
    function = next(getattr(place, operator) for place in places if hasattr(place, operator))
    paragraph = (getdoc(function) or "").split("\n\n")[0].replace("\n", " ")
    return re.sub(r"``(.+?)``", r"`\1`", paragraph)


def pictures() -> dict[str, str]:
    """The marble diagrams, by file name. Each is drawn from a run of its expression in virtual time."""
    everything = [marble for marbles in EXAMPLES.values() for marble in marbles]
    return {f"{marble.operator}.svg": drawn(marble.run(), marble.code) for marble in everything}


def drawings() -> dict[str, str]:
    """The other pictures that are made from the code, by file name."""
    return {"positions.svg": positions()}


PARTS: dict[str, Callable[[], str]] = {"job states": job_states, "job flags": job_flags, "operators": operators}


def renewed(page: str) -> str:
    """The text of a page with every marked part made anew."""
    return MARKED.sub(lambda found: f"{found[1]}\n{PARTS[found['part']]()}\n\n{found[3]}", page)


def _upper(state: int) -> str:
    return job.NAMES[state].upper()


def _tick(flag: bool) -> str:
    return "yes" if flag else ""


def main() -> None:
    """Bring every page and picture up to date."""
    for path in sorted(Path(__file__).parent.glob("*.md")):
        page = path.read_text(encoding="utf-8")
        if renewed(page) != page:
            path.write_text(renewed(page), encoding="utf-8")
    for folder, made in (("marbles", pictures()), ("pictures", drawings())):
        for name, picture in made.items():
            (Path(__file__).parent / folder / name).write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()

"""Writes the parts of the pages that are made from the code, each between a marker and its end.

``make docs`` runs it; a test fails when a page is behind the code.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from flowws._core import _job_state as job

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


PARTS: dict[str, Callable[[], str]] = {"job states": job_states, "job flags": job_flags}


def renewed(page: str) -> str:
    """The text of a page with every marked part made anew."""
    return MARKED.sub(lambda found: f"{found[1]}\n{PARTS[found['part']]()}\n\n{found[3]}", page)


def _upper(state: int) -> str:
    return job.NAMES[state].upper()


def _tick(flag: bool) -> str:
    return "yes" if flag else ""


def main() -> None:
    """Bring every page up to date."""
    for path in sorted(Path(__file__).parent.glob("*.md")):
        page = path.read_text(encoding="utf-8")
        if renewed(page) != page:
            path.write_text(renewed(page), encoding="utf-8")


if __name__ == "__main__":
    main()

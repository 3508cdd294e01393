"""The scripts that the server runs: each is one step, in which nothing can come in between."""

from __future__ import annotations

from importlib.resources import files
from typing import Final, NamedTuple


class Script(NamedTuple):
    """A script and its name."""

    name: str
    text: str


def _read(name: str) -> Script:
    room = files(__name__.rpartition(".")[0])
    return Script(name, "\n".join((room / f"{each}.lua").read_text("utf-8") for each in ("log", name)))


APPEND: Final = _read("append")
COMPARE: Final = _read("compare")
LOOK: Final = _read("look")
TAIL: Final = _read("tail")

SCRIPTS: Final = (APPEND, COMPARE, LOOK, TAIL)

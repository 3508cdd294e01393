"""Values from outside as a little text: short, on one line, and harmless in HTML."""

from __future__ import annotations

import re
from html import escape
from itertools import islice
from reprlib import Repr
from typing import Any, Final

_MOST: Final = 120


class _Brief(Repr):
    """Looks at the beginning of what is long, so that a list of millions costs no more than a short one."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 4
        self.maxstring = self.maxother = self.maxlong = _MOST
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdeque = self.maxdict = 8

    def repr1(self, x: Any, level: int) -> str:
        try:
            return super().repr1(x, level)
        except Exception as failure:  # noqa: BLE001  # whatever somebody's __repr__ raises
            return f"<{type(x).__name__} whose repr fails: {type(failure).__name__}>"

    def repr_instance(self, x: Any, level: int) -> str:
        return repr(x)

    def repr_dict(self, x: dict[Any, Any], level: int) -> str:
        """In the order of the dict, which the one of `reprlib` sorts."""
        if level <= 0 and x:
            return "{...}"
        pairs = [f"{self.repr1(key, level - 1)}: {self.repr1(x[key], level - 1)}" for key in islice(x, self.maxdict)]
        return f"{{{', '.join([*pairs, *(['...'] if len(x) > self.maxdict else [])])}}}"


_brief: Final = _Brief()


def brief(value: object, most: int = _MOST) -> str:
    """The repr of a value, cut in the middle where it is long; what fails to be shown is named."""
    return cut(_brief.repr(value), most)


def brief_text(value: object, most: int = _MOST) -> str:
    """A text as it is, anything else as its `brief` repr."""
    return cut(value, most) if isinstance(value, str) else brief(value, most)


def cut(text: str, most: int = _MOST) -> str:
    """On one line, with what cannot be printed left out, and at most so many characters."""
    line = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in re.sub(r"\s+", " ", text))
    return line if len(line) <= most else f"{line[: most - 1]}…"


def safe(text: str) -> str:
    """Text for the inside of an element or a quoted attribute."""
    return escape(text, quote=True)

"""`Look`: what there is to see of an object. Each class says it; `flowws.notebook` draws it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._job import Job
    from ._scope import CoroutineScope


class Look:
    """What there is to see of an object at one moment, without a word on how it is drawn.

    A class that can be seen has a method ``_look()`` that returns one, and ``_repr_html_ = repr_html``. To look changes
    nothing and runs nothing: a cold flow is not collected.
    """

    __slots__ = ("facts", "gauge", "kind", "name", "pipeline", "rows", "state", "text", "tone", "values")

    def __init__(
        self,
        kind: str,
        name: str = "",
        *,
        state: str = "",
        tone: str = "",
        facts: Mapping[str, object] | None = None,
        values: Mapping[str, object] | None = None,
        gauge: tuple[int, int] | None = None,
        pipeline: tuple[object, ...] = (),
        rows: Iterable[Look] = (),
        text: str = "",
    ) -> None:
        self.kind = kind
        """What it is: the name of its class."""
        self.name = name
        """What it is called."""
        self.state = state
        """One word."""
        self.tone = tone
        """How that is: ``good``, ``wait``, ``bad``, or nothing for what is over, or has no state."""
        self.facts = facts or {}
        """Numbers and words, by what they are."""
        self.values = values or {}
        """Objects of the user, likewise: they are shown by their repr, if that works."""
        self.gauge = gauge
        """How much of how much is taken."""
        self.pipeline = pipeline
        """Where it begins, and the operators behind that: `Call`, text, or whatever shows itself."""
        self.rows = rows
        """What is inside; there may be much, so it is looked at one by one, and only once."""
        self.text = text
        """A paragraph."""


class Call:
    """An operator, or a builder, as it was called."""

    __slots__ = ("arguments", "keywords", "name")

    def __init__(
        self, name: str, arguments: Iterable[object] = (), keywords: Mapping[str, object] | None = None
    ) -> None:
        self.name = name
        self.arguments = tuple(arguments)
        self.keywords = keywords or {}

    def __str__(self) -> str:
        named = [f"{name}={shown(each)}" for name, each in self.keywords.items()]
        return f"{self.name}({', '.join([*map(shown, self.arguments), *named])})"


def shown(argument: object) -> str:
    """An argument as one would write it: functions and classes by their names."""
    name = getattr(argument, "__name__", None)
    return name if isinstance(name, str) else repr(argument)


def look_at(value: object) -> Look | None:
    """What there is to see of `value`; None where it does not say."""
    look = getattr(type(value), "_look", None)
    return None if look is None else look(value)


# The knot: what draws stands on the top floor. Tied inside these two functions, when somebody looks.


def repr_html(self: object) -> str:
    """``_repr_html_`` of a class that can be seen."""
    from flowws.notebook import to_html

    return to_html(self)


def repr_pretty(self: object, printer: Any, cycle: bool) -> None:
    """``_repr_pretty_`` of a class whose plain text in IPython says more than its ``repr``, which costs less."""
    from flowws.notebook import to_text

    printer.text(repr(self) if cycle else to_text(self))


def look_of_job(self: Job) -> Look:
    """A job with those that are at work below it."""
    from ._errors import CancellationError
    from ._job_state import ACTIVE, CANCELLED, COMPLETED, COMPLETING, NAMES

    failure = self._failure
    failed = failure is not None and not isinstance(failure, CancellationError)
    state = NAMES[self._state]
    if failed:
        state = "failed" if self._state == CANCELLED else "failing"
    tone = "good" if self._state in (ACTIVE, COMPLETING) else "" if self._state in (COMPLETED, CANCELLED) else "wait"
    return Look(
        type(self).__name__,
        self.name,
        state=state,
        tone="bad" if failed else tone,
        values={} if failure is None else {"failure" if failed else "cause": failure},
        rows=map(look_of_job, self.children),
    )


def look_of_scope(self: CoroutineScope) -> Look:
    """A scope with its live jobs."""
    if not hasattr(self, "_job"):
        return Look(type(self).__name__, state="not entered")
    look = look_of_job(self.job)
    look.kind, look.facts = type(self).__name__, {"jobs at work": sum(1 for _ in self.job.children)}
    return look

"""A run in virtual time: what goes into an expression when, and what comes out of it when."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import flowws
from flowws import Flow, delay
from flowws.notebook._marble_drawing import Line, Mark
from flowws.testing import TestScope, run_test


@dataclass(frozen=True)
class Marble:
    """One diagram: an expression over flows, each of which is given as a text of one character a second.

    ``"a-b|"``: a at once, b after two seconds, the end after three; ``#`` is a failure, a digit a number.
    """

    operator: str
    code: str
    sources: dict[str, str]
    where: str = ""
    """Definitions that the expression needs."""

    def run(self) -> list[Line]:
        """The lines of the sources, then that of the result."""
        return run_test(self._run, timeout=10)

    async def _run(self, scope: TestScope) -> list[Line]:
        lines = {name: Line(name) for name in self.sources}
        flows = {name: _flow(text, lines[name], scope) for name, text in self.sources.items()}
        names: dict[str, Any] = {name: getattr(flowws, name) for name in flowws.__all__}
        result = Line("")
        try:
            names |= {**flows, "scope": scope.background_scope, "text": _text}
            exec(self.where, names)  # noqa: S102  # our own examples
            made = eval(self.code, names)  # noqa: S307  # as above
            if isinstance(made, Flow):
                async for value in made:
                    result.marks.append(Mark(scope.current_time, "value", value))
            else:
                value = await made
                result.marks.append(Mark(scope.current_time, "value", value))
        except Exception as failure:  # noqa: BLE001  # part of the picture
            result.marks.append(Mark(scope.current_time, "failure", failure))
        else:
            result.marks.append(Mark(scope.current_time, "end"))
        return [*lines.values(), result]


def _flow(text: str, line: Line, scope: TestScope) -> Flow[Any]:
    @flowws.flow
    async def source() -> AsyncIterator[Any]:
        ended = False
        try:
            async for value in _text(text):
                line.marks.append(Mark(scope.current_time, "value", value))
                yield value
            ended = True
            line.marks.append(Mark(scope.current_time, "end"))
        except ValueError as failure:
            ended = True
            line.marks.append(Mark(scope.current_time, "failure", failure))
            raise
        finally:
            if not ended:
                line.marks.append(Mark(scope.current_time, "left"))

    return source()


@flowws.flow
async def _text(text: str) -> AsyncIterator[Any]:
    for mark in text:
        if mark == "|":
            return
        if mark == "#":
            raise ValueError("failed")
        if mark != "-":
            yield int(mark) if mark.isdigit() else mark
        await delay(1)

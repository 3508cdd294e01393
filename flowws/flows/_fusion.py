"""How a chain of operators becomes one generator.

``numbers.map(f).filter(g).take(3)`` as three nested async generators resumes three frames per value. So an operator
without concurrency is written as a `Template`, a few lines of Python with a hole for the rest of the chain, and a chain
of templates is put together into the loop that one would have written by hand::

    Template("filter", '''
        keep = @test(value)             an @ call may turn out to be async; test and keep get the number of the step
        if keep:
            ...                         the rest of the chain goes here
    ''')

    async def fused(source, transform_0, test_1, count_2):
        left_2 = count_2
        why = None
        try:
            async for value in source:
                value = transform_0(value)
                if type(value) is Coroutine: value = await value
                keep_1 = test_1(value)
                if type(keep_1) is Coroutine: keep_1 = await keep_1
                if keep_1:
                    left_2 -= 1
                    yield value
                    if not left_2: return
        except BaseException as failure:
            why = failure
            raise
        finally:
            await close(source, why)
            why = None

An ``async def`` is known beforehand and simply awaited. The source text is kept in `linecache`, as `dataclasses` does
it, so that a traceback shows the line that failed. One function is made per shape of chain, not per chain.
"""

from __future__ import annotations

import linecache
import re
from collections.abc import AsyncIterator, Callable
from functools import lru_cache
from inspect import cleandoc, iscoroutinefunction
from itertools import count
from types import CoroutineType
from typing import Any

from flowws._core import checkpoint

from ._closing import close
from ._equality import same

# CPython refuses more than 20 nested loops and try blocks, and 100 levels of indentation, in one function.
_MOST_STEPS = 24
_MOST_BLOCKS = 12

# Compiled when the first chain is, not by `import flowws`.
_NAME = r"\b[a-z_]+\b"
_CALL = r"(?P<target>\w+) = @(?P<function>\w+)\((?P<arguments>.*)\)"


class Template:
    """The source text of one operator.

    Args:
        name: the operator's name.
        body: what happens to each ``value``; ``...`` stands for the rest of the chain, at its indentation, and
            ``return`` ends the flow.
        before: what happens once, before the first value.
        blocks: how many loops and try blocks the body opens around ``...``.
    """

    def __init__(self, name: str, body: str, *, before: str = "", blocks: int = 0) -> None:
        self.name = name
        self.blocks = blocks
        self._body = body
        self._before = before

    def _own_names(self, lines: list[str]) -> set[str]:
        """What the template assigns to; ``value`` belongs to the whole chain."""
        targets = [line.split(" = ")[0] for line in lines if " = " in line]
        return {name for target in targets for name in re.findall(_NAME, target)} - {"value"}

    def __repr__(self) -> str:
        return f"<Template {self.name}>"

    def render(
        self, number: int, parameters: tuple[str, ...], awaited: bool, rest: list[str]
    ) -> tuple[list[str], list[str]]:
        """The lines before the loop and inside it, for step `number` of a chain."""
        before_lines, body_lines = cleandoc(self._before).splitlines(), cleandoc(self._body).splitlines()
        own = self._own_names(before_lines + body_lines).union(parameters)

        def numbered(line: str) -> str:
            return re.sub(_NAME, lambda match: f"{match[0]}_{number}" if match[0] in own else match[0], line)

        body: list[str] = []
        for line in body_lines:
            indent = line[: len(line) - len(line.lstrip())]
            if line.strip() == "...":
                body.extend(indent + later for later in rest)
            elif "@" in line:
                body.extend(indent + piece for piece in _call(numbered(line.strip()), awaited))
            else:
                body.append(numbered(line))
        return [numbered(line) for line in before_lines], body


class Step:
    """One operator of a chain with its arguments."""

    __slots__ = ("arguments", "template")

    def __init__(self, template: Template, arguments: dict[str, Any]) -> None:
        self.template = template
        self.arguments = arguments

    def __str__(self) -> str:
        shown = ", ".join(getattr(value, "__name__", None) or repr(value) for value in self.arguments.values())
        return f"{self.template.name}({shown})"


def has_room_for(steps: tuple[Step, ...], step: Step) -> bool:
    """Whether `step` can still be fused into `steps`."""
    blocks = sum(each.template.blocks for each in steps) + step.template.blocks
    return len(steps) < _MOST_STEPS and blocks <= _MOST_BLOCKS


def fused(steps: tuple[Step, ...], *, over_iterable: bool) -> Callable[..., AsyncIterator[Any]]:
    """The generator function of a chain: called with the source's iterator and then every argument of every step."""
    shape = tuple((step.template, tuple(step.arguments), _is_async(step)) for step in steps)
    return _compiled(shape, over_iterable)


def _is_async(step: Step) -> bool:
    return any(iscoroutinefunction(argument) for argument in step.arguments.values())


def _call(line: str, awaited: bool) -> list[str]:
    match = re.fullmatch(_CALL, line)
    assert match is not None, line
    target, call = match["target"], f"{match['function']}({match['arguments']})"
    if awaited:
        return [f"{target} = await {call}"]
    return [f"{target} = {call}", f"if type({target}) is Coroutine: {target} = await {target}"]


_serial = count()
_unset = object()


@lru_cache(maxsize=1024)
def _compiled(
    shape: tuple[tuple[Template, tuple[str, ...], bool], ...], over_iterable: bool
) -> Callable[..., AsyncIterator[Any]]:
    before: list[str] = []
    body = ["yield value"]
    for number, (template, parameters, awaited) in reversed(tuple(enumerate(shape))):
        first, body = template.render(number, parameters, awaited, body)
        before = first + before
    arguments = [f"{name}_{number}" for number, (_, parameters, _) in enumerate(shape) for name in parameters]
    text = (
        "\n".join(_over_iterable(before, body, arguments) if over_iterable else _over_async(before, body, arguments))
        + "\n"
    )

    filename = f"<flowws {'.'.join(template.name for template, _, _ in shape) or 'as_flow'} #{next(_serial)}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    namespace: dict[str, Any] = {
        "Coroutine": CoroutineType,
        "checkpoint": checkpoint,
        "close": close,
        "same": same,
        "unset": _unset,
        "__name__": __name__,
    }
    exec(compile(text, filename, "exec"), namespace)  # noqa: S102  # our own templates; no text of a user gets in
    function: Callable[..., AsyncIterator[Any]] = namespace["fused"]
    return function


# Nothing in such a loop need ever wait, so it breathes by itself now and then.
_BREATHE = ["if not budget:", "    budget = 128", "    await checkpoint()", "budget -= 1"]


def _over_async(before: list[str], body: list[str], arguments: list[str]) -> list[str]:
    return [
        f"async def fused({', '.join(['source', *arguments])}):",
        *_indented(1, before),
        "    budget = 128",
        "    why = None",
        "    try:",
        "        async for value in source:",
        *_indented(3, _BREATHE),
        *_indented(3, body),
        "    except BaseException as failure:",
        "        why = failure",
        "        raise",
        "    finally:",
        "        await close(source, why)",
        "        why = None",
    ]


def _over_iterable(before: list[str], body: list[str], arguments: list[str]) -> list[str]:
    return [
        f"async def fused({', '.join(['source', *arguments])}):",
        *_indented(1, before),
        "    budget = 128",
        "    for value in source:",
        *_indented(2, _BREATHE),
        *_indented(2, body),
    ]


def _indented(levels: int, lines: list[str]) -> list[str]:
    return ["    " * levels + line for line in lines]

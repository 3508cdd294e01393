"""How a chain of operators becomes one generator.

``numbers.map(f).filter(g).take(3)`` as three nested async generators resumes three frames per value. So an operator
without concurrency is written as a `Template`, a few lines of Python with a hole for the rest of the chain, and a chain
of templates is put together into the loop that one would have written by hand::

    Template("filter", '''
        keep = @test(value)             an @ call may turn out to be async; test and keep get the number of the step
        if keep:
            ...                         the rest of the chain goes here
    ''')

    async def fused(flow, source, transform_0, test_1, count_2):
        left_2 = count_2
        why = None
        try:
            async for value in source:
                value = await transform_0(value)
                keep_1 = test_1(value)
                if type(keep_1) is Coroutine: keep_1 = await keep_1  # test_1
                if keep_1:
                    left_2 -= 1
                    yield value
                    if not left_2: return
        except BaseException as failure:
            why = failure
            blame(failure, flow)
            raise
        finally:
            await close(source, why)
            why = None

An ``async def`` is known beforehand and simply awaited; a function that can only answer at once is simply called (see
`answer_of`). The source text is kept in `linecache`, as `dataclasses` does it, so that a traceback shows the line that
failed. One function is made per shape of chain, not per chain.
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from inspect import cleandoc
from itertools import chain, count, islice
from types import CoroutineType, MappingProxyType
from typing import Any, Final, NamedTuple

from flowws._core import BUDGET, Call, checkpoint

from ._answer import Answer, answer_of
from ._arguments import is_awaitable
from ._blame import blame
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
            ``return`` ends the flow. A terminal has no ``...``, and ``return`` gives its result.
        before: what happens once, before the first value.
        first: what it gives before anything above starts, with a ``...`` of its own.
        last: what it gives after the last value, likewise.
        blocks: how many loops and try blocks the body, or `last`, opens around ``...``.
        names: what the texts call by a name that `_VOCABULARY` does not have.
    """

    def __init__(
        self,
        name: str,
        body: str,
        *,
        before: str = "",
        first: str = "",
        last: str = "",
        blocks: int = 0,
        names: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        self.name = name
        self.blocks = blocks
        self.names = names
        self.may_return = "return" in body
        self.gives_last = bool(last)
        self._texts = (before, first, body, last)

    def _own_names(self, lines: list[str]) -> set[str]:
        """What the template assigns to; ``value`` belongs to the whole chain."""
        targets = [line.split(" = ")[0] for line in lines if " = " in line]
        return {name for target in targets for name in re.findall(_NAME, target)} - {"value"}

    def __repr__(self) -> str:
        return f"<Template {self.name}>"

    def render(self, number: int, answers: dict[str, Answer], rest: list[str]) -> Rendered:
        """The lines of step `number` of a chain; the `answers` are its parameters'."""
        texts = [cleandoc(text).splitlines() for text in self._texts]
        own = self._own_names([line for lines in texts for line in lines]).union(answers)

        def numbered(line: str) -> str:
            return re.sub(_NAME, lambda match: f"{match[0]}_{number}" if match[0] in own else match[0], line)

        def lines_of(text: list[str]) -> Iterator[str]:
            for line in text:
                indent = line[: len(line) - len(line.lstrip())]
                if line.strip() == "...":
                    yield from (indent + later for later in rest)
                elif "@" in line:
                    yield from (indent + piece for piece in _call(line.strip(), answers, numbered))
                else:
                    yield numbered(line)

        return Rendered(*(list(lines_of(text)) for text in texts))


class Rendered(NamedTuple):
    """The texts of a template for its place in a chain, or those of a whole chain."""

    before: list[str]
    first: list[str]
    body: list[str]
    last: list[str]


class Step:
    """One operator of a chain with its arguments; those whose names begin with an underscore are not shown.

    Chains are of one shape, and share a function, when they have the same templates and their arguments answer alike.
    """

    __slots__ = ("arguments", "shape", "template")

    def __init__(self, template: Template, arguments: dict[str, Any]) -> None:
        self.template = template
        self.arguments = arguments
        self.shape = (template, *arguments, *map(answer_of, arguments.values()))

    @property
    def call(self) -> Call:
        """As it was written."""
        return Call(self.template.name, [self.arguments[name] for name in self.arguments if name[0] != "_"])

    def __str__(self) -> str:
        return str(self.call)


def has_room_for(steps: tuple[Step, ...], step: Step) -> bool:
    """Whether `step` can still be fused into `steps`.

    A step that has something to say at the end must be reached by the ends of the steps above: by none that returns.
    """
    new = step.template
    if new.gives_last and any(each.template.may_return for each in steps):
        return False
    if new.blocks and sum(each.template.blocks for each in steps) + new.blocks > _MOST_BLOCKS:
        return False
    return len(steps) < _MOST_STEPS


def fused(steps: tuple[Step, ...], *, over_iterable: bool) -> Callable[..., Any]:
    """The function of a chain: called with its flow, the source's iterator, and every argument of every step.

    It is an async generator function, or, where the chain ends in a terminal, which has no ``...``, an async function.
    """
    return _compiled(tuple([step.shape for step in steps]), over_iterable)  # a list: sooner made than a generator


def _parts(shape: tuple[Any, ...]) -> tuple[Template, dict[str, Answer]]:
    """The template of a step, and what its parameters answer."""
    template, *rest = shape
    half = len(rest) // 2
    return template, dict(zip(rest[:half], rest[half:], strict=True))


def _call(line: str, answers: dict[str, Answer], numbered: Callable[[str], str]) -> list[str]:
    match = re.fullmatch(_CALL, line)
    assert match is not None, line
    target, call = numbered(match["target"]), numbered(f"{match['function']}({match['arguments']})")
    match answers.get(match["function"], Answer.EITHER):
        case Answer.NOW:
            return [f"{target} = {call}"]
        case Answer.LATER:
            return [f"{target} = await {call}"]
        case Answer.EITHER:
            if match["target"] in _TESTS:
                asked = f"if {target} is not True and {target} is not False and is_awaitable({target}): "
            else:
                asked = f"if type({target}) is Coroutine: "
            return [f"{target} = {call}", f"{asked}{target} = await {target}  # {numbered(match['function'])}"]


# Answers of tests: an awaitable among them, such as a `Deferred` or a future, is not the truth but promises it. Values
# may be futures, and actions may leave tasks behind: there only a coroutine is awaited.
_TESTS: Final = frozenset({"alike", "dropping", "holds", "keep", "leave"})

# What is asked of single values: a local name is found sooner than a global one.
_LOCAL: Final = ("Coroutine=Coroutine", "type=type")

# Nothing in a loop over values need ever wait, so it breathes by itself. A turn of asyncio costs as much as 20 to 30 of
# the fastest values: after BUDGET of them, it would be a fifth of an `async for` (benchmarks/bench_operators.py).
_BREATH: Final = 2 * BUDGET

_serial = count()
_VOCABULARY: Final[dict[str, object]] = {
    "BUDGET": _BREATH,
    "Coroutine": CoroutineType,
    "is_awaitable": is_awaitable,
    "blame": blame,
    "chain": chain,
    "checkpoint": checkpoint,
    "close": close,
    "islice": islice,
    "same": same,
    "unset": object(),
    "__name__": __name__,
}


@lru_cache(maxsize=1024)
def _compiled(shape: tuple[tuple[Any, ...], ...], over_iterable: bool) -> Callable[..., Any]:
    chain_text = Rendered([], [], ["yield value"], [])
    steps = [_parts(step) for step in shape]
    for number, (template, answers) in reversed(tuple(enumerate(steps))):
        step = template.render(number, answers, chain_text.body)
        # The lowest step says its first word first, and its last word last.
        chain_text = Rendered(
            step.before + chain_text.before, chain_text.first + step.first, step.body, step.last + chain_text.last
        )
    arguments = [f"{name}_{number}" for number, (_, answers) in enumerate(steps) for name in answers]
    write = _over_iterable if over_iterable else _over_async
    head = f"async def fused({', '.join(['flow', 'source', *arguments, *_LOCAL])}):"
    text = "\n".join([head, *write(chain_text), ""])

    filename = f"<flowws {'.'.join(template.name for template, _ in steps) or 'as_flow'} #{next(_serial)}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    namespace: dict[str, Any] = dict(_VOCABULARY)
    for template, _ in steps:
        namespace.update(template.names)
    exec(compile(text, filename, "exec"), namespace)  # noqa: S102  # our own templates; no text of a user gets in
    function: Callable[..., Any] = namespace["fused"]
    return function


def _over_async(text: Rendered) -> list[str]:
    return [
        *_indented(1, text.before),
        f"    budget = {_BREATH}",
        "    why = None",
        "    try:",
        *_indented(2, text.first),
        "        async for value in source:",
        "            if not budget:",
        f"                budget = {_BREATH}",
        "                await checkpoint()",
        "            budget -= 1",
        *_indented(3, text.body),
        *_indented(2, text.last),
        "    except BaseException as failure:",
        "        why = failure",
        "        blame(failure, flow)",
        "        raise",
        "    finally:",
        "        await close(source, why)",
        "        why = None",
    ]


def _over_iterable(text: Rendered) -> list[str]:
    """No value costs a count here: the loop is one over a breath of values inside of one over the rest."""
    return [
        *_indented(1, text.before),
        "    begun = False",
        "    try:",
        *_indented(2, text.first),
        "        for value in source:",
        "            if begun: await checkpoint()",
        "            begun = True",
        f"            for value in chain((value,), islice(source, {_BREATH - 1})):",
        *_indented(4, text.body),
        *_indented(2, text.last),
        "    except Exception as failure:",
        "        blame(failure, flow)",
        "        raise",
    ]


def _indented(levels: int, lines: list[str]) -> list[str]:
    return ["    " * levels + line for line in lines]

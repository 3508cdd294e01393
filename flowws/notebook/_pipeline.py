"""A pipeline as it was written: in chips, and as a line of text. Lambdas are shown with their source."""

from __future__ import annotations

from typing import Final

from flowws._core import Call, look_at, shown

from ._brief import brief, cut, safe
from ._source_of import source_of

_MOST_STEPS: Final = 40
_DEEPEST: Final = 4  # flows in arguments of flows, in arguments of flows


def pipeline_html(pipeline: tuple[object, ...], depth: int = 0) -> str:
    """A chip for each step, from the source on."""
    chips = [_chip(step, depth) for step in _fewer(pipeline)]
    return '<span class="arrow">→</span>'.join(chips)


def pipeline_text(pipeline: tuple[object, ...], depth: int = 0) -> str:
    """One line of Python, or what is nearest to it."""
    return ".".join(_step_text(step, depth) for step in pipeline)


def _fewer(pipeline: tuple[object, ...]) -> tuple[object, ...]:
    if len(pipeline) <= _MOST_STEPS:
        return pipeline
    half = _MOST_STEPS // 2
    return (*pipeline[:half], f"… {len(pipeline) - 2 * half} more …", *pipeline[-half:])


def _chip(step: object, depth: int) -> str:
    if not isinstance(step, Call):
        name, bracket, rest = (cut(step) if isinstance(step, str) else brief(step)).partition("(")
        head = f"<b>{safe(name)}</b>" if bracket and name.isidentifier() else safe(name)
        return f'<code class="chip">{head}{safe(bracket + rest)}</code>'
    arguments = [_argument_html(each, depth) for each in step.arguments]
    arguments += [f"{safe(name)}={_argument_html(each, depth)}" for name, each in step.keywords.items()]
    return f'<code class="chip"><b>{safe(cut(step.name))}</b>({", ".join(arguments)})</code>'


def _argument_html(argument: object, depth: int) -> str:
    source = source_of(argument)
    if source is not None:
        head, colon, body = source.partition(":")
        return f'<span title="{safe(source)}"><i>{safe(cut(head + colon))}</i>{safe(cut(body))}</span>'
    inner = _inner_pipeline(argument, depth)
    return safe(_plain(argument)) if inner is None else f'<span class="inner">{pipeline_html(inner, depth + 1)}</span>'


def _step_text(step: object, depth: int) -> str:
    if not isinstance(step, Call):
        return step if isinstance(step, str) else brief(step)
    arguments = [_argument_text(each, depth) for each in step.arguments]
    arguments += [f"{name}={_argument_text(each, depth)}" for name, each in step.keywords.items()]
    return f"{step.name}({', '.join(arguments)})"


def _argument_text(argument: object, depth: int) -> str:
    source = source_of(argument)
    if source is not None:
        return source
    inner = _inner_pipeline(argument, depth)
    return _plain(argument) if inner is None else pipeline_text(inner, depth + 1)


def _inner_pipeline(argument: object, depth: int) -> tuple[object, ...] | None:
    """The steps of a flow that is an argument, or of one that begins with itself."""
    look = look_at(argument) if depth < _DEEPEST else None
    if look is None or len(look.pipeline) == 0 or look.pipeline == (argument,):
        return None
    return look.pipeline


def _plain(argument: object) -> str:
    return cut(shown(argument)) if callable(argument) and hasattr(argument, "__name__") else brief(argument)

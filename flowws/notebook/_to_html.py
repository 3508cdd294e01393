"""Whatever says how it looks, as HTML and as plain text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from flowws._core import Look, look_at

from ._brief import brief, brief_text, cut, safe
from ._pipeline import pipeline_html, pipeline_text

_MOST_ROWS: Final = 60

# Jupyter's own colours, light or dark as its theme is; elsewhere those of the text around.
_STYLE: Final = """
& { color: var(--jp-ui-font-color1, inherit); font: 13px/1.5 var(--jp-ui-font-family, system-ui, sans-serif) }
& code { font: 12px/1.5 var(--jp-code-font-family, ui-monospace, monospace); color: inherit; background: none;
  padding: 0 }
& .quiet, & i { opacity: .7; font-style: normal }
& .kind { font-weight: 600; margin-right: .5em }
& .dot { display: inline-block; width: .6em; height: .6em; border-radius: 50%; margin-right: .5em;
  background: var(--jp-border-color1, #9e9e9e) }
& .good { background: var(--jp-success-color1, #388e3c) }
& .wait { background: var(--jp-warn-color1, #f57c00) }
& .bad { background: var(--jp-error-color1, #d32f2f) }
& .arrow { opacity: .6; margin: 0 .35em }
& .chip, & .inner { display: inline-block; padding: 0 .5em; margin: .15em 0; border-radius: .4em;
  border: 1px solid var(--jp-border-color2, rgba(128, 128, 128, .4));
  background: var(--jp-layout-color2, rgba(128, 128, 128, .1)); white-space: pre-wrap; overflow-wrap: anywhere }
& .chip b { font-weight: 600; color: var(--jp-content-link-color, inherit) }
& .inner { background: none }
& .gauge { display: inline-block; vertical-align: middle; width: 10em; height: .5em; border-radius: .25em;
  overflow: hidden; background: var(--jp-layout-color3, rgba(128, 128, 128, .25)) }
& .gauge span { display: block; height: 100%; background: var(--jp-brand-color1, #1976d2) }
& table { border-collapse: collapse; margin: .3em 0; font-size: 12px }
& th, & td { text-align: left; padding: .1em 1em .1em 0; vertical-align: top; background: none; border: 0 }
& th { font-weight: 400; opacity: .7 }
& tr { background: none !important }
& p { margin: .3em 0; max-width: 60em }
""".replace("&", ".flowws.flowws")  # twice, for Jupyter's own rules about tables and code know one class


def to_html(value: object) -> str:
    """What there is to see of `value`, as HTML that follows the theme of the notebook; what Jupyter shows of a `Flow`,
    a `Channel`, a `Job`, a scope, a session or a feed.

    To look changes nothing: a cold flow is not collected. Whatever comes from outside is escaped, and cut where it is
    long. A value that is none of ours is shown by its repr.

    >>> from flowws import flow_of
    >>> "lambda n: n &lt; 2" in to_html(flow_of(1, 2).filter(lambda n: n < 2))
    True
    """
    look = _look_at(value)
    inside = f"<code>{safe(brief(value))}</code>" if look is None else "".join(_parts(look))
    return f'<div class="flowws"><style>{_STYLE}</style>{inside}</div>'


def to_text(value: object) -> str:
    """The same as plain text: a pipeline with the source of its lambdas, a scope with its jobs."""
    look = _look_at(value)
    if look is None:
        return brief(value)
    if look.pipeline:
        return pipeline_text(look.pipeline)
    return "\n".join([repr(value), *(f"{'  ' * depth}{_row_text(row)}" for depth, row in _rows(look))])


def _look_at(value: object) -> Look | None:
    try:
        return look_at(value)
    except Exception:  # noqa: BLE001 - somebody's own class, or what another thread changes at this moment
        return None


def _parts(look: Look) -> Iterator[str]:
    yield f"<div>{_head(look)}</div>"
    if look.pipeline:
        yield f"<div>{pipeline_html(look.pipeline)}</div>"
    if look.gauge is not None:
        held, room = look.gauge
        yield f'<div class="gauge"><span style="width: {100 * min(held / room, 1):.0f}%"></span></div>'
    facts = [(name, safe(brief_text(fact))) for name, fact in look.facts.items()]
    facts += [(name, f"<code>{safe(brief(each))}</code>") for name, each in look.values.items()]
    if facts:
        yield f"<table>{''.join(f'<tr><th>{safe(name)}</th><td>{fact}</td></tr>' for name, fact in facts)}</table>"
    if look.text:
        yield f"<p>{safe(cut(look.text, 2000))}</p>"
    rows = [_row_html(depth, row) for depth, row in _rows(look)]
    if rows:
        yield f"<table>{''.join(rows)}</table>"


def _head(look: Look) -> str:
    dot = f'<span class="dot {look.tone}"></span>' if look.tone or (look.state and not look.pipeline) else ""
    words = [f'<span class="kind">{safe(look.kind)}</span>']
    if look.name:
        words.append(f"<code>{safe(cut(look.name))}</code> ")
    if look.state:
        words.append(f'<span class="quiet">{safe(look.state)}</span>')
    return dot + "".join(words)


def _rows(look: Look) -> Iterator[tuple[int, Look]]:
    """What is inside, and what is inside of that: each with its depth, and not more than can be looked at."""
    found = list(islice(_all_rows(look, 1), _MOST_ROWS + 1))
    yield from found[:_MOST_ROWS]
    if len(found) > _MOST_ROWS:
        yield 1, Look("", "… and more")


def _all_rows(look: Look, depth: int) -> Iterator[tuple[int, Look]]:
    stack = [iter(look.rows)]  # by hand: jobs may be nested deeper than calls can be
    while stack:
        row = next(stack[-1], None)
        if row is None:
            stack.pop()
        else:
            yield depth + len(stack) - 1, row
            stack.append(iter(row.rows))


def _row_html(depth: int, row: Look) -> str:
    detail = ", ".join(f"{name} {brief(each)}" for name, each in row.values.items())
    dot = f'<span class="dot {row.tone}"></span>' if row.state else ""
    name = f'<td style="padding-left: {min(depth - 1, 20) * 1.2:g}em">{dot}<code>{safe(cut(row.name))}</code></td>'
    return f"<tr>{name}<td>{safe(row.state)}</td><td>{safe(detail)}</td></tr>"


def _row_text(row: Look) -> str:
    detail = "".join(f", {name} {brief(each)}" for name, each in row.values.items())
    return f"{cut(row.name)} {row.state}{detail}".rstrip()

"""Middleware: functions around the upgrade, which may look, wait, add and refuse."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from inspect import isawaitable
from typing import Final, TypeAlias

from ..engines import Answer, Response, Upgrade
from ._call import Call
from ._pages import text

# RFC 9110, sections 5.1 and 5.5. Above all there are no line breaks, which would begin another header.
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")

Proceed: TypeAlias = Callable[[], Awaitable[Answer]]
"""Goes on with the next middleware, and with the upgrade after the last one; gives the answer."""

Middleware: TypeAlias = Callable[[Call, Proceed], "Answer | Awaitable[Answer]"]
"""Gets the call before there is a session, and returns the answer: what ``proceed()`` gives, or a `Response`."""


def refuse(status: int, problem: str, *, headers: Sequence[tuple[str, str]] = ()) -> Response:
    """The answer to a request that gets no session: a status of 400 to 599, and a line for people.

    >>> refuse(401, "who are you?", headers=[("WWW-Authenticate", "Bearer")]).status
    401
    """
    if not 400 <= status <= 599:
        raise ValueError(f"a refusal has a status of 400 to 599, not {status!r}")
    return text(status, problem, tuple(headers))


async def pass_through(middleware: Sequence[Middleware], call: Call, upgrade: Callable[[], Answer]) -> Answer:
    """The answer of the first middleware, around those of the others, around the upgrade."""
    if not middleware:
        return upgrade()
    first, *others = middleware
    answer = first(call, partial(pass_through, others, call, upgrade))
    return _checked(await answer if isawaitable(answer) else answer, first)


def _checked(answer: object, by: Middleware) -> Answer:
    if not isinstance(answer, (Response, Upgrade)):
        raise TypeError(f"a middleware returns what proceed() gave, or a Response; {by!r} returned {answer!r}")
    if isinstance(answer, Response) and not 200 <= answer.status <= 599:
        raise ValueError(f"a Response has a status of 200 to 599, not {answer.status!r}, as {by!r} has it")
    for name, value in answer.headers:
        if _NAME.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
            raise ValueError(f"{name!r}: {value!r} of {by!r} is no header")
    return answer

"""What is wrong with a message, and where, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from cattrs import ForbiddenExtraKeysError, transform_error
from cattrs.errors import StructureHandlerNotFoundError

_AT_MOST: Final = 3  # problems that are named


class Mismatch(ValueError):  # noqa: N818  # never leaves this package
    """The content is not what the type asks for."""

    def __init__(self, expected: str, content: object) -> None:
        shown = {True: "true", False: "false", None: "null"}.get(content) if isinstance(content, bool | None) else None
        super().__init__(f"expected {expected}, not {shown or _shorten(repr(content))}")


def problem_of(error: BaseException) -> str:
    """One line for what cattrs and the hooks here found: ``person.age: expected int, not '12'``."""
    try:
        found = [_turn_around(problem) for problem in transform_error(error, "", _describe)]
    except RecursionError:  # cattrs goes as deep as the message
        return "nested too deeply"
    more = "; and more" if len(found) > _AT_MOST else ""
    return "; ".join(found[:_AT_MOST]) + more


def are_enough(problems: Iterable[BaseException]) -> bool:
    """Whether no more of them would be told. Each costs as much as a hundred parts that fit, and a message may have
    millions.
    """
    return len(list(islice(_single(problems), _AT_MOST + 1))) > _AT_MOST


def unreadable(error: BaseException) -> StructureHandlerNotFoundError | None:
    """What says that a type has no form in JSON, if that is the problem, or one of them: then nobody can be blamed for
    what he sent.
    """
    return next((each for each in _single([error]) if isinstance(each, StructureHandlerNotFoundError)), None)


def _single(problems: Iterable[BaseException]) -> Iterator[BaseException]:
    """The problems that groups of them, however deep, consist of: a message may be nested as deep as the stack goes."""
    waiting = list(problems)
    while waiting:
        each = waiting.pop()
        below: Iterable[BaseException] = getattr(each, "exceptions", ())
        if below:
            waiting.extend(below)
        else:
            yield each


def _describe(error: BaseException, kind: Any) -> str:
    match error:
        case Mismatch():
            return str(error)
        case RecursionError():
            return "nested too deeply"
        case KeyError():
            return "missing"
        case ForbiddenExtraKeysError():
            return f"there is no {', no '.join(map(repr, sorted(error.extra_fields)))}"
        case _:
            return f"{error}" or f"does not fit {kind!r}"


def _turn_around(problem: str) -> str:
    """Cattrs says ``what @ .where[0]``."""
    what, _, where = problem.rpartition(" @ ")
    where = _shorten(where.removeprefix("."))
    return f"{where}: {what}" if where else what


def _shorten(shown: str) -> str:
    return shown if len(shown) <= 40 else f"{shown[:37]}..."

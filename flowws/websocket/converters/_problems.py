"""What is wrong with a message, and where, for people."""

from __future__ import annotations

from collections.abc import Iterable
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
    found = [_turn_around(problem) for problem in transform_error(error, "", _describe)]
    more = "; and more" if len(found) > _AT_MOST else ""
    return "; ".join(found[:_AT_MOST]) + more


def are_enough(problems: Iterable[BaseException]) -> bool:
    """Whether no more of them would be told. Each costs as much as a hundred parts that fit, and a message may have
    millions.
    """
    return sum(map(_count, problems)) > _AT_MOST


def _count(problem: BaseException) -> int:
    return sum(map(_count, getattr(problem, "exceptions", ()))) or 1


def unreadable(error: BaseException) -> StructureHandlerNotFoundError | None:
    """What says that a type has no form in JSON, if that is the problem, or one of them: then nobody can be blamed for
    what he sent.
    """
    if isinstance(error, StructureHandlerNotFoundError):
        return error
    below: Iterable[BaseException] = getattr(error, "exceptions", ())
    return next((found for each in below if (found := unreadable(each)) is not None), None)


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

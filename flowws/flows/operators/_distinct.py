"""Without repetitions: `distinct_until_changed`, `distinct_until_changed_by`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from .._arguments import require_callable
from .._fusion import Template

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")


def distinct_until_changed(
    self: Flow[T], are_equivalent: Callable[[T, T], Awaitable[object]] | Callable[[T, T], object] | None = None
) -> Flow[T]:
    """The values without those that equal the one before, or are equivalent to it: ``are_equivalent(before, value)``.

    Each is compared with the last that was let through. Without a function of yours identity counts first, then ``==``;
    values whose ``==`` has no truth value, such as arrays, count as different.

    Where it would change nothing (a second time in a row with the same function, and on a `StateFlow` without one) it
    gives the same flow.

    >>> run(flow_of(1, 1, 2, 1).distinct_until_changed().to_list)
    [1, 2, 1]
    >>> run(flow_of(1, 2, 5, 6).distinct_until_changed(lambda old, new: new - old < 3).to_list)
    [1, 5]

    Kotlin: `distinctUntilChanged`.
    """
    if are_equivalent is None:
        return self if self._is_distinct else self._then(DISTINCT)
    require_callable(are_equivalent, "are_equivalent")
    if ends_with(self, _DISTINCT_IF, are_equivalent):
        return self
    return self._then(_DISTINCT_IF, are_equivalent=are_equivalent)


def distinct_until_changed_by(self: Flow[T], key: Callable[[T], Awaitable[object]] | Callable[[T], object]) -> Flow[T]:
    """The values without those whose ``key(value)`` equals that of the one before.

    Keys are compared as by `distinct_until_changed`. A second time in a row with the same function gives the same flow.

    >>> run(flow_of("ant", "ape", "bee").distinct_until_changed_by(lambda word: word[0]).to_list)
    ['ant', 'bee']

    Kotlin: `distinctUntilChangedBy`.
    """
    require_callable(key, "key")
    return self if ends_with(self, _DISTINCT_BY, key) else self._then(_DISTINCT_BY, key=key)


def ends_with(flow: Flow[T], template: Template, *arguments: object) -> bool:
    """Whether the last operator of `flow` is this one with these arguments: another one would change nothing."""
    from .._flow import FusedFlow

    if not isinstance(flow, FusedFlow):
        return False
    last = flow._steps[-1]
    return last.template is template and tuple(last.arguments.values()) == arguments


DISTINCT = Template("distinct_until_changed", """
    if last is not value:
        try:  # what `same` does, without the call
            changed = last is unset or not last == value
        except (TypeError, ValueError):
            changed = True
        if changed:
            last = value
            ...
""", before="last = unset")  # fmt: skip  # a template reads best as a block
_DISTINCT_IF = Template("distinct_until_changed", """
    if last is unset:
        alike = False
    else:
        alike = @are_equivalent(last, value)
    if not alike:
        last = value
        ...
""", before="last = unset")  # fmt: skip  # a template reads best as a block
_DISTINCT_BY = Template("distinct_until_changed_by", """
    found = @key(value)
    if last is unset or not same(last, found):
        last = found
        ...
""", before="last = unset")  # fmt: skip  # a template reads best as a block

"""Without repetitions: `distinct_until_changed`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from .._fusion import Template

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")


def distinct_until_changed(self: Flow[T]) -> Flow[T]:
    """The values without those that equal the one before.

    Identity counts first, then ``==``; values whose ``==`` has no truth value, such as arrays, count as different.

    >>> run(flow_of(1, 1, 2, 1).distinct_until_changed().to_list)
    [1, 2, 1]

    Kotlin: `distinctUntilChanged`.
    """
    return self if self._is_distinct else self._then(DISTINCT)


DISTINCT = Template("distinct_until_changed", """
    if last is unset or not same(last, value):
        last = value
        ...
""", before="last = unset")  # fmt: skip  # a template reads best as a block

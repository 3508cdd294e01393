"""Each value becomes none, one or many: `map`, `filter`, `transform` and their kin."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, overload

from .._arguments import require_callable
from .._fusion import Template

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")
R = TypeVar("R")


@overload
def map(self: Flow[T], transform: Callable[[T], Coroutine[Any, Any, R]]) -> Flow[R]: ...
@overload
def map(self: Flow[T], transform: Callable[[T], R]) -> Flow[R]: ...
def map(self: Flow[T], transform: Callable[[T], Any]) -> Flow[Any]:
    """``transform(value)`` for every value.

    >>> flow_of(1, 2).map(lambda n: n + 1)
    flow_of(1, 2).map(<lambda>)
    >>> run(flow_of(1, 2).map(lambda n: n + 1).to_list)
    [2, 3]
    """
    require_callable(transform, "transform")
    return self._then(_MAP, transform=transform)


_MAP = Template("map", """
    value = @transform(value)
    ...
""")  # fmt: skip  # a template reads best as a block


@overload
def map_not_none(self: Flow[T], transform: Callable[[T], Coroutine[Any, Any, R | None]]) -> Flow[R]: ...
@overload
def map_not_none(self: Flow[T], transform: Callable[[T], R | None]) -> Flow[R]: ...
def map_not_none(self: Flow[T], transform: Callable[[T], Any]) -> Flow[Any]:
    """``transform(value)`` for every value where that is not None.

    >>> run(flow_of("a", "b").map_not_none({"a": 1}.get).to_list)
    [1]

    Kotlin: `mapNotNull`.
    """
    require_callable(transform, "transform")
    return self._then(_MAP_NOT_NONE, transform=transform)


_MAP_NOT_NONE = Template("map_not_none", """
    value = @transform(value)
    if value is not None:
        ...
""")  # fmt: skip  # a template reads best as a block


def filter(self: Flow[T], test: Callable[[T], Awaitable[object]] | Callable[[T], object]) -> Flow[T]:
    """The values for which ``test(value)`` holds.

    >>> run(flow_of(1, 2, 3).filter(lambda n: n != 2).to_list)
    [1, 3]
    """
    require_callable(test, "test")
    return self._then(_FILTER, test=test)


_FILTER = Template("filter", """
    keep = @test(value)
    if keep:
        ...
""")  # fmt: skip  # a template reads best as a block


def filter_not(self: Flow[T], test: Callable[[T], Awaitable[object]] | Callable[[T], object]) -> Flow[T]:
    """The values for which ``test(value)`` does not hold.

    >>> run(flow_of("a", "", "b").filter_not(str.isalpha).to_list)
    ['']

    Kotlin: `filterNot`.
    """
    require_callable(test, "test")
    return self._then(_FILTER_NOT, test=test)


_FILTER_NOT = Template("filter_not", """
    leave = @test(value)
    if not leave:
        ...
""")  # fmt: skip  # a template reads best as a block


def filter_not_none(self: Flow[T | None]) -> Flow[T]:
    """The values that are not None.

    >>> run(flow_of(1, None, 0).filter_not_none().to_list)
    [1, 0]

    Kotlin: `filterNotNull`.
    """
    return self._then(_FILTER_NOT_NONE)


_FILTER_NOT_NONE = Template("filter_not_none", """
    if value is not None:
        ...
""")  # fmt: skip  # a template reads best as a block


def filter_is_instance(self: Flow[object], kind: type[R]) -> Flow[R]:
    """The values that are instances of `kind`.

    >>> run(flow_of(1, "a", 2).filter_is_instance(int).to_list)
    [1, 2]

    Kotlin: `filterIsInstance`.
    """
    if not isinstance(kind, type):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise TypeError(f"kind must be a class, not {kind!r}")
    return self._then(_FILTER_IS_INSTANCE, kind=kind)


_FILTER_IS_INSTANCE = Template("filter_is_instance", """
    if isinstance(value, kind):
        ...
""")  # fmt: skip  # a template reads best as a block


class IndexedValue(NamedTuple, Generic[T]):
    """A value and its place in the flow, counted from 0: what `Flow.with_index` gives."""

    index: int  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleMethodOverride]  # hides tuple.index
    value: T


def with_index(self: Flow[T]) -> Flow[IndexedValue[T]]:
    """Every value with its place, an `IndexedValue`; each collection counts from 0.

    >>> run(flow_of("a", "b").with_index().map(lambda each: f"{each.index} {each.value}").to_list)
    ['0 a', '1 b']

    Kotlin: `withIndex`.
    """
    return self._then(_WITH_INDEX)


_WITH_INDEX = Template("with_index", """
    index += 1
    value = IndexedValue(index, value)
    ...
""", before="index = -1", names={"IndexedValue": IndexedValue})  # fmt: skip  # a template reads best as a block


def transform(self: Flow[T], generate: Callable[[T], AsyncIterable[R]]) -> Flow[R]:
    """Everything that the async generator function ``generate(value)`` yields, for one value after the other.

    >>> async def twice(n):
    ...     yield n
    ...     yield n
    >>> run(flow_of(1, 2).transform(twice).to_list)
    [1, 1, 2, 2]
    """
    require_callable(generate, "generate")
    return self._then(_TRANSFORM, generate=generate)


# All values of `inner`, which is closed if they are cut short, and told why.
ALL_OF_INNER = """
    reason = None
    try:
        async for value in inner:
            if not budget:
                budget = BUDGET
                await checkpoint()
            budget -= 1
            ...
        inner = None
    except BaseException as failure:
        reason = failure
        raise
    finally:
        if inner is not None: await close(inner, reason)
        reason = None
"""
_TRANSFORM = Template("transform", f"""
    inner = aiter(generate(value))
    {ALL_OF_INNER}
""", before="budget = BUDGET", blocks=3)  # fmt: skip  # a template reads best as a block


def on_each(self: Flow[T], action: Callable[[T], Awaitable[object]] | Callable[[T], object]) -> Flow[T]:
    """The same values, each after ``action(value)``.

    The action belongs to what is above: a `catch` below sees its failures.

    >>> run(flow_of("a", "b").on_each(print).to_list)
    a
    b
    ['a', 'b']

    Kotlin: `onEach`.
    """
    require_callable(action, "action")
    return self._then(_ON_EACH, action=action)


_ON_EACH = Template("on_each", """
    done = @action(value)
    ...
""")  # fmt: skip  # a template reads best as a block

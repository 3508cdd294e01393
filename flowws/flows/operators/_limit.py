"""How many values pass: `take`, `take_while`, `transform_while`, `drop`, `drop_while`."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from .._arguments import require_callable, require_count
from .._fusion import Template

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")
R = TypeVar("R")


def take(self: Flow[T], count: int) -> Flow[T]:
    """The first `count` values.

    What is above is closed once the last of them has been dealt with below; its cleanup is awaited.

    Raises `ValueError` when `count` is not positive.

    >>> run(flow_of(1, 2, 3).take(2).to_list)
    [1, 2]
    """
    require_count(count, "count", least=1)
    return self._then(_TAKE, count=count)


_TAKE = Template("take", """
    left -= 1
    ...
    if not left: return
""", before="left = count")  # fmt: skip  # a template reads best as a block


def take_while(self: Flow[T], test: Callable[[T], Awaitable[object]] | Callable[[T], object]) -> Flow[T]:
    """The values up to the first for which ``test(value)`` fails; that one is dropped.

    What is above is closed then; its cleanup is awaited.

    >>> run(flow_of(1, 2, 3, 1).take_while(lambda n: n < 3).to_list)
    [1, 2]

    Kotlin: `takeWhile`.
    """
    require_callable(test, "test")
    return self._then(_TAKE_WHILE, test=test)


_TAKE_WHILE = Template("take_while", """
    keep = @test(value)
    if not keep: return
    ...
""")  # fmt: skip  # a template reads best as a block


class StopFlow(Exception):  # noqa: N818  # nobody's error but a signal, as StopIteration is
    """Raise it in the function of `Flow.transform_while` to end the flow there, normally."""


def transform_while(self: Flow[T], generate: Callable[[T], AsyncIterable[R]]) -> Flow[R]:
    """Everything that the async generator function ``generate(value)`` yields, until it raises `StopFlow`.

    As `transform`, with a way out: unlike `take_while`, it can still yield something for the value that ends the flow.
    What is above is closed then; its cleanup is awaited. A `StopFlow` raised anywhere else, above or below, is a
    failure like any other.

    >>> async def up_to_the_end(word):
    ...     yield word
    ...     if word == "end":
    ...         raise StopFlow
    >>> run(flow_of("a", "end", "b").transform_while(up_to_the_end).to_list)
    ['a', 'end']

    Kotlin: `transformWhile`, whose block returns false to stop.
    """
    require_callable(generate, "generate")
    return self._then(_TRANSFORM_WHILE, generate=generate)


# Only what `inner` itself raises may stop the flow: hence no `async for`, whose body would be covered too.
_TRANSFORM_WHILE = Template("transform_while", """
    inner = aiter(generate(value))
    reason = None
    try:
        while True:
            if not budget:
                budget = BUDGET
                await checkpoint()
            budget -= 1
            try:
                value = await anext(inner)
            except StopAsyncIteration:
                break
            except StopFlow:
                return
            ...
        inner = None
    except BaseException as failure:
        reason = failure
        raise
    finally:
        if inner is not None: await close(inner, reason)
        reason = None
""", before="budget = BUDGET", blocks=3, names={"StopFlow": StopFlow})  # fmt: skip  # a template reads best as a block


def drop(self: Flow[T], count: int) -> Flow[T]:
    """All but the first `count` values.

    Raises `ValueError` when `count` is negative.

    >>> run(flow_of(1, 2, 3).drop(1).to_list)
    [2, 3]
    """
    require_count(count, "count", least=0)
    return self._then(_DROP, count=count)


_DROP = Template("drop", """
    if left:
        left -= 1
    else:
        ...
""", before="left = count")  # fmt: skip  # a template reads best as a block


def drop_while(self: Flow[T], test: Callable[[T], Awaitable[object]] | Callable[[T], object]) -> Flow[T]:
    """The values from the first for which ``test(value)`` fails; after that it is not asked again.

    >>> run(flow_of(1, 2, 3, 1).drop_while(lambda n: n < 3).to_list)
    [3, 1]

    Kotlin: `dropWhile`.
    """
    require_callable(test, "test")
    return self._then(_DROP_WHILE, test=test)


_DROP_WHILE = Template("drop_while", """
    if dropping:
        dropping = @test(value)
    if not dropping:
        ...
""", before="dropping = True")  # fmt: skip  # a template reads best as a block

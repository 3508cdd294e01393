"""What the tests of flows share: an upstream that tells its story, and the spellings of a function."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, Generic, TypeVar

import anyio
import anyio.lowlevel

from flowws import Flow, flow

T = TypeVar("T")
R = TypeVar("R")


async def settle() -> None:
    """Let everybody else run until they wait for something that only the test can give."""
    for _ in range(30):
        await anyio.lowlevel.checkpoint()


class Upstream(Generic[T]):
    """A cold source over `values`; then it ends, fails with `failure`, or (`endless`) waits for its cancellation."""

    def __init__(self, *values: T, failure: Exception | None = None, endless: bool = False) -> None:
        self._values = values
        self._failure = failure
        self._endless = endless
        self.story: list[Any] = []
        """What happened so far: "start", each value that was asked for, and how every collection ended."""

    @property
    def ends(self) -> list[str]:
        """How the collections so far have ended."""
        return [each for each in self.story if each in ("completed", "failed", "closed", "cancelled")]

    @property
    def starts(self) -> int:
        """How many collections have begun."""
        return self.story.count("start")

    def flow(self) -> Flow[T]:
        """The source as a flow."""
        return self._generate()

    @property
    def _generate(self) -> Callable[[], Flow[T]]:
        @flow
        async def upstream() -> AsyncIterator[T]:
            end = "completed"
            self.story.append("start")
            try:
                for value in self._values:
                    self.story.append(value)
                    yield value
                if self._failure is not None:
                    raise self._failure
                if self._endless:
                    await anyio.Event().wait()
            except GeneratorExit:
                end = "closed"
                raise
            except anyio.get_cancelled_exc_class():
                end = "cancelled"
                raise
            except BaseException:
                end = "failed"
                raise
            finally:
                self.story.append(end)

        return upstream


SPELLINGS = (
    "plain",
    "async def",
    "lambda that returns a coroutine",
    "partial of an async def",
    "object with an async call",
    "async method",
)
"""The ways in which a function may be given to an operator."""


def spelled(how: str, function: Callable[..., R]) -> Callable[..., Any]:
    """`function` in one of the `SPELLINGS`; the async ones really let other tasks run."""

    async def asynchronous(*arguments: Any) -> R:
        await anyio.lowlevel.checkpoint()
        return function(*arguments)

    class Caller:
        async def __call__(self, *arguments: Any) -> R:
            return await asynchronous(*arguments)

        async def method(self, *arguments: Any) -> R:
            return await asynchronous(*arguments)

    spellings: dict[str, Callable[..., Any]] = {
        "plain": function,
        "async def": asynchronous,
        "lambda that returns a coroutine": lambda *arguments: asynchronous(*arguments),  # noqa: PLW0108  # as people write it
        "partial of an async def": partial(asynchronous),
        "object with an async call": Caller(),
        "async method": Caller().method,
    }
    return spellings[how]

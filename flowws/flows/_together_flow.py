"""`TogetherFlow`: an operator over several flows."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from typing import Any, TypeVar, cast

from flowws._core import Call, closing_itself

from ._flow import Flow
from ._showing import ShownAs

T_co = TypeVar("T_co", covariant=True)


class TogetherFlow(Flow[T_co]):
    """Several flows, all of which begin when the collection does, and what the generator ``stage(iterators,
    *arguments)`` makes of them.

    The first one is the flow whose method this is, unless `is_function` says that it is a plain function.
    """

    __slots__ = ("_arguments", "_flows", "_is_function", "_stage")

    def __init__(
        self,
        flows: tuple[AsyncIterable[Any], ...],
        stage: Callable[..., AsyncIterator[T_co]],
        *arguments: Any,
        is_function: bool = False,
    ) -> None:
        self._flows = flows
        self._stage = stage
        self._arguments = arguments
        self._is_function = is_function

    def __aiter__(self) -> AsyncGenerator[T_co, None]:
        return closing_itself(self._open())

    def _open(self) -> AsyncIterator[T_co]:
        return self._stage([aiter(flow) for flow in self._flows], *self._arguments)

    @property
    def _source(self) -> AsyncIterable[Any] | None:
        """The flow of which it is a step, or what comes nearest to that."""
        return self._flows[0] if self._flows else None

    @property
    def _length(self) -> int:
        source = self._source
        return source._length + 1 if isinstance(source, Flow) and not self._is_function else 1

    @property
    def _shown_as(self) -> ShownAs:
        name = self._stage.__name__.strip("_")
        given = [each for each in self._arguments if each is not None]
        if self._is_function:
            return None, (Call(name, self._flows, {"transform": given[0]} if given else {}),)
        first, *others = self._flows
        return cast("Flow[Any]", first), (Call(name, [*others, *given]),)

"""`PositionedFlow` and `SinceFlow`: a brokered flow from some position on, with positions or without."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flowws._core import Call, closing_itself
from flowws.flows import Flow

from ._entry import Gap
from ._errors import FlowGapError, UnreadableEntryError
from ._patience import Patience
from ._position import Position
from ._pump import READ, WAIT

if TYPE_CHECKING:
    from ._brokered_shared_flow import BrokeredSharedFlow

T = TypeVar("T")


class PositionedFlow(Flow[tuple[Position, T]]):
    """What `BrokeredSharedFlow.positioned` returns."""

    __slots__ = ("_after", "_flow")

    def __init__(self, flow: BrokeredSharedFlow[T], after: Position | None) -> None:
        if after is not None:
            _check(after)
        self._flow = flow
        self._after = after

    def __aiter__(self) -> AsyncGenerator[tuple[Position, T], None]:
        return closing_itself(self._flow._placed() if self._after is None else _since(self._flow, self._after))

    @property
    def _shown_as(self) -> tuple[Flow[Any], tuple[Call, ...]]:
        return self._flow, (Call("positioned", () if self._after is None else (self._after,)),)


class SinceFlow(Flow[T]):
    """What `BrokeredSharedFlow.since` returns."""

    __slots__ = ("_flow", "_position")

    def __init__(self, flow: BrokeredSharedFlow[T], position: Position) -> None:
        _check(position)
        self._flow = flow
        self._position = position

    def __aiter__(self) -> AsyncGenerator[T, None]:
        return closing_itself(_values(_since(self._flow, self._position)))

    @property
    def _shown_as(self) -> tuple[Flow[Any], tuple[Call, ...]]:
        return self._flow, (Call("since", (self._position,)),)


def _check(position: Position) -> None:
    if not isinstance(position, Position):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise TypeError(f"a position is a Position, not {position!r}: see Position.parse")


async def _values(placed: AsyncGenerator[tuple[Position, T], None]) -> AsyncGenerator[T, None]:
    try:
        async for _, value in placed:
            yield value
    finally:
        await placed.aclose()


async def _since(flow: BrokeredSharedFlow[T], at: Position) -> AsyncGenerator[tuple[Position, T], None]:
    """First the log, until this has come as far as the flow in this process; then that, without what was heard.

    Between seeing that it has come so far and subscribing nothing can happen. Only in one epoch it can be seen.
    """
    patience = Patience(flow._ground.status)
    await flow.ready()
    wait = 0.0
    while True:
        here, seconds = at, wait
        items = await patience.insist(lambda: flow._topic.read(here, limit=READ, wait=seconds))  # noqa: B023  # at once
        problems: dict[Gap, Exception] = {}
        for item in flow._read(items, problems.__setitem__):
            if isinstance(item, Gap):
                at = item.resumed
                if flow._on_gap == "raise":
                    raise UnreadableEntryError(item, problems[item]) if item in problems else FlowGapError(item)
                if flow._on_gap == "deliver":
                    yield at, cast("Any", item)
                else:
                    flow._call(flow._on_gap, item)
            else:
                at = item[0]
                yield item
        newest = flow.position
        if at.epoch == newest.epoch and at.offset >= newest.offset:
            break
        wait = 0.0 if items else WAIT  # one of the two has not heard yet that the server has been restarted
    placed = flow._placed()
    try:
        async for position, value in placed:
            if position > at or (position.epoch < at.epoch and isinstance(value, Gap)):  # a log of an older date
                at = position
                yield position, value
    finally:
        await placed.aclose()

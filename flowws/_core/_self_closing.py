"""An async generator that is closed when it is dropped: `SelfClosing`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

if TYPE_CHECKING:
    from ._backend import Loop

T_co = TypeVar("T_co", covariant=True)


class SelfClosing(AsyncGenerator[T_co, None], Generic[T_co]):
    """Passes everything on to an async generator, and has that closed by a task when nobody holds it any more.

    For a loop that would do so, too, but with a warning: who leaves an ``async for`` by ``break`` has done no wrong.
    What the cycle collector finds is out of reach: it tells the generators in a cycle before anybody can hold them.
    """

    __slots__ = ("_beginning", "_context", "_loop", "_values")

    def __init__(self, values: AsyncIterator[T_co], loop: Loop) -> None:
        self._values = cast("AsyncGenerator[T_co, None]", values)
        self._loop = loop
        self._beginning = cast("Any", values).ag_frame.f_lasti
        self._context = copy_context()  # the clean-up is the collector's, whoever drops the last reference

    # A coroutine each, which holds this object while it waits: `await anext(aiter(flow))` has nobody else to do it.

    async def __anext__(self) -> T_co:
        return await self._values.__anext__()

    async def asend(self, value: None, /) -> T_co:
        return await self._values.asend(value)

    async def athrow(self, *failure: Any) -> T_co:
        return await self._values.athrow(*failure)

    async def aclose(self) -> None:
        await self._values.aclose()

    def __del__(self) -> None:
        values = cast("Any", self._values)
        if values.ag_frame is not None and values.ag_frame.f_lasti != self._beginning:  # it is half-way
            try:
                self._loop.post(self._context.run, _spawn_close, values, self._loop)
            except RuntimeError:
                pass  # the loop has ended, and has closed everything that was still open


def _spawn_close(values: AsyncGenerator[Any, None], loop: Loop) -> None:
    try:
        loop.spawn(_close, values, loop, name="close a dropped generator")
    except RuntimeError:
        loop.leave(values)  # trio's main task has ended, and no other may begin


async def _close(values: AsyncGenerator[Any, None], loop: Loop) -> None:
    try:
        await values.aclose()
    except Exception as failure:  # noqa: BLE001  # nobody is left to raise it to
        loop.report(f"closing {values!r}, which was dropped half-way, has failed", failure)

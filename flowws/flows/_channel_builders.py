"""Flows that send instead of yielding: `channel_flow`, `callback_flow`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from flowws._core import Call, IllegalStateError

from ._channel_flow import ChannelFlow, Producer
from ._flow import Flow
from ._showing import ShownAs, shown

if TYPE_CHECKING:
    from flowws.channels import ProducerScope

P = ParamSpec("P")
T = TypeVar("T")


def channel_flow(main: Callable[Concatenate[ProducerScope[T], P], Awaitable[object]]) -> Callable[P, Flow[T]]:
    """Make an async function that sends into a producer return a flow.

    Unlike a generator it may send from jobs of its own, launched in `producer`: the flow ends when the function and all
    of them have ended. The body runs anew for every collection.

    A failure of the function or of a job ends the rest and fails the flow; when the collection ends, they are
    cancelled. Sends into a channel of 64, which a following `buffer`, `conflate` or `flow_on` configures.

    >>> @channel_flow
    ... async def both(producer, one, other):
    ...     producer.launch(producer.send, one)
    ...     producer.launch(producer.send, other)
    >>> run(both("a", "b").to_list)
    ['a', 'b']

    Raises `TypeError` for anything but an async function (``async def`` without ``yield``).

    Kotlin: `channelFlow`.
    """
    return _describing(main, "channel_flow", _call)


def callback_flow(main: Callable[Concatenate[ProducerScope[T], P], Awaitable[object]]) -> Callable[P, Flow[T]]:
    """Make a flow of what an API of callbacks or threads reports: a `channel_flow` that may not end by mistake.

    The function registers its callback and ends with ``await producer.await_close(cleanup)``, which unregisters it when
    the collector has gone or the channel was closed. Callbacks on the loop use `ProducerScope.try_send` and
    `ProducerScope.close`, other threads `ProducerScope.send_from_thread` and `ProducerScope.try_send_from_thread`.

    A function that returns with its channel still open fails the flow with `IllegalStateError`. The rest is as in
    `channel_flow`.

    >>> class Button:
    ...     clicked = None
    >>> @callback_flow
    ... async def clicks(producer, button):
    ...     button.clicked = producer.try_send
    ...     await producer.await_close(lambda: print("nobody listens any more"))
    >>> async def main():
    ...     button = Button()
    ...     async with coroutine_scope() as scope:
    ...         clicks(button).take(1).on_each(print).launch_in(scope)
    ...         while button.clicked is None:
    ...             await yield_now()
    ...         button.clicked("left")
    >>> run(main)
    left
    nobody listens any more

    Raises `TypeError` for anything but an async function (``async def`` without ``yield``).

    Kotlin: `callbackFlow`.
    """
    return _describing(main, "callback_flow", _call_and_stay_open)


def _describing(
    main: Callable[Concatenate[ProducerScope[T], P], Awaitable[object]],
    decorator: str,
    call: Callable[..., Awaitable[object]],
) -> Callable[P, Flow[T]]:
    if not iscoroutinefunction(main):
        raise TypeError(f"@{decorator} wraps an async function (async def without yield), not {main!r}")

    @wraps(main)
    def describe(*args: P.args, **kwargs: P.kwargs) -> Flow[T]:
        return _BuiltFlow(call, main, args, kwargs)

    return describe


async def _call(
    producer: ProducerScope[T], main: Callable[..., Awaitable[object]], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    await main(producer, *args, **kwargs)


async def _call_and_stay_open(
    producer: ProducerScope[T], main: Callable[..., Awaitable[object]], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    await main(producer, *args, **kwargs)
    if not producer.is_closed_for_send:
        raise IllegalStateError(
            f"{_qualified(main)} returned with its channel still open: "
            "its last line should be `await producer.await_close(cleanup)`, or it should close the channel"
        )


def _qualified(main: object) -> str:
    return getattr(main, "__qualname__", None) or repr(main)


class _BuiltFlow(ChannelFlow[T]):
    """A call of a function with a producer that happens once per collection."""

    __slots__ = ("_args", "_call", "_kwargs", "_main")

    def __init__(
        self,
        call: Callable[..., Awaitable[object]],
        main: Callable[..., Awaitable[object]],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        super().__init__()
        self._call = call
        self._main = main
        self._args = args
        self._kwargs = kwargs

    def _begin(self) -> Producer[Any]:
        return lambda producer: self._call(producer, self._main, self._args, self._kwargs)

    @property
    def _job_name(self) -> str:
        return _qualified(self._main)

    @property
    def _shown_without_settings(self) -> ShownAs:
        return None, (Call(shown(self._main), self._args, self._kwargs),)

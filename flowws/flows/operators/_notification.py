"""How a flow goes, as values: `materialize`, `dematerialize` and the `Notification` in between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar, final

from .._closing import close_source
from .._fusion import Template

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@final
@dataclass(frozen=True, slots=True)
class Next(Generic[T_co]):
    """A value of the flow."""

    value: T_co


@final
@dataclass(frozen=True, slots=True)
class Error:
    """The flow failed, with this cause."""

    cause: Exception


@final
@dataclass(frozen=True, slots=True)
class Complete:
    """The flow came to its end."""


Notification: TypeAlias = Next[T] | Error | Complete
"""What happens in a flow: any number of `Next`, then one `Error` or `Complete`, unless it goes on for ever."""


def materialize(self: Flow[T]) -> Flow[Notification[T]]:
    """What happens above, as values: `Next` for each value, then `Complete`, or `Error` with the failure.

    So a failure can be stored, sent, or handled like any value; the flow itself ends normally after it. `dematerialize`
    is the way back. As with `catch`, a failure below is not seen, nor is the cancellation of the collector.

    >>> run(flow_of("1", "x").map(int).materialize().to_list)
    [Next(value=1), Error(cause=ValueError("invalid literal for int() with base 10: 'x'"))]
    """
    return self._through(_materialize)


async def _materialize(source: AsyncIterator[T]) -> AsyncIterator[Notification[T]]:
    end: Error | Complete = Complete()
    try:
        async for value in source:
            yield Next(value)
    except Exception as failure:  # noqa: BLE001  # the failure becomes a value, whatever it is
        end = Error(failure)
    finally:
        await close_source(source)
    yield end


def dematerialize(self: Flow[Notification[T]]) -> Flow[T]:
    """What the notifications tell, happening: the value of each `Next`; `Complete` ends the flow, `Error` fails it.

    What would come after that is not asked for: what is above is closed. A flow that ends without either just ends.
    What is no `Notification` fails it with `TypeError`.

    >>> run(flow_of(Next(1), Complete(), Next(2)).dematerialize().to_list)
    [1]
    """
    return self._then(_DEMATERIALIZE)


_DEMATERIALIZE = Template("dematerialize", """
    kind = type(value)
    if kind is Complete: return
    if kind is Error: raise value.cause
    if kind is not Next: raise TypeError(f"dematerialize takes notifications, not {value!r}")
    value = value.value
    ...
""", names={"Complete": Complete, "Error": Error, "Next": Next})  # fmt: skip  # a template reads best as a block

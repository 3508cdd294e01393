"""`GroupedFlow`: the values of one key."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Generic, TypeVar

from flowws.channels import ReceiveChannel

from ._channel_flows import consume_as_flow
from ._flow import Flow

K_co = TypeVar("K_co", covariant=True)
T_co = TypeVar("T_co", covariant=True)


class GroupedFlow(Flow[T_co], Generic[K_co, T_co]):
    """The values of one key, as `group_by_key` gives them out.

    It can be collected once. When its collector leaves early the group is over, and the next value of its key opens a
    new one.
    """

    __slots__ = ("_key", "_values")

    def __init__(self, key: K_co, values: ReceiveChannel[T_co]) -> None:
        self._key = key
        self._values = consume_as_flow(values)

    _is_hot = True

    @property
    def key(self) -> K_co:
        """What all its values have in common."""
        return self._key

    def __aiter__(self) -> AsyncGenerator[T_co, None]:
        return aiter(self._values)

    def __repr__(self) -> str:
        return f"<GroupedFlow {self._key!r}>"

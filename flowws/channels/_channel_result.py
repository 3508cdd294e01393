"""`ChannelResult`: how an attempt that never raises went."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, cast

from flowws._core import IllegalStateError

T_co = TypeVar("T_co", covariant=True)
D = TypeVar("D")

_SUCCESS, _FAILED, _CLOSED = "success", "failed", "closed"


class ChannelResult(Generic[T_co]):
    """A value, a plain failure (trying again may work), or closed (trying again is pointless).

    Absence is a kind of result, never None: None is an ordinary element. Results compare by content.

    >>> ChannelResult.success(3)
    Value(3)
    >>> ChannelResult.closed(None).is_closed
    True
    >>> ChannelResult.failure().on_success(print).on_failure(lambda cause: print("nothing"))
    nothing
    Failed

    Kotlin: `ChannelResult`.
    """

    __slots__ = ("_content", "_kind")
    _kind: str
    _content: Any  # the value of a success, the cause of a closing

    def __init__(self) -> None:
        raise TypeError("use ChannelResult.success(value), .failure() or .closed(cause)")

    @staticmethod
    def success(value: D) -> ChannelResult[D]:
        """The attempt worked, with this value. Kotlin: `ChannelResult.success`."""
        return _result(_SUCCESS, value)

    @staticmethod
    def failure() -> ChannelResult[Any]:
        """Not now: full, or empty. Kotlin: `ChannelResult.failure`."""
        return _FAILURE

    @staticmethod
    def closed(cause: BaseException | None) -> ChannelResult[Any]:
        """Never again. Kotlin: `ChannelResult.closed`."""
        return _result(_CLOSED, cause)

    @property
    def is_success(self) -> bool:
        """Whether there is a value."""
        return self._kind is _SUCCESS

    @property
    def is_failure(self) -> bool:
        """Whether there is none: plain failure or closed."""
        return self._kind is not _SUCCESS

    @property
    def is_closed(self) -> bool:
        """Whether the channel is closed."""
        return self._kind is _CLOSED

    def get_or_none(self) -> T_co | None:
        """The value, else None. Ambiguous where None is an element."""
        return cast("T_co", self._content) if self._kind is _SUCCESS else None

    def get_or_raise(self) -> T_co:
        """The value. Raises the cause of the closing; `IllegalStateError` where there is none. Kotlin: `getOrThrow`."""
        if self._kind is _SUCCESS:
            return cast("T_co", self._content)
        if self._content is not None:
            raise self._content
        raise IllegalStateError(f"there is no value: the attempt ended as {self!r}")

    def get_or_else(self, fallback: Callable[[BaseException | None], D]) -> T_co | D:
        """The value, else what `fallback` makes of the cause."""
        return cast("T_co", self._content) if self._kind is _SUCCESS else fallback(self.exception_or_none())

    def exception_or_none(self) -> BaseException | None:
        """The cause of the closing, None for anything else. Kotlin: `exceptionOrNull`."""
        return self._content if self._kind is _CLOSED else None

    # Each of these returns the result itself, so that they can be chained.

    def on_success(self, action: Callable[[T_co], object]) -> Self:
        """Call ``action(value)`` if there is a value. Kotlin: `onSuccess`."""
        if self.is_success:
            action(self._content)
        return self

    def on_failure(self, action: Callable[[BaseException | None], object]) -> Self:
        """Call ``action(cause)`` if there is no value, closed or not. Kotlin: `onFailure`."""
        if self.is_failure:
            action(self.exception_or_none())
        return self

    def on_closed(self, action: Callable[[BaseException | None], object]) -> Self:
        """Call ``action(cause)`` if the channel is closed. Kotlin: `onClosed`."""
        if self.is_closed:
            action(self.exception_or_none())
        return self

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ChannelResult):
            return NotImplemented
        return self._kind is other._kind and bool(self._content == other._content)

    def __hash__(self) -> int:
        return hash((self._kind, self._content))

    def __repr__(self) -> str:
        if self._kind is _SUCCESS:
            return f"Value({self._content!r})"
        return "Failed" if self._kind is _FAILED else f"Closed({self._content!r})"


def _result(kind: str, content: object) -> ChannelResult[Any]:
    result = object.__new__(cast("type[ChannelResult[Any]]", ChannelResult))
    result._kind = kind
    result._content = content
    return result


_FAILURE = _result(_FAILED, None)

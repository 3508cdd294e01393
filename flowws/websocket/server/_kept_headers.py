"""`KeptHeaders`: the headers of a request, once its session is open."""

from __future__ import annotations

from typing import NoReturn

from websockets.datastructures import Headers


class KeptHeaders(Headers):
    """Headers that are seldom asked for, if ever, and kept for as long as a session lives. They cannot be changed.

    A request of a browser has a dozen of them, and as many lists. Here is one tuple of texts, of which the garbage
    collector takes no notice; who asks for a header pays for it (benchmarks/bench_session.py, ``memory``).
    """

    __slots__ = ("_items",)

    def __init__(self, headers: Headers) -> None:
        self._items = tuple(headers.raw_items())

    @property
    def _list(self) -> list[tuple[str, str]]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]
        return list(self._items)

    @property
    def _dict(self) -> dict[str, list[str]]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.copy()._dict

    def copy(self) -> Headers:
        """Headers that can be changed."""
        copy = Headers()
        for name, value in self._items:
            copy.set_insecure(name, value)
        return copy

    def __reduce__(self) -> tuple[type[KeptHeaders], tuple[Headers]]:
        return KeptHeaders, (self.copy(),)

    def __repr__(self) -> str:
        return repr(self.copy())

    def __setitem__(self, key: str, value: str) -> NoReturn:
        _refuse()

    def __delitem__(self, key: str) -> NoReturn:
        _refuse()

    def clear(self) -> NoReturn:
        _refuse()

    def set_insecure(self, key: str, value: str) -> NoReturn:
        _refuse()


def _refuse() -> NoReturn:
    raise TypeError("the headers of a request cannot be changed; headers.copy() can")

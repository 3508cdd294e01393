"""Bounded work, shown: `progress`."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from importlib import import_module
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from .._arguments import require_count
from .._closing import close

if TYPE_CHECKING:
    from .._flow import Flow

T = TypeVar("T")

_PERIOD: Final = 0.1  # seconds of real time from one look of a plain line to the next


def progress(self: Flow[T], total: int | None = None, *, label: str = "") -> Flow[T]:
    """The same values, while stderr shows how many of them have passed by now: in a bar of tqdm where that is
    installed, in Jupyter one of its widgets; else in a plain line, at most ten times a second.

    Each collection has a line, or bar, of its own, under the name of `label`. It stays when the collection is over,
    however that ends. Where `total` says how many there will be, it shows how much is left, too.

    Raises `TypeError` and `ValueError` for a `total` that is no number, or negative.

    >>> run(flow_of(1, 2, 3).progress(3).count)
    3
    """
    if total is not None:
        require_count(total, "total", least=0)
    if not isinstance(label, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise TypeError(f"label is a text, not {label!r}")
    return self._through(_progress, _Options(total, label))


class _Options:
    """What was asked for, as it is written; what was left out is left out."""

    __slots__ = ("label", "total")

    def __init__(self, total: int | None, label: str) -> None:
        self.total = total
        self.label = label

    def __repr__(self) -> str:
        given = [] if self.total is None else [repr(self.total)]
        return ", ".join([*given, f"label={self.label!r}"] if self.label else given)


async def _progress(source: AsyncIterator[T], options: _Options) -> AsyncIterator[T]:
    bar = _bar(options)
    try:
        async for value in source:
            bar.update(1)
            yield value
    except BaseException as failure:
        await close(source, failure)
        raise
    finally:
        bar.close()


class _Bar(Protocol):
    def update(self, n: int, /) -> object: ...
    def close(self) -> object: ...


def _bar(options: _Options) -> _Bar:
    if (tqdm := _tqdm()) is None:
        return _Line(options)
    bar: _Bar = tqdm(total=options.total, desc=options.label or None)
    return bar


def _tqdm() -> Any:
    """The bar that fits where we are; None without tqdm."""
    from warnings import catch_warnings, simplefilter

    try:
        with catch_warnings():
            simplefilter("ignore")  # of widgets that are not installed: then it is a bar of text, which is fine
            return import_module("tqdm.auto").tqdm
    except ImportError:
        return None


class _Line:
    """A line of text that is written over again and again."""

    __slots__ = ("_begun", "_count", "_next", "_options", "_width")

    def __init__(self, options: _Options) -> None:
        self._options = options
        self._count = 0
        self._width = 0
        self._begun = monotonic()
        self._next = self._begun  # when it is written again

    def update(self, n: int) -> None:
        self._count += n
        if (now := monotonic()) >= self._next:
            self._next = now + _PERIOD
            self._write(now)

    def close(self) -> None:
        self._write(monotonic(), end="\n")

    def _write(self, now: float, end: str = "") -> None:
        text = self._text(now - self._begun)
        sys.stderr.write(f"\r{text:{self._width}}{end}")
        sys.stderr.flush()
        self._width = len(text)  # so that a shorter one covers it

    def _text(self, seconds: float) -> str:
        count, total, label = self._count, self._options.total, self._options.label
        rate = count / seconds if seconds >= _PERIOD else 0.0  # nobody knows it sooner
        parts = [f"{count:,} so far" if total is None else f"{count:,} of {total:,}"]
        if total:
            parts[0] += f" ({100 * count // total} %)"
        if rate:
            parts.append(f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.2g}/s")
        parts.append(f"{seconds:.1f} s")
        if total is not None and rate and count < total:
            parts.append(f"about {(total - count) / rate:.0f} s left")
        return (f"{label}: " if label else "") + ", ".join(parts)

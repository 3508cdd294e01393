"""`open_broker`: the broker that a URL names."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from ._broker import Broker
from ._memory_broker import MemoryBroker

_REDIS: Final = ("redis", "rediss", "unix")


def open_broker(url: str, **options: Any) -> Broker:
    """The broker that a URL names, with its options: to be entered, as any other.

    ``memory:`` is a `MemoryBroker`; ``redis://``, ``rediss://`` (with TLS) and ``unix://`` are a `RedisBroker`. Raises
    `ValueError` for any other URL.

    >>> open_broker("memory:")
    <MemoryBroker of 0 topics>
    """
    if not isinstance(url, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise TypeError(f"a broker's URL must be a text, not {url!r}")
    scheme = urlsplit(url).scheme
    if url == "memory:":
        return MemoryBroker(**options)
    if scheme in _REDIS:
        from .redis import RedisBroker

        return RedisBroker(url, **options)
    raise ValueError(
        f"a broker's URL begins with memory:, {', '.join(f'{each}://' for each in _REDIS)}, not with {scheme or url!r}"
    )

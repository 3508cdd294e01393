"""`choose`: the engine that carries the sessions of a server or a client."""

from __future__ import annotations

from typing import Final, cast

from flowws._core import current_loop

from . import Engine

NAMES: Final = ("picows", "sansio")


def choose(name: str | None = None) -> Engine:
    """The engine of that name; without one, picows on asyncio and sansio on trio.

    Where picows is not installed, sansio takes its place. Raises `ValueError` for a name that there is not, and for
    picows on trio.
    """
    loop = current_loop().name
    if name is None:
        return _picows_or_sansio() if loop == "asyncio" else _sansio()
    if name not in NAMES:
        raise ValueError(f"engine must be one of {NAMES}, or None for the one that fits the loop, not {name!r}")
    if name == "sansio":
        return _sansio()
    if loop != "asyncio":
        raise ValueError(f"engine='picows' needs asyncio, and this is {loop}: 'sansio' runs on both")
    return _picows()


def _picows_or_sansio() -> Engine:
    try:
        return _picows()
    except ImportError:  # there is no wheel for this machine
        return _sansio()


def _picows() -> Engine:
    from . import _picows as engine

    return cast("Engine", engine)


def _sansio() -> Engine:
    from . import _sansio as engine

    return cast("Engine", engine)

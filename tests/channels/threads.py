"""What tests of the bridge from threads look through: a thread, and what its call came to."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import Any

from anyio.to_thread import run_sync

from flowws import Channel, yield_now


async def parked(channel: Channel[Any], count: int = 1) -> None:
    """Until so many senders wait."""
    while f"{count} sending" not in repr(channel):
        await yield_now()


class Caller:
    """A plain thread, and what its call came to."""

    def __init__(self, call: Callable[..., object], *args: object) -> None:
        self.outcome: object = None
        self._thread = threading.Thread(target=self._run, args=(call, *args))
        self._thread.start()

    def _run(self, call: Callable[..., object], *args: object) -> None:
        try:
            self.outcome = call(*args)
        except BaseException as error:  # noqa: BLE001  # whatever comes is the outcome
            self.outcome = error

    def ended(self) -> object:
        self._thread.join()
        return self.outcome

    async def ends(self) -> object:
        return await run_sync(self.ended)

    def interrupt(self) -> None:
        """As Ctrl-C does with the main thread."""
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(self._thread.ident or 0), ctypes.py_object(KeyboardInterrupt)
        )

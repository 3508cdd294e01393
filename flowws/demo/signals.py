"""`stop_signal`: SIGINT and SIGTERM as something to wait for."""

from __future__ import annotations

import signal
import sys
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager

import anyio


class StopSignal:
    """The signal that asks this process to stop, once it has come."""

    def __init__(self, signals: AsyncIterator[signal.Signals] | None) -> None:
        self._signals = signals
        self.signal: signal.Signals | None = None

    async def wait(self) -> None:
        """Waits for the signal."""
        if self._signals is None:  # pragma: no cover  # Windows, see below
            await anyio.sleep_forever()
        else:
            self.signal = await anext(self._signals)


@contextmanager
def stop_signal() -> Generator[StopSignal]:
    """From here to the end of the block SIGINT and SIGTERM only wake up who waits for them; then they are as before."""
    # No loop can wait for signals on Windows; there a Ctrl-C cancels the main task.
    if sys.platform == "win32":  # pragma: no cover  # the suite runs on POSIX
        yield StopSignal(None)
    else:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            yield StopSignal(signals)

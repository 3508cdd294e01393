"""`DisposableHandle`: what a registration gives back."""

from __future__ import annotations

from collections.abc import Callable

CompletionHandler = Callable[["BaseException | None"], object]
"""Called once a job is complete, with None, the `CancellationError` or the failure. Kotlin: `CompletionHandler`."""


class DisposableHandle:
    """Takes a registration back. Kotlin: `DisposableHandle`."""

    __slots__ = ("_handlers", "_key")

    def __init__(self, handlers: dict[object, CompletionHandler] | None, key: object) -> None:
        self._handlers = handlers
        self._key = key

    def dispose(self) -> None:
        """Unregister. Harmless when repeated, or when the handler has run."""
        if self._handlers is not None:
            self._handlers.pop(self._key, None)

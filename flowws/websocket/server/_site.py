"""`Site`: what a server has to offer: handlers and pages, and who is welcome to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from importlib.resources.abc import Traversable
from types import SimpleNamespace
from typing import Any, ClassVar, Final

from .._config import WebSockets
from ._access_log import AccessLog
from ._origins import Origins
from ._pages import Pages
from ._router import Router
from ._server_observer import ServerObserver, ServerObservers
from ._trusted_proxies import TrustedProxies


class Site(Router):
    """The part of `WebSocketServer` that says nothing of sockets."""

    _is_root: ClassVar = True

    def __init__(
        self,
        config: WebSockets | None = None,
        *,
        origins: Iterable[str] = (),
        trusted_proxies: TrustedProxies | Iterable[str] = (),
        observers: Sequence[ServerObserver] = (),
        lifespan: Callable[[Any], AbstractAsyncContextManager[object]] | None = None,
    ) -> None:
        self.config: Final = WebSockets() if config is None else config
        super().__init__(self.config)
        self.state: Final = SimpleNamespace()
        """Yours: what handlers share, such as a database pool. They find it as ``session.call.state``."""
        self._pages: Final = Pages()
        self._origins: Final = Origins(origins)
        if not isinstance(trusted_proxies, TrustedProxies):
            trusted_proxies = TrustedProxies(trusted_proxies)
        self._trusted_proxies: Final = trusted_proxies
        self._observers: Final = ServerObservers((AccessLog(), *observers))
        self._lifespan: Final = lifespan

    def static(self, prefix: str, folder: Traversable) -> None:
        """Serve the files of a folder under a prefix: ``app.static("/", Path("page"))``. Hidden files are left out."""
        self._pages.add(prefix, folder)

    def _life(self) -> AbstractAsyncContextManager[object]:
        """The block around each time that it is served."""
        return nullcontext() if self._lifespan is None else self._lifespan(self)

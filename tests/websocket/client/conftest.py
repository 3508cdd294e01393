"""A client on each engine and loop."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from ssl import PROTOCOL_TLS_SERVER, SSLContext, create_default_context

import pytest
import trustme

from flowws.websocket import WebSocketClient


@pytest.fixture
def new_client(engine: str | None) -> Callable[..., WebSocketClient]:
    """For clients with a configuration, or options."""
    return partial(WebSocketClient, engine=engine)


@pytest.fixture
def client(new_client: Callable[..., WebSocketClient]) -> WebSocketClient:
    return new_client()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def ours(authority: trustme.CA) -> SSLContext:
    """For a server: example.org, 127.0.0.1."""
    context = SSLContext(PROTOCOL_TLS_SERVER)
    authority.issue_cert("example.org", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(scope="session")
def theirs(authority: trustme.CA) -> SSLContext:
    """For a client that trusts it."""
    context = create_default_context()
    authority.configure_trust(context)
    return context

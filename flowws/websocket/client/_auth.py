"""`Auth`: who we are, asked for before a handshake and once more when the server does not believe it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import TypeAlias

from .._errors import HandshakeError
from ._client_headers import HeadersLike, checked_headers

Auth: TypeAlias = Callable[[HandshakeError | None], Awaitable[HeadersLike | None] | HeadersLike | None]
"""A function, async or not, from the last refusal, if there was one, to the headers that prove who we are."""


async def ask(auth: Auth, refusal: HandshakeError | None) -> list[tuple[str, str]] | None:
    """What the function says, checked."""
    answer = auth(refusal)
    headers = await answer if isawaitable(answer) else answer
    return None if headers is None else checked_headers(headers)

"""`redirection`: where a refusal says that the session is instead."""

from __future__ import annotations

from typing import Final

from .._errors import HandshakeError
from ._target import Target

_ELSEWHERE: Final = {301, 302, 303, 307, 308}
"""RFC 9110, section 15.4: without 300, which leaves the choice to people."""


def redirection(refusal: HandshakeError, here: Target) -> Target | None:
    """The target that a refusal names; None if it names none. Raises `HandshakeError` for one that must not be
    followed.
    """
    if refusal.status not in _ELSEWHERE:
        return None
    try:
        location = refusal.headers["Location"]
    except LookupError:  # there is none, or more than one
        return None
    try:
        there = here.to(location)
    except ValueError as error:
        raise no_redirect(refusal, f"the server redirects to what is no session: {error}") from error
    if here.uri.secure and not there.uri.secure:
        raise no_redirect(refusal, f"the server redirects away from TLS, to {there.url}")
    return there


def no_redirect(refusal: HandshakeError, problem: str) -> HandshakeError:
    """The refusal, with another problem than its status."""
    return HandshakeError(problem, status=refusal.status, headers=refusal.headers, body=refusal.body)

"""The errors of feeds.

Exception
 +-- FeedError
      +-- BadFilterError             a filter that cannot be understood, or is not allowed: who wrote it
      +-- BadMessageError            a message outside the protocol: the peer's fault; `code` and `id` for the answer
      +-- SubscriptionRefusedError   the server does not serve what was asked for: `code` says why
      +-- SourceFailedError          what the server's feed was made of has failed: nobody's on this side
      +-- FeedClosedError            the connection is lost for good: `reason` says why, and who has ended it
      +-- BadRecordingError          a file that is no recording, or of another version: who wrote it
      +-- ReplayedError              what was recorded has failed, then: nobody's now; `error` and `message` say how
"""

from __future__ import annotations

from pathlib import Path

from flowws.websocket import CloseReason


class FeedError(Exception):
    """What went wrong with a feed."""


class BadFilterError(FeedError, ValueError):
    """A filter that cannot be understood, is too large, or names what it may not. Its text may be told to the peer."""


class BadMessageError(FeedError, ValueError):
    """A message that is not one of the protocol's. Its text may be told to the peer."""

    def __init__(self, problem: str, *, code: str = "bad-message", id: int | None = None) -> None:
        super().__init__(problem)
        self.code = code
        """What the answer says for machines: `bad-message` or `bad-position`."""
        self.id = id
        """The subscription that it is about, as far as that could be read."""


class SubscriptionRefusedError(FeedError):
    """The server does not serve what this side has asked for."""

    def __init__(self, problem: str, code: str) -> None:
        super().__init__(problem, code)
        self.problem = problem
        """What the server says, for people."""
        self.code = code
        """What it says for machines, such as `bad-filter` or `unknown-topic`."""

    def __str__(self) -> str:
        return f"the server refused: {self.problem} ({self.code})"


class SourceFailedError(FeedError):
    """What the feed was made of has failed, at the server. What exactly stays in the server's log."""


class FeedClosedError(FeedError):
    """The connection of a feed is lost, and the policy of reconnecting calls that fatal.

    Not a `SessionClosedError`: in the handler of a server that would be the normal end of its own session.
    """

    def __init__(self, reason: CloseReason) -> None:
        super().__init__(reason)
        self.reason = reason
        """Why the session with the server ended; `code` is taken from it."""
        self.code: int = reason.code

    def __str__(self) -> str:
        return f"the connection of the feed was closed for good: {self.reason!r}"


class BadRecordingError(FeedError, ValueError):
    """A file that is no recording, or one of a version that is not known here."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        """Where the file is."""
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path} is no recording: {self.problem}"


class ReplayedError(FeedError):
    """What was recorded has failed then, and so does its replay."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(error, message)
        self.error = error
        """The name of the error's class."""
        self.message = message
        """What it said."""

    def __str__(self) -> str:
        return f"it was recorded to fail with {self.error}: {self.message}"

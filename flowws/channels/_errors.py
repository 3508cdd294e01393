"""The errors of floor 2.

Exception
 +-- flowws.IllegalStateError
 |    +-- ClosedSendChannelError       sent into a channel that is closed: whoever closed it did not tell this sender
 +-- flowws.NoSuchElementError
      +-- ClosedReceiveChannelError    received from a channel that is closed and drained

A channel that was closed with a cause raises that very cause instead of these.
"""

from __future__ import annotations

from flowws._core import IllegalStateError, NoSuchElementError


class ClosedSendChannelError(IllegalStateError):
    """Sent into a closed channel. A real failure: a child job that meets it fails its scope.

    Kotlin: `ClosedSendChannelException`.
    """


class ClosedReceiveChannelError(NoSuchElementError):
    """Received from a channel that is closed and drained. Iteration ends quietly instead.

    Kotlin: `ClosedReceiveChannelException`.
    """

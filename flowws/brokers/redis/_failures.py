"""What an error of the client means: the server is away, it does not do this now, or it refuses for good."""

from __future__ import annotations

import re
from typing import Final

from coredis.exceptions import (
    AskError,
    AuthenticationError,
    AuthorizationError,
    ClusterDownError,
    ConnectionError,
    NoScriptError,
    ReadOnlyError,
    RedisError,
    TryAgainError,
    UnblockedError,
    WrongTypeError,
)

from flowws.brokers._errors import BrokerError, BrokerRefusedError, BrokerUnavailableError

NOT_NOW: Final = re.compile(r"(?:^|[-\s])(OOM|READONLY|LOADING|NOREPLICAS|MISCONF|MASTERDOWN|BUSY|UNKILLABLE) ")
"""Answers of a server that would do it at another time. Before version 7 they stand amid an error of the script."""

OF_THE_LINK: Final = ("READONLY", "LOADING", "MASTERDOWN")
"""Such answers that only another connection can make up for: the server is no primary, or is starting."""


class NotNowError(BrokerUnavailableError):
    """The server has done nothing of what it was asked for, but may do so later."""


class LinkLostError(BrokerUnavailableError):
    """The connection is of no use any more. What was asked for may have been done."""


class ScriptMissingError(BrokerUnavailableError):
    """The server has forgotten its scripts, and has done nothing."""


def judged(error: Exception, doing: str) -> BrokerError:
    """What to raise for an error that the client has raised while it was `doing` something."""
    failure = _judged(error, doing)
    failure.__cause__ = error
    return failure


def _judged(error: Exception, doing: str) -> BrokerError:
    cause = error.__cause__
    said = f"{doing}: {error}" if cause is None else f"{doing}: {error}: {cause}"
    if isinstance(error, NoScriptError):
        return ScriptMissingError(said)
    if isinstance(error, (ReadOnlyError, UnblockedError)):  # the client has cut off the code
        return LinkLostError(f"{doing}: READONLY {error}")
    if isinstance(error, (ConnectionError, TimeoutError, OSError)):
        return LinkLostError(said)
    code = NOT_NOW.search(str(error))
    if isinstance(error, (TryAgainError, ClusterDownError)):
        return NotNowError(said)
    if code is not None:
        return LinkLostError(said) if code[1] in OF_THE_LINK else NotNowError(said)
    if isinstance(error, AskError):
        return BrokerRefusedError(f"{said}: this server is part of a cluster, and the key belongs to another one")
    if isinstance(error, AuthenticationError):
        return BrokerRefusedError(f"{doing}: the server refuses the name or the password: {error}")
    if isinstance(error, AuthorizationError):
        return BrokerRefusedError(f"{doing}: the server does not allow it: {error}")
    if isinstance(error, WrongTypeError) or "WRONGTYPE" in str(error):
        return BrokerRefusedError(f"{doing}: a key of this topic is something else: {error}")
    if isinstance(error, RedisError):
        return BrokerRefusedError(said)
    raise error  # a fault of ours

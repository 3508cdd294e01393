"""What a policy refuses, what it keeps, and what is fatal by default."""

from __future__ import annotations

from datetime import timedelta
from ssl import SSLCertVerificationError, SSLError
from typing import Any

import pytest

from flowws.feeds import FeedState, ReconnectPolicy
from flowws.websocket import CloseReason, DeserializeError, Frame, HandshakeError, ProxyError, SessionClosedError


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"backoff": 3}, TypeError),
        ({"is_fatal": None}, TypeError),
        ({"retries": -1}, ValueError),
        ({"retries": 1.5}, TypeError),
        ({"retries": True}, TypeError),
        ({"stable_after": -1}, ValueError),
        ({"stable_after": None}, TypeError),
        ({"stale_after": 0}, ValueError),
        ({"stale_after": float("inf")}, ValueError),
        ({"stale_after": "long"}, TypeError),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_name(arguments: dict[str, Any], error: type[Exception]) -> None:
    ((name, value),) = arguments.items()
    with pytest.raises(error, match=f"{name}.*{value!r}"):
        ReconnectPolicy(**arguments)


def test_durations_are_seconds_once_stored() -> None:
    policy = ReconnectPolicy(stable_after=timedelta(minutes=1), stale_after=timedelta(seconds=5))
    assert (policy.stable_after, policy.stale_after) == (60, 5)
    assert ReconnectPolicy(stale_after=None).stale_after is None


@pytest.mark.parametrize(
    ("cause", "fatal"),
    [
        (ConnectionRefusedError(), False),
        (TimeoutError(), False),
        (SSLError(), False),
        (SSLCertVerificationError(), True),
        (HandshakeError("broken"), False),
        (HandshakeError("moved", status=302), False),
        (HandshakeError("slow", status=408), False),
        (HandshakeError("gone", status=410), True),
        (HandshakeError("down", status=502), False),
        (ProxyError("http://proxy", "who are you?", status=407), True),
        (ProxyError("http://proxy", "no route", status=504), False),
        (ProxyError("socks5://proxy", "no route"), False),
        (SessionClosedError(CloseReason(1006)), False),
        (SessionClosedError(CloseReason(1011)), False),
        (SessionClosedError(CloseReason(1009)), True),
        (SessionClosedError(CloseReason(4321)), True),
        (DeserializeError("not a person", Frame.Text("7")), True),
        (LookupError("no key"), True),
    ],
)
def test_what_is_fatal_by_default(cause: Exception, fatal: bool) -> None:
    assert ReconnectPolicy().is_fatal(cause) is fatal


def test_states_are_values_with_honest_names() -> None:
    states: list[FeedState] = [FeedState.Open(), FeedState.Connecting(), FeedState.Closed()]
    assert [state == FeedState.Open() for state in states] == [True, False, False]
    assert repr(FeedState.Stale(7.5)) == "FeedState.Stale(since=7.5)"
    assert {FeedState.Closed(), FeedState.Closed()} == {FeedState.Closed()}
    assert isinstance(FeedState.Backoff(1, 0.5, OSError()), FeedState)

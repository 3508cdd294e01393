"""What type checkers say of feeds: this file is checked by mypy and pyright, and runs, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, assert_type

from flowws.feeds import FeedConnection, FeedState, Gap, LiveFeed, Position, Reconnected, Snapshot
from flowws.flows import Flow, StateFlow
from flowws.websocket import WebSocketClient

URL = "ws://127.0.0.1:1/"


@dataclass
class Person:
    """Somebody."""

    name: str


def test_the_types_of_feeds() -> None:
    client = WebSocketClient()
    assert_type(client.feed(URL), LiveFeed[Any])
    assert_type(client.feed(URL, Person), LiveFeed[Person])
    assert_type(client.feed(URL, Person, markers=True), LiveFeed[Person | Snapshot[Person] | Gap | Reconnected])
    assert_type(client.feed(URL, Person).map(lambda person: person.name), Flow[str])
    assert_type(client.feed(URL, list[int]), LiveFeed[list[int]])
    connection = client.feeds(URL, open_timeout=3)
    assert_type(connection, FeedConnection)
    feed = connection.subscribe("people", Person, filter="saves", after="5-7")
    assert_type(feed, LiveFeed[Person])
    assert_type(connection.subscribe("people", markers=True), LiveFeed[Any])
    assert_type(feed.position, Position | None)
    assert_type(feed.state, StateFlow[FeedState])


def test_a_state_is_told_by_match() -> None:
    states: list[FeedState] = [FeedState.Stale(2.5), FeedState.Closed(ValueError("x")), FeedState.Open()]
    said: list[str] = []
    for state in states:
        match state:
            case FeedState.Stale(since):
                said.append(f"since {since}")
            case FeedState.Closed(cause):
                said.append(f"closed by {cause}")
            case _:
                said.append(repr(state))
    assert said == ["since 2.5", "closed by x", "FeedState.Open()"]

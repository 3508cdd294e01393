"""The messages of the wire: what is written is read again, and what breaks the rules is told in words."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowws.feeds import BadMessageError, Position
from flowws.feeds._protocol import (
    EndMessage,
    ErrorMessage,
    Event,
    GapMessage,
    ProgressMessage,
    Request,
    SnapshotMessage,
    Subscribe,
    Subscribed,
    Switch,
    Switched,
    Unsubscribe,
    Unsubscribed,
    UpdateMessage,
    read_event,
    read_request,
    written,
    written_snapshot,
    written_update,
)

AT = Position(1795245816711, 42)
REQUESTS: list[Request] = [
    Subscribe("", 0),
    Subscribe("people", 1, ["eq", "city", "London"], AT),
    Switch(1, None),
    Switch(2, "saves"),
    Unsubscribe(0),
]
EVENTS: list[Event] = [
    Subscribed("", 0, None),
    Subscribed("people", 1, AT, resumed=True),
    Switched(1, ["not", "saves"], AT),
    Switched(1, None, None),
    SnapshotMessage(1, [1, {"two": 2}], AT),
    UpdateMessage(1, {"name": "Ada"}, 43),
    UpdateMessage(1, None, 44),
    GapMessage(1, 3, 47, "lag"),
    GapMessage(1, 3, AT, "trimmed"),
    GapMessage(1, None, AT, "restart"),
    GapMessage(1, 3, AT, "trimmed", is_before_snapshot=True),
    ProgressMessage(1, 300),
    ProgressMessage(1, AT),
    EndMessage(1),
    EndMessage(1, "it failed"),
    Unsubscribed(1),
    ErrorMessage("no such topic", "unknown-topic", 1),
    ErrorMessage("a message is JSON", "bad-message"),
]


@pytest.mark.parametrize("message", REQUESTS, ids=repr)
def test_a_request_comes_back(message: Request) -> None:
    assert read_request(written(message)) == message


@pytest.mark.parametrize("message", EVENTS, ids=repr)
def test_an_event_comes_back(message: Event) -> None:
    assert read_event(written(message)) == message


def test_a_value_that_is_json_already_stands_as_it_is() -> None:
    assert read_event(written_update(b'{"a":[1]}', 7, 3)) == UpdateMessage(7, {"a": [1]}, 3)
    assert read_event(written_snapshot([b"1", b'"x"'], 7, AT)) == SnapshotMessage(7, [1, "x"], AT)
    assert read_event(written_snapshot([], 7, AT)) == SnapshotMessage(7, [], AT)


def test_what_is_not_known_is_ignored() -> None:
    assert read_request(b'{"subscribe":"","id":1,"since":"then"}') == Subscribe("", 1)
    assert read_event(b'{"weather":"fine","id":1}') is None
    assert read_event(b'{"end":null,"id":1,"why":3}') == EndMessage(1)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "a message is JSON"),
        ("", "a message is JSON"),
        ("[" * 5000, "a message is JSON"),
        ("[]", "a message is a JSON object"),
        ("null", "a message is a JSON object"),
        ("{}", "a message is"),
        ('{"subscribe": 1, "id": 1}', '"subscribe" is the name of a topic'),
        ('{"subscribe": ""}', '"id" is a whole number'),
        ('{"subscribe": "", "id": -1}', '"id" is a whole number'),
        ('{"subscribe": "", "id": 2147483648}', '"id" is a whole number'),
        ('{"subscribe": "", "id": true}', '"id" is a whole number'),
        ('{"subscribe": "", "id": 1.0}', '"id" is a whole number'),
        ('{"filter": null}', '"id" is a whole number'),
        ('{"unsubscribe": "1"}', '"unsubscribe" is a whole number'),
        ('{"subscribe": "", "id": 1, "after": 7}', "a text, not 7"),
        ('{"subscribe": "", "id": 1, "after": "7"}', "a position is like"),
    ],
)
def test_a_request_that_breaks_the_rules_is_told_why(text: str, problem: str) -> None:
    with pytest.raises(BadMessageError, match=problem):
        read_request(text)


def test_an_error_says_whose_it_is_as_far_as_that_can_be_read() -> None:
    with pytest.raises(BadMessageError) as caught:
        read_request('{"subscribe": "", "id": 5, "after": "never"}')
    assert (caught.value.id, caught.value.code) == (5, "bad-position")
    with pytest.raises(BadMessageError) as caught:
        read_request('{"subscribe": null, "id": 5}')
    assert (caught.value.id, caught.value.code) == (5, "bad-message")


@pytest.mark.parametrize(
    "content",
    [
        {"update": 1, "id": 1},
        {"update": 1, "id": 1, "at": "1-1"},
        {"update": 1, "id": 1, "at": -1},
        {"update": 1, "at": 1},
        {"snapshot": {}, "id": 1, "at": "1-1"},
        {"snapshot": [], "id": 1, "at": 1},
        {"gap": 1, "id": 1, "at": 1, "reason": "boredom"},
        {"gap": -1, "id": 1, "at": 1, "reason": "lag"},
        {"gap": 1, "id": 1, "at": None, "reason": "lag"},
        {"progress": "5", "id": 1},
        {"progress": -1, "id": 1},
        {"subscribed": 1, "id": 1, "at": "1-1", "resumed": False},
        {"filter": None, "id": 1, "at": 5},
        {"end": 5, "id": 1},
        {"error": "x", "id": 1},
        {"error": "x", "code": "failed", "id": "1"},
    ],
    ids=str,
)
def test_an_event_that_breaks_the_rules_is_refused(content: Any) -> None:
    with pytest.raises(BadMessageError):
        read_event(orjson.dumps(content))


json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
keys = ("subscribe", "unsubscribe", "filter", "id", "after", "update", "at", "gap", "reason", "end", "error", "code")


@given(st.dictionaries(st.sampled_from(keys), json) | json)
def test_whatever_comes_nothing_else_is_raised(content: Any) -> None:
    text = orjson.dumps(content)
    for read in (read_request, read_event):
        try:
            read(text)
        except BadMessageError as error:
            assert len(str(error)) < 500  # noqa: PT017 - nothing need be raised


@given(st.binary(max_size=30))
def test_nor_for_any_bytes(data: bytes) -> None:
    for read in (read_request, read_event):
        try:
            read(data)
        except BadMessageError:
            continue

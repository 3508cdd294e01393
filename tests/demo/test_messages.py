"""The protocol as it is written down: what each message looks like on the wire, and that it comes back as it was."""

from __future__ import annotations

from typing import Any, get_args

import orjson
import pytest

from flowws.demo import (
    ChangeFilter,
    ClientMessage,
    Committed,
    Delete,
    Deleted,
    ErrorMessage,
    PeopleFilter,
    Person,
    Save,
    Saved,
    ServerMessage,
    Snapshot,
    Stop,
)
from flowws.websocket import DeserializeError, Frame, JsonConverter

ADA = Person(3, "Ada", "London")
ADA_ON_THE_WIRE = {"id": 3, "name": "Ada", "city": "London"}

FROM_THE_CLIENT = [
    (ChangeFilter(PeopleFilter.DELETES), {"type": "filter", "filter": "deletes"}),
    (Save("Ada", "London"), {"type": "save", "name": "Ada", "city": "London", "id": None}),
    (Save("Ada", id=3), {"type": "save", "name": "Ada", "city": "", "id": 3}),
    (Delete(3), {"type": "delete", "id": 3}),
    (Stop(), {"type": "stop"}),
]
FROM_THE_SERVER = [
    (
        Snapshot(PeopleFilter.SAVES, 6, (ADA,)),
        {"type": "snapshot", "filter": "saves", "revision": 6, "people": [ADA_ON_THE_WIRE]},
    ),
    (Saved(7, ADA), {"type": "saved", "revision": 7, "person": ADA_ON_THE_WIRE}),
    (Deleted(8, ADA), {"type": "deleted", "revision": 8, "person": ADA_ON_THE_WIRE}),
    (Committed(7), {"type": "committed", "revision": 7}),
    (ErrorMessage("there is no person 99"), {"type": "error", "message": "there is no person 99"}),
]
converter = JsonConverter()


@pytest.mark.parametrize(
    ("message", "wire", "union"),
    [(*case, ClientMessage) for case in FROM_THE_CLIENT] + [(*case, ServerMessage) for case in FROM_THE_SERVER],
)
def test_a_message_goes_there_and_back(message: object, wire: dict[str, Any], union: Any) -> None:
    frame = converter.serialize(message)
    assert isinstance(frame, Frame.Text)
    assert list(orjson.loads(frame.data).items()) == list(wire.items())
    assert converter.deserialize(frame, union) == message


@pytest.mark.parametrize(("union", "cases"), [(ClientMessage, FROM_THE_CLIENT), (ServerMessage, FROM_THE_SERVER)])
def test_no_message_is_left_out_here(union: Any, cases: list[tuple[object, object]]) -> None:
    assert {type(message) for message, _ in cases} == set(get_args(union))


def test_what_has_a_default_may_be_left_out() -> None:
    assert converter.deserialize(Frame.Text('{"type": "save", "name": "Ada"}'), ClientMessage) == Save("Ada")


def test_a_message_of_the_other_side_is_none() -> None:
    with pytest.raises(DeserializeError):
        converter.deserialize(converter.serialize(Committed(1)), ClientMessage)


@pytest.mark.parametrize(
    ("wanted", "accepted"),
    [(PeopleFilter.ALL, [True, True]), (PeopleFilter.SAVES, [True, False]), (PeopleFilter.DELETES, [False, True])],
)
def test_what_a_filter_accepts(wanted: PeopleFilter, accepted: list[bool]) -> None:
    assert [wanted.accepts(Saved(1, ADA)), wanted.accepts(Deleted(2, ADA))] == accepted

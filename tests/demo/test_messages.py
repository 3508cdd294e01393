"""The messages as they are written down: what each looks like on the wire, and that it comes back as it was."""

from __future__ import annotations

from typing import Any, get_args

import orjson
import pytest

from flowws.demo import (
    FIELDS,
    FILTERS,
    Answer,
    Command,
    Committed,
    Delete,
    Deleted,
    ErrorMessage,
    Person,
    Save,
    Saved,
    Update,
)
from flowws.feeds import parse_filter
from flowws.websocket import DeserializeError, Frame, JsonConverter

ADA = Person(3, "Ada", "London")
ADA_ON_THE_WIRE = {"id": 3, "name": "Ada", "city": "London"}

CASES: dict[Any, list[tuple[object, dict[str, Any]]]] = {
    Command: [
        (Save("Ada", "London"), {"type": "save", "name": "Ada", "city": "London", "id": None}),
        (Save("Ada", id=3), {"type": "save", "name": "Ada", "city": "", "id": 3}),
        (Delete(3), {"type": "delete", "id": 3}),
    ],
    Answer: [
        (Committed(7), {"type": "committed", "revision": 7}),
        (ErrorMessage("there is no person 99"), {"type": "error", "message": "there is no person 99"}),
    ],
    Update: [
        (Saved(7, ADA), {"type": "saved", "revision": 7, "person": ADA_ON_THE_WIRE}),
        (Deleted(8, ADA), {"type": "deleted", "revision": 8, "person": ADA_ON_THE_WIRE}),
    ],
}
converter = JsonConverter()


@pytest.mark.parametrize(
    ("message", "wire", "union"), [(*case, union) for union, cases in CASES.items() for case in cases]
)
def test_a_message_goes_there_and_back(message: object, wire: dict[str, Any], union: Any) -> None:
    frame = converter.serialize(message)
    assert isinstance(frame, Frame.Text)
    assert list(orjson.loads(frame.data).items()) == list(wire.items())
    assert converter.deserialize(frame, union) == message


@pytest.mark.parametrize("union", CASES)
def test_no_message_is_left_out_here(union: Any) -> None:
    assert {type(message) for message, _ in CASES[union]} == set(get_args(union))


def test_what_has_a_default_may_be_left_out() -> None:
    assert converter.deserialize(Frame.Text('{"type":"save","name":"Ada"}'), Command) == Save("Ada")


def test_a_message_of_the_other_side_is_none() -> None:
    with pytest.raises(DeserializeError):
        converter.deserialize(Frame.Text('{"type":"committed","revision":1}'), Command)


@pytest.mark.parametrize(
    ("said", "saved", "deleted"),
    [
        ("all", True, True),
        ("saves", True, False),
        ("deletes", False, True),
        (["eq", "type", "deleted"], False, True),
        (["and", ["name", "saves"], ["eq", "person.city", "London"]], True, False),
        (["in", "person.id", [1, 2]], False, False),
    ],
)
def test_the_filters_of_the_feed(said: object, saved: bool, deleted: bool) -> None:
    wanted = parse_filter(said, names=FILTERS, fields=FIELDS)
    assert (wanted(Saved(7, ADA)), wanted(Deleted(8, ADA))) == (saved, deleted)

"""The messages of the wire, both directions; `docs/feed-protocol.md` describes them.

One JSON object each, in a text message. The verb is a key: ``{"subscribe": "people", "id": 1}``. What a reader does not
know of a message is ignored, so that later versions can say more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, cast

import orjson

from ._errors import BadMessageError
from ._position import Position

MOST_ID: Final = 2**31 - 1

Json: TypeAlias = Any
"""What a JSON text says."""
GapReason: TypeAlias = Literal["lag", "trimmed", "restart"]
"""Why updates are missing: this client was slow; they are no longer kept; the position was of another life."""
GAP_REASONS: Final = frozenset[str](("lag", "trimmed", "restart"))


# ------------------------------------------------------------------------------------------------- what a client says


@dataclass(frozen=True, slots=True)
class Subscribe:
    """``{"subscribe": "<topic>", "id": 1, "filter": ..., "after": "<epoch>-<offset>"}``; the last two are optional."""

    topic: str
    id: int
    filter: Json = None
    after: Position | None = None


@dataclass(frozen=True, slots=True)
class Switch:
    """``{"filter": ..., "id": 1}``: another filter from now on."""

    id: int
    filter: Json


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """``{"unsubscribe": 1}``."""

    id: int


Request: TypeAlias = Subscribe | Switch | Unsubscribe


# ------------------------------------------------------------------------------------------------- what a server says


@dataclass(frozen=True, slots=True)
class Subscribed:
    """``{"subscribed": "<topic>", "id": 1, "at": "<epoch>-<offset>", "resumed": true}``: it begins behind `at`, or,
    where that is left out, with a snapshot.
    """

    topic: str
    id: int
    at: Position | None
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class Switched:
    """``{"filter": ..., "id": 1, "at": "<epoch>-<offset>"}``: what follows is under this filter. Without `at`: it is a
    snapshot.
    """

    id: int
    filter: Json
    at: Position | None


@dataclass(frozen=True, slots=True)
class SnapshotMessage:
    """``{"snapshot": [...], "id": 1, "at": "<epoch>-<offset>"}``: everything up to `at`."""

    id: int
    items: list[Json]
    at: Position


@dataclass(frozen=True, slots=True)
class UpdateMessage:
    """``{"update": ..., "id": 1, "at": 17}``: the offset, as the epoch is known."""

    id: int
    value: Json
    at: int


@dataclass(frozen=True, slots=True)
class GapMessage:
    """``{"gap": 3, "id": 1, "at": 17, "reason": "lag"}``: so many updates are missing, the last of them at `at`.

    Because of `lag` they are updates that have passed the filter, and `at` is an offset on the wire; otherwise they
    are of the feed, whatever the filter, and `at` is a whole position. None: nobody knows how many. In the midst of
    updates it may say ``"then": "snapshot"``, which the client must not do without.
    """

    id: int
    missed: int | None
    at: Position | int
    reason: GapReason
    is_before_snapshot: bool = False


@dataclass(frozen=True, slots=True)
class ProgressMessage:
    """``{"progress": 300, "id": 1}``: up to this offset nothing else has passed the filter.

    A whole position where the epoch is another one from now on: ``{"progress": "<epoch>-<offset>", "id": 1}``.
    """

    id: int
    at: Position | int


@dataclass(frozen=True, slots=True)
class EndMessage:
    """``{"end": null, "id": 1}``: the source has ended; a text says that it failed."""

    id: int
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Unsubscribed:
    """``{"unsubscribed": 1}``: nothing of it follows."""

    id: int


@dataclass(frozen=True, slots=True)
class ErrorMessage:
    """``{"error": "<words>", "id": 1, "code": "bad-filter"}``; without an id where no subscription is meant."""

    problem: str
    code: str
    id: int | None = None


Event: TypeAlias = (
    Subscribed
    | Switched
    | SnapshotMessage
    | UpdateMessage
    | GapMessage
    | ProgressMessage
    | EndMessage
    | Unsubscribed
    | ErrorMessage
)


# ------------------------------------------------------------------------------------------------------------- writing


def written(message: Request | Event) -> bytes:
    """The JSON of a message."""
    return orjson.dumps(_content(message))


def _content(message: Request | Event) -> dict[str, Json]:
    match message:
        case Subscribe(topic, number, wanted, after):
            content: dict[str, Json] = {"subscribe": topic, "id": number}
            return (
                content
                | ({} if wanted is None else {"filter": wanted})
                | ({} if after is None else {"after": str(after)})
            )
        case Switch(number, wanted):
            return {"filter": wanted, "id": number}
        case Unsubscribe(number):
            return {"unsubscribe": number}
        case Subscribed(topic, number, at, resumed):
            return {"subscribed": topic, "id": number, **_place(at), "resumed": resumed}
        case Switched(number, wanted, at):
            return {"filter": wanted, "id": number, **_place(at)}
        case SnapshotMessage(number, items, at):
            return {"snapshot": items, "id": number, "at": str(at)}
        case UpdateMessage(number, value, at):
            return {"update": value, "id": number, "at": at}
        case GapMessage(number, missed, at, reason, is_before_snapshot):
            then: dict[str, Json] = {"then": "snapshot"} if is_before_snapshot else {}
            return {"gap": missed, "id": number, "at": _place_or_offset(at), "reason": reason, **then}
        case ProgressMessage(number, at):
            return {"progress": _place_or_offset(at), "id": number}
        case EndMessage(number, problem):
            return {"end": problem, "id": number}
        case Unsubscribed(number):
            return {"unsubscribed": number}
        case ErrorMessage(problem, code, number):
            return {"error": problem, "code": code} | ({} if number is None else {"id": number})


def _place(at: Position | None) -> dict[str, Json]:
    return {} if at is None else {"at": str(at)}


def _place_or_offset(at: Position | int) -> Json:
    return str(at) if isinstance(at, Position) else at


def written_update(value: bytes, id: int, offset: int) -> bytes:
    """The JSON of an update whose value is JSON already."""
    return b'{"update":%b,"id":%d,"at":%d}' % (value, id, offset)


def written_snapshot(items: Iterable[bytes], id: int, at: Position) -> bytes:
    """The JSON of a snapshot whose items are JSON already."""
    return b'{"snapshot":[%b],"id":%d,"at":"%d-%d"}' % (b",".join(items), id, at.epoch, at.offset)


# ------------------------------------------------------------------------------------------------------------- reading


def read_request(text: str | bytes) -> Request:
    """What a client says. Raises `BadMessageError`, whose text may go back to it."""
    content = _object(text)
    if "subscribe" in content:
        number = _id(content, "id")
        topic = content["subscribe"]
        if not isinstance(topic, str):
            raise BadMessageError('"subscribe" is the name of a topic', id=number)
        return Subscribe(topic, number, content.get("filter"), _after(content, number))
    if "unsubscribe" in content:
        return Unsubscribe(_id(content, "unsubscribe"))
    if "filter" in content:
        return Switch(_id(content, "id"), content["filter"])
    raise BadMessageError('a message is {"subscribe": ...}, {"filter": ...} or {"unsubscribe": ...}')


def _after(content: dict[str, Json], number: int) -> Position | None:
    after = content.get("after")
    if after is None:
        return None
    try:
        return _position(after)
    except ValueError as error:
        raise BadMessageError(str(error), code="bad-position", id=number) from None


def read_event(text: str | bytes) -> Event | None:
    """What a server says; None for a verb that is not known here. Raises `BadMessageError` for what breaks rules."""
    content = _object(text)
    for verb, read in _EVENTS.items():
        if verb in content:
            try:
                return read(content)
            except (KeyError, TypeError, ValueError) as error:
                raise BadMessageError(f"not a message of the protocol: {error!r}", id=None) from error
    return None


def _gap(content: dict[str, Json]) -> GapMessage:
    missed, at, reason = content["gap"], content["at"], content["reason"]
    if reason not in GAP_REASONS:
        raise ValueError(f"no reason for a gap: {reason!r:.100}")
    if missed is not None:
        _natural(missed)
    then = content.get("then")
    return GapMessage(
        _id(content, "id"), missed, _position_or_offset(at), cast("GapReason", reason), then == "snapshot"
    )


_EVENTS: Final[dict[str, Callable[[dict[str, Json]], Event]]] = {
    "update": lambda said: UpdateMessage(_id(said, "id"), said["update"], _natural(said["at"])),
    "snapshot": lambda said: SnapshotMessage(_id(said, "id"), _list(said["snapshot"]), _position(said["at"])),
    "gap": _gap,
    "progress": lambda said: ProgressMessage(_id(said, "id"), _position_or_offset(said["progress"])),
    "subscribed": lambda said: Subscribed(
        _text(said["subscribed"]), _id(said, "id"), _position_or_none(said.get("at")), said["resumed"] is True
    ),
    "end": lambda said: EndMessage(_id(said, "id"), None if said["end"] is None else _text(said["end"])),
    "unsubscribed": lambda said: Unsubscribed(_id(said, "unsubscribed")),
    "error": lambda said: ErrorMessage(
        _text(said["error"]), _text(said["code"]), None if said.get("id") is None else _id(said, "id")
    ),
    "filter": lambda said: Switched(_id(said, "id"), said["filter"], _position_or_none(said.get("at"))),
}


def _object(text: str | bytes) -> dict[str, Json]:
    try:
        content: Json = orjson.loads(text)
    except ValueError:
        raise BadMessageError("a message is JSON") from None
    if not isinstance(content, dict):
        raise BadMessageError("a message is a JSON object")
    return cast("dict[str, Json]", content)


def _id(content: dict[str, Json], key: str) -> int:
    number = content.get(key)
    if type(number) is not int or not 0 <= number <= MOST_ID:
        raise BadMessageError(f'"{key}" is a whole number from 0 to {MOST_ID} that you choose')
    return number


def _natural(value: Json) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"a whole number from 0 on, not {value!r:.100}")
    return value


def _position(value: Json) -> Position:
    return Position.parse(_text(value))


def _position_or_offset(value: Json) -> Position | int:
    return _position(value) if isinstance(value, str) else _natural(value)


def _position_or_none(value: Json) -> Position | None:
    return None if value is None else _position(value)


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise ValueError(f"a text, not {value!r:.100}")
    return value


def _list(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise ValueError(f"a list, not {value!r:.100}")
    return cast("list[Json]", value)

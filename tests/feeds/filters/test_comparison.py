"""What a comparison says of a field's content, by the kind of both."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from uuid import UUID

import pytest

from flowws.feeds import BadFilterError, Filter, field, parse_filter


class Colour(Enum):
    RED = "red"


class Size(IntEnum):
    LARGE = 3


class Kind(StrEnum):
    SAVE = "save"


class Shouted(str):
    __slots__ = ()


x = field("x")
ID = UUID("12345678-1234-5678-1234-567812345678")
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ALSO_NOON = NOON.astimezone(timezone(timedelta(hours=1)))

PASS: list[tuple[Filter, object]] = [
    (x == 1, 1),
    (x == 1, 1.0),
    (x == 1.5, Decimal("1.5")),
    (x == 0.1, Decimal("0.1")),
    (x == 2.0**60, Decimal(2**60)),  # as for 2**60, which is the same filter
    (x == 1e300, Decimal(int(1e300))),
    (x == "a", "a"),
    (x == "a", Shouted("a")),
    (x == True, True),  # noqa: E712 - it makes a filter
    (x == None, None),  # noqa: E711 - it makes a filter
    (x != 1, True),
    (x != 1, "1"),
    (x != 1, None),
    (x != 1, [1]),
    (x != "red", Colour),
    (x == "red", Colour.RED),
    (x == Colour.RED, "red"),
    (x == Colour.RED, Colour.RED),
    (x == 3, Size.LARGE),
    (x >= 2, Size.LARGE),
    (x == "save", Kind.SAVE),
    (x < 2, 1.5),
    (x <= 2, 2),
    (x > 2, 2**70),
    (x >= 2, Decimal("Infinity")),
    (x < "b", "a"),
    (x == NOON, NOON),
    (x == NOON, ALSO_NOON),
    (x == NOON, NOON.isoformat()),
    (x == "2026-11-21T12:00:00Z", NOON),
    (x > "2026-11-21T11:59:59+00:00", NOON),
    (x != "2026-11-21T12:00:00", NOON),
    (x == "2026-11-21", date(2026, 11, 21)),
    (x < date(2026, 11, 22), date(2026, 11, 21)),
    (x == "2026-11-21", datetime(2026, 11, 21)),  # noqa: DTZ001 - without a zone is what this is about
    (x >= "11:30", time(12)),
    (x == ID, ID),
    (x == str(ID).upper(), ID),
    (x == "1.50", Decimal("1.5")),
    (x < "10", Decimal(9)),
    (x.is_in([1, "a", None]), "a"),
    (x.is_in([1, "a", None]), None),
    (x.is_in([1, "a", None]), 1.0),
]

FAIL: list[tuple[Filter, object]] = [
    (x == 1, True),
    (x == True, 1),  # noqa: E712 - it makes a filter
    (x == 0, None),
    (x == "1", 1),
    (x == 1, "1"),
    (x == "a", ["a"]),
    (x == "a", b"a"),
    (x < 2, True),
    (x < "2", 1),
    (x < 2, "1"),
    (x < 2, None),
    (x < 2, float("nan")),
    (x == 2, Decimal("nan")),
    (x == 2, Decimal("snan")),
    (x < 2, Decimal("nan")),
    (x < "2026-11-22", NOON),
    (x == "2026-11-21T12:00:00", NOON),
    (x < "tomorrow", NOON),
    (x == "2026-11-21T12:00:00", date(2026, 11, 21)),
    (x == "no uuid", ID),
    (x < "12:00+01:00", time(11)),
    (x < "cheap", Decimal(1)),
    (x == "nan", Decimal("nan")),
    (x == "snan", Decimal("snan")),
    (x <= "snan", Decimal(1)),
    (x == "0001-01-01T00:00:00+23:59", datetime.max.replace(tzinfo=UTC)),
    (x > "9999-12-31T23:59:59-23:59", datetime.min.replace(tzinfo=UTC)),
    (x != 1, 1),
    (x != NOON, ALSO_NOON),
    (x.is_in([]), None),
    (x.is_in([1]), True),
    (x.is_in([1]), {}),
]


@pytest.mark.parametrize(("wanted", "content"), PASS, ids=repr)
def test_passes(wanted: Filter, content: object) -> None:
    assert wanted({"x": content}) is True
    assert (~wanted)({"x": content}) is False


@pytest.mark.parametrize(("wanted", "content"), FAIL, ids=repr)
def test_does_not_pass(wanted: Filter, content: object) -> None:
    assert wanted({"x": content}) is False
    assert (~wanted)({"x": content}) is True


@pytest.mark.parametrize(("wanted", "content"), PASS + FAIL, ids=repr)
def test_what_travels_means_the_same(wanted: Filter, content: object) -> None:
    arrived = parse_filter(wanted.to_json(), names={})
    assert arrived == wanted
    assert arrived({"x": content}) is wanted({"x": content})


@pytest.mark.parametrize("scalar", [None, True, False])
def test_what_has_no_order_is_refused(scalar: bool | None) -> None:
    with pytest.raises(BadFilterError, match=r"lt compares with a number or a text, not with (null|true|false)"):
        _ = x < scalar


@pytest.mark.parametrize(
    ("operand", "problem"),
    [
        (float("nan"), "not nan"),
        (float("inf"), "not inf"),
        (2**64, "not 18446744073709551616"),
        (-(2**63) - 1, "not -9223372036854775809"),
        (b"a", "not b'a'"),
        ([1], r"not \[1\]"),
        ({}, "not {}"),
        ("a" * 1025, "at most 1024 characters, not 1025"),
        ("\ud800", "no Unicode"),
    ],
)
def test_what_does_not_travel_is_refused(operand: object, problem: str) -> None:
    with pytest.raises(BadFilterError, match=problem):
        parse_filter(["eq", "x", operand])
    with pytest.raises(BadFilterError, match=problem):
        _ = x != operand
    with pytest.raises(BadFilterError, match=problem):
        x.is_in([1, operand])  # type: ignore[list-item]  # a caller without type checks


def test_a_field_is_looked_for_among_so_many() -> None:
    assert x.is_in(range(256))({"x": 255})
    with pytest.raises(BadFilterError, match="at most 256 choices in all, not 257"):
        x.is_in(range(257))
    parse_filter(["and", ["in", "x", list(range(128))], ["not", ["in", "y", list(range(128))]]])
    with pytest.raises(BadFilterError, match="at most 256 choices in all, not 257"):
        parse_filter(["or", ["in", "x", list(range(128))], ["in", "y", list(range(129))]])
    with pytest.raises(BadFilterError, match="at most 256 choices in all, not 257"):
        _ = x.is_in(range(128)) | ~x.is_in(range(129))
    assert x.is_in("é" * 1024 for _ in range(7))({"x": "é" * 1024})
    for wanted in (lambda: x.is_in("é" * 1024 for _ in range(8)), lambda: ~x.is_in("x" * 1000 for _ in range(49))):
        with pytest.raises(BadFilterError, match="at most 48 KiB of JSON"):
            wanted()
    with pytest.raises(TypeError, match="not one text: 'ab'"):
        x.is_in("ab")

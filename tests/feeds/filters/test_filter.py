"""Filters as predicates, as values, and combined."""

from __future__ import annotations

from functools import reduce
from operator import and_, invert, or_

import pytest

from flowws import IllegalStateError
from flowws.feeds import BadFilterError, Filter, field, named, parse_filter

a, b, c = field("a") == 1, field("b") == 1, field("c") == 1
EVERYTHING = parse_filter(None)


@pytest.mark.parametrize("wanted", [a & b, (~a | b) & c, ~(a & ~c), a | b | c, ~(a | b)])
@pytest.mark.parametrize("bits", range(8))
def test_combinations_are_what_they_say(wanted: Filter, bits: int) -> None:
    value = {"a": bits & 1, "b": bits >> 1 & 1, "c": bits >> 2 & 1}
    said = repr(wanted.to_json())
    truth = evaluated(wanted.to_json(), value)
    assert wanted(value) is truth, said


def evaluated(json: object, value: dict[str, int]) -> bool:
    assert isinstance(json, list)
    verb, *rest = json
    if verb == "eq":
        return bool(value[rest[0]] == rest[1])
    parts = [evaluated(each, value) for each in rest]
    return {"and": all(parts), "or": any(parts), "not": not parts[0]}[verb]


def test_equal_filters_are_equal_however_they_were_said() -> None:
    same = [
        (a & b, b & a),
        (a & (b & c), (c & a) & b),
        (a & a, a),
        (a | b | a, b | a),
        (~~a, a),
        (~a, field("a") != 1),
        (field("a") == 1.0, a),
        (field("a").is_in([1]), a),
        (field("a").is_in([2, 1, 1]), field("a").is_in([1, 2])),
        (a & EVERYTHING, a),
        (a | EVERYTHING, EVERYTHING),
        (parse_filter(["name", "saves"]), named("saves")),
        (parse_filter("saves", names={"saves": bool}), named("saves")),
    ]
    for one, other in same:
        assert one == other, (one, other)
        assert hash(one) == hash(other)


def test_different_filters_are_not_equal() -> None:
    different = [
        EVERYTHING,
        ~EVERYTHING,
        a,
        b,
        ~a,
        a & b,
        a | b,
        named("a"),
        named("null"),
        field("a") == True,  # noqa: E712 - it makes a filter
        field("a") == "1",
        field("a") == None,  # noqa: E711 - it makes a filter
        field("a") < 1,
        field("a") <= 1,
        field("a").is_in([1, True]),
        field("a").is_in([]),
    ]
    assert len(set(different)) == len(different)
    assert a != ["eq", "a", 1]


def test_a_description_is_its_readers_own() -> None:
    description = a.to_json()
    assert isinstance(description, list)
    description.append("more")
    assert a.to_json() == ["eq", "a", 1]


def test_only_a_named_predicate_has_a_name() -> None:
    assert named("saves").name == "saves"
    assert [each.name for each in (a, ~named("saves"), EVERYTHING)] == [None, None, None]
    assert (named("saves") & a).to_json() == ["and", ["name", "saves"], ["eq", "a", 1]]
    assert EVERYTHING.to_json() is None


def test_a_name_alone_cannot_be_called() -> None:
    with pytest.raises(IllegalStateError, match="'saves' is known where the feed is served"):
        (a & named("saves"))({"a": 1})
    with pytest.raises(BadFilterError, match="the name of a filter is a text, not 3"):
        named(3)  # type: ignore[arg-type]  # a caller without type checks


def test_words_do_not_combine_filters() -> None:
    with pytest.raises(TypeError, match=r"combine filters by &, \| and ~"):
        _ = a and b
    with pytest.raises(TypeError, match=r"combine filters by &, \| and ~"):
        _ = 1 < field("a") < 3
    with pytest.raises(TypeError, match="with a filter, not with 'b'"):
        _ = a & "b"  # type: ignore[operator]  # a caller without type checks
    with pytest.raises(TypeError, match="with a filter, not with None"):
        _ = a | None  # type: ignore[operator]  # a caller without type checks


def test_a_filter_does_not_grow_for_ever() -> None:
    many = [field("a") == number for number in range(64)]
    assert reduce(or_, many[:63])({"a": 62})
    assert reduce(and_, many[:63])({"a": 62}) is False
    with pytest.raises(BadFilterError, match="at most 64 parts"):
        reduce(or_, many)
    deep = reduce(lambda one, other: ~one & other, many[:4])
    with pytest.raises(BadFilterError, match="at most 8 levels deep"):
        invert(deep & a) & ~(invert(deep & b) & c)


def test_a_field_shows_itself_and_has_no_hash() -> None:
    assert repr(field("a.b")) == "field('a.b')"
    assert repr(named("saves") | a) == "Filter(['or', ['name', 'saves'], ['eq', 'a', 1]])"
    with pytest.raises(TypeError, match="unhashable"):
        hash(field("a"))

"""Filters from the network: whatever comes is a filter or a `BadFilterError`, and none of it is run."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowws.feeds import BadFilterError, Filter, field, named, parse_filter
from flowws.feeds.filters import check_fields, check_predicates

NAMES = {"saves": lambda value: value["kind"] == "save", "odd": lambda value: value["n"] % 2}


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("saves", named("saves")),
        (["name", "saves"], named("saves")),
        (["eq", "n", 1], field("n") == 1),
        (["ne", "n", None], field("n") != None),  # noqa: E711 - it makes a filter
        (["lt", "n", 1], field("n") < 1),
        (["le", "n", 1.5], field("n") <= 1.5),
        (["gt", "n", "a"], field("n") > "a"),
        (["ge", "n.m", "a"], field("n.m") >= "a"),
        (["in", "n", [1, "a", None, True]], field("n").is_in([1, "a", None, True])),
        (["and", ["eq", "n", 1], "saves"], (field("n") == 1) & named("saves")),
        (["or", ["eq", "n", 1], ["name", "saves"]], (field("n") == 1) | named("saves")),
        (["not", "saves"], ~named("saves")),
        (["not", ["not", "saves"]], named("saves")),
        (["and", "saves"], named("saves")),
        (("eq", "n", 1), field("n") == 1),
        (field("n") == 1, field("n") == 1),
    ],
)
def test_the_language(said: object, meant: Filter) -> None:
    parsed = parse_filter(said, names=NAMES)
    assert parsed == meant
    assert parse_filter(parsed.to_json()) == meant


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (3, "null, a name or a list, not 3"),
        (True, "null, a name or a list, not True"),
        ({"eq": ["n", 1]}, "null, a name or a list, not {'eq'"),
        ([], "not an empty list"),
        (["like", "n", "a%"], "no comparison 'like'"),
        ([["eq"], "n", 1], "no comparison"),
        ([None], "no comparison None"),
        (["eq"], "eq takes 2 arguments, not 0"),
        (["eq", "n"], "eq takes 2 arguments, not 1"),
        (["eq", "n", 1, 2], "eq takes 2 arguments, not 3"),
        (["in", "n", 1], "in a list, not in 1"),
        (["in", "n", "abc"], "in a list, not in 'abc'"),
        (["in", "n", [[1]]], r"not \[1\]"),
        (["eq", 1, "n"], "the path of a field is a text, not 1"),
        (["lt", "n", None], "lt compares with a number or a text, not with null"),
        (["and"], "and takes one filter or more, not none"),
        (["or"], "or takes one filter or more, not none"),
        (["not"], "not takes 1 argument, not 0"),
        (["not", None, None], "not takes 1 argument, not 2"),
        (["name"], "name takes 1 argument, not 0"),
        (["name", 3], "the name of a filter is a text, not 3"),
        ("nonsense", "no filter named 'nonsense'"),
        (["and", "saves", "__class__"], "no filter named '__class__'"),
        ("n" * 1025, "at most 1024 characters"),
    ],
)
def test_what_is_no_filter(said: object, problem: str) -> None:
    with pytest.raises(BadFilterError, match=problem):
        parse_filter(said, names=NAMES)


def test_a_long_answer_does_not_come_from_a_long_question() -> None:
    for said in (["a" * 10**6], ["in", "n", [["b" * 10**6] * 1000]], [1] * 10**5, "c" * 1024, ["eq", ["d"] * 10**5, 1]):
        with pytest.raises(BadFilterError) as caught:
            parse_filter(said, names=NAMES)
        assert len(str(caught.value)) < 300


def test_a_named_predicate_is_called() -> None:
    wanted = parse_filter(["and", "saves", ["not", "odd"]], names=NAMES)
    assert wanted({"kind": "save", "n": 2}) is True
    assert wanted({"kind": "save", "n": 3}) is False
    assert parse_filter("odd", names=NAMES)({"n": 3}) is True
    with pytest.raises(KeyError):
        wanted({})


def test_a_predicate_that_turns_out_to_be_asynchronous_is_never_true() -> None:
    async def asks(_: object) -> bool:
        raise AssertionError("nobody awaits")

    with pytest.raises(TypeError, match="'slow' has to answer at once"):
        parse_filter("slow", names={"slow": asks})({})


@pytest.mark.parametrize("path", ["n", "n.m", "city", "person.name", "person.name.first"])
def test_fields_that_may_be_named(path: str) -> None:
    assert parse_filter(["eq", path, 1], fields={"n", "city", "person.name"}) == (field(path) == 1)
    with pytest.raises(BadFilterError, match=f"not filtered by the field '{path}'"):
        parse_filter(["not", ["in", path, [1]]], names=NAMES, fields=())


@pytest.mark.parametrize("path", ["m", "person", "person.age", "person.names", "nn", "cit"])
def test_fields_that_may_not(path: str) -> None:
    with pytest.raises(BadFilterError, match="this feed is not filtered by"):
        parse_filter(["and", "saves", ["eq", path, 1]], names=NAMES, fields={"n", "city", "person.name"})


def test_depth_and_size_have_an_end() -> None:
    chain: list[Any] = ["and", *([["eq", "n", 1]] * 63)]
    assert parse_filter(chain) == (field("n") == 1)
    with pytest.raises(BadFilterError, match="at most 64 parts"):
        parse_filter([*chain, None])
    said: object = None
    for _ in range(7):
        said = ["not", said]
    parse_filter(said)
    with pytest.raises(BadFilterError, match="at most 8 levels deep"):
        parse_filter(["and", said])
    for _ in range(100_000):
        said = ["not", said]
    with pytest.raises(BadFilterError, match="at most 8 levels deep"):
        parse_filter(said)


def test_the_door_of_a_feed() -> None:
    async def asks(_: object) -> bool:
        return True

    assert check_predicates(NAMES) == NAMES
    assert check_fields(None) is None
    assert check_fields(["a", "b.c"]) == frozenset({"a", "b.c"})
    with pytest.raises(TypeError, match="'slow' must be a function that answers at once"):
        check_predicates({"slow": asks})
    with pytest.raises(TypeError, match="'three' must be a function that answers at once, not 3"):
        check_predicates({"three": 3})  # type: ignore[dict-item]  # a caller without type checks
    with pytest.raises(BadFilterError, match="the name of a filter is a text, not 3"):
        check_predicates({3: bool})  # type: ignore[dict-item]  # as above
    with pytest.raises(TypeError, match="several texts, not one: 'city'"):
        check_fields("city")
    with pytest.raises(BadFilterError, match="names with dots"):
        check_fields(["city."])


# --------------------------------------------------------------------------------------------------------- laws

temporal = st.datetimes() | st.dates() | st.times() | st.decimals() | st.uuids()
verbs = st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge", "in", "and", "or", "not", "name", "saves", "n", "n.m"])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | temporal.map(str) | verbs,
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(max_size=2), parts, max_size=2),
    max_leaves=30,
)


@given(anything)
def test_whatever_comes_is_a_filter_or_refused(said: object) -> None:
    try:
        parsed = parse_filter(said, names=NAMES)
    except BadFilterError:
        return
    assert parse_filter(parsed.to_json(), names=NAMES) == parsed


scalars = (
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 1.0, -2.0]) | st.sampled_from(["", "a", "b"])
)
paths = st.sampled_from(["a", "b", "c.d", "c"])
comparisons = (
    st.tuples(st.sampled_from(["eq", "ne"]), paths, scalars)
    | st.tuples(
        st.sampled_from(["lt", "le", "gt", "ge"]), paths, scalars.filter(lambda x: not isinstance(x, bool | None))
    )
    | st.tuples(st.just("in"), paths, st.lists(scalars, max_size=3))
)
expressions = st.recursive(
    comparisons,
    lambda parts: (
        st.tuples(st.just("not"), parts)
        | st.builds(
            lambda verb, few: (verb, *few), st.sampled_from(["and", "or"]), st.lists(parts, min_size=1, max_size=3)
        )
    ),
    max_leaves=12,
)
contents = st.fixed_dictionaries(
    {}, optional={"a": scalars, "b": scalars, "c": st.fixed_dictionaries({"d": scalars}) | scalars}
)


def model(said: Any, value: Any) -> bool:
    """The language once more, slowly, over JSON."""
    verb, *rest = said
    if verb in ("and", "or", "not"):
        parts = [model(each, value) for each in rest]
        return {"and": all(parts), "or": any(parts), "not": not parts[0]}[verb]
    for step in rest[0].split("."):
        value = value.get(step) if isinstance(value, dict) else None
    if verb in ("eq", "in"):
        return any(alike(value, each) for each in (rest[1] if verb == "in" else [rest[1]]))
    if verb == "ne":
        return not alike(value, rest[1])
    if sort(value) != sort(rest[1]):
        return False
    return bool({"lt": value < rest[1], "le": value <= rest[1], "gt": value > rest[1], "ge": value >= rest[1]}[verb])


def sort(value: object) -> str:
    return "number" if type(value) in (int, float) else type(value).__name__


def alike(one: object, other: object) -> bool:
    return sort(one) == sort(other) and one == other


@given(expressions, contents)
def test_the_language_says_what_its_model_says(said: Any, value: Any) -> None:
    try:
        parsed = parse_filter(said)
    except BadFilterError:  # it was too deep
        return
    assert parsed(value) is model(said, value)
    assert (~parsed)(value) is not model(said, value)
    assert parse_filter(parsed.to_json())(value) is parsed(value)


zones = st.none() | st.timezones() | st.just(UTC)
contents_of_all_kinds = (
    scalars
    | st.integers()
    | st.floats()
    | st.text(max_size=3)
    | st.decimals(allow_nan=True, allow_infinity=True)
    | st.datetimes(timezones=zones)
    | st.times(timezones=zones)
    | st.dates()
    | st.uuids()
    | st.binary(max_size=2)
    | st.lists(st.integers(), max_size=1)
)


@given(
    contents_of_all_kinds,
    contents_of_all_kinds.map(str) | scalars,
    st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]),
)
def test_whatever_a_field_holds_the_answer_is_yes_or_no(content: object, scalar: object, verb: str) -> None:
    try:
        parsed = parse_filter([verb, "x", scalar])
    except BadFilterError:
        return
    assert parsed({"x": content}) in (True, False)
    assert parsed({"x": str(content)}) in (True, False)

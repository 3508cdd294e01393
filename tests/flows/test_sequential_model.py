"""Any chain of the operators that look at one value after the other, against what it does to a list."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from itertools import accumulate, dropwhile, pairwise, takewhile
from typing import Any, NamedTuple, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowws import Flow, StopFlow, as_flow, flow_of
from flowws.flows._flow import FusedFlow
from tests.flows.upstream import SPELLINGS, Upstream, spelled

MOST = 100  # so that a chain of operators that repeat values stays short


class Link(NamedTuple):
    """One operator, on a flow and on a list of numbers."""

    name: str
    apply: Callable[[Flow[int]], Flow[int]]
    expect: Callable[[list[int]], Iterable[int]]


async def _until_five(n: int) -> AsyncIterator[int]:
    yield n
    if n == 5:
        raise StopFlow


def _add(total: int, value: int) -> int:
    return (total + value) % 9


def _near(old: int, new: int) -> bool:
    return abs(old - new) < 2


def _without_near(values: list[int]) -> list[int]:
    kept: list[int] = []
    for value in values:
        if not kept or not _near(kept[-1], value):
            kept.append(value)
    return kept


def _slices(values: list[int], size: int, step: int, end: int) -> list[int]:
    return [sum(values[at : at + size]) for at in range(0, end, step)]


def _expanding(how: str, n: int) -> Link:
    """The one that is cut, as it would go on doubling the values."""
    twice = spelled(how, lambda x: flow_of(x, n))
    return Link(
        "concat", lambda f: f.flat_map_concat(twice).take(MOST), lambda xs: [y for x in xs for y in (x, n)][:MOST]
    )


def _spelled_links(how: str, n: int) -> list[Link]:
    add = spelled(how, _add)
    below = spelled(how, lambda value: value < n)
    return [
        Link("filter_not", lambda f: f.filter_not(below), lambda xs: [x for x in xs if x >= n]),
        Link("drop_while", lambda f: f.drop_while(below), lambda xs: dropwhile(lambda x: x < n, xs)),
        Link("take_while", lambda f: f.take_while(below), lambda xs: takewhile(lambda x: x < n, xs)),
        Link("scan", lambda f: f.scan(n, add), lambda xs: accumulate(xs, _add, initial=n)),
        Link("running_fold", lambda f: f.running_fold(1, add), lambda xs: accumulate([1, *xs], _add)),
        Link("running_reduce", lambda f: f.running_reduce(add), lambda xs: accumulate(xs, _add)),
        Link("distinct if", lambda f: f.distinct_until_changed(spelled(how, _near)), _without_near),
        Link(
            "distinct by",
            lambda f: f.distinct_until_changed_by(spelled(how, lambda x: x % 3)),
            lambda xs: xs[:1] + [b for a, b in pairwise(xs) if a % 3 != b % 3],
        ),
        _expanding(how, n),
    ]


def _sized_links(size: int, step: int) -> list[Link]:
    return [
        Link("chunked", lambda f: f.chunked(size).map(sum), lambda xs: _slices(xs, size, size, len(xs))),
        Link(
            "windowed",
            lambda f: f.windowed(size, step).map(sum),
            lambda xs: _slices(xs, size, step, len(xs) - size + 1),
        ),
        Link("take", lambda f: f.take(size), lambda xs: xs[:size]),
        Link("drop", lambda f: f.drop(size), lambda xs: xs[size:]),
    ]


PLAIN_LINKS = [
    Link("on_empty", lambda f: f.on_empty(lambda: flow_of(3, 4)), lambda xs: xs or [3, 4]),
    Link("with_index", lambda f: f.with_index().map(lambda each: each.index), lambda xs: range(len(xs))),
    Link("materialized", lambda f: f.materialize().dematerialize(), lambda xs: xs),
    Link("cancellable", lambda f: f.cancellable(), lambda xs: xs),
    Link("until five", lambda f: f.transform_while(_until_five), lambda xs: xs[: xs.index(5) + 1] if 5 in xs else xs),
    Link(
        "flattened",
        lambda f: f.map(lambda x: flow_of(x) if x % 2 else flow_of()).flatten_concat(),
        lambda xs: [x for x in xs if x % 2],
    ),
    Link("not none", lambda f: f.map(lambda x: x or None).filter_not_none(), lambda xs: [x for x in xs if x]),
    Link("completed", lambda f: f.on_completion(lambda _: flow_of(7)), lambda xs: [*xs, 7]),
]

numbers = st.integers(0, 6)
links = st.one_of(
    st.sampled_from(PLAIN_LINKS),
    st.builds(_spelled_links, st.sampled_from(SPELLINGS), numbers).flatmap(st.sampled_from),
    st.builds(_sized_links, st.integers(1, 4), st.integers(1, 5)).flatmap(st.sampled_from),
)


@settings(deadline=None, max_examples=150)
@given(values=st.lists(numbers, max_size=9), chain=st.lists(links, max_size=12), iterable=st.booleans())
async def test_any_chain_does_to_a_flow_what_it_does_to_a_list(
    values: list[int], chain: list[Link], iterable: bool
) -> None:
    upstream = Upstream(*values)
    result: Flow[int] = as_flow(values) if iterable else upstream.flow()
    expected = values
    for link in chain:
        result, expected = link.apply(result), list(link.expect(expected))
    assert await result.to_list() == expected, result
    assert await result.take(2).to_list() == expected[:2]
    assert upstream.starts == len(upstream.ends)


@settings(deadline=None, max_examples=100)
@given(chain=st.lists(links, max_size=12), at=st.integers(0, 5), iterable=st.booleans())
async def test_wherever_a_chain_fails_below_everything_above_is_closed(
    chain: list[Link], at: int, iterable: bool
) -> None:
    upstream = Upstream(*range(9))
    result: Flow[int] = as_flow(range(9)).transform(flow_of) if iterable else upstream.flow()
    for link in chain:
        result = link.apply(result)
    values = await result.to_list()
    with pytest.raises(ZeroDivisionError):
        await result.on_empty(lambda: flow_of(0)).with_index().map(
            lambda each: 1 / (each.index - min(at, max(len(values) - 1, 0)))
        ).collect()  # fmt: skip  # reads as a chain
    assert upstream.starts == len(upstream.ends)


def test_what_gives_something_at_the_edges_is_fused_too() -> None:
    source = as_flow(range(9))
    chain: Flow[Any] = source.map(abs).scan(0, max).chunked(2).map(sum).on_empty(lambda: None).take(2)
    assert generators(chain) == 1
    assert repr(chain) == "as_flow(range(0, 9)).map(abs).scan(0, max).chunked(2).map(sum).on_empty(<lambda>).take(2)"


def test_what_gives_something_at_the_end_is_not_fused_with_what_ends_early() -> None:
    """It has to see that end, which leaves the whole generator."""
    source = as_flow(range(9))
    assert generators(source.take(3).chunked(2)) == 2
    assert generators(source.chunked(2).take(3).map(len).scan(0, max)) == 1


def generators(chain: Flow[Any]) -> int:
    """How many run when the chain is collected."""
    levels, source = 0, cast("Any", chain)
    while isinstance(source, FusedFlow):
        levels, source = levels + 1, cast("Any", source)._source
    return levels

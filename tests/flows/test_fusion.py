"""One generator per chain: what the operators do together, and that a chain is what it says."""

from __future__ import annotations

import linecache
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, NamedTuple, cast

import anyio.lowlevel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowws import Flow, as_flow, flow, flow_of
from flowws.flows._flow import FusedFlow  # the shape of a chain shows from inside only
from tests.flows.upstream import SPELLINGS, Upstream, spelled


@flow
async def counted(until: int) -> AsyncIterator[int]:
    for n in range(until):
        yield n


def depth(chain: Flow[Any]) -> int:
    """How many generators run when the chain is collected."""
    levels, source = 0, cast("Any", chain)
    while isinstance(source, FusedFlow):
        levels, source = levels + 1, cast("Any", source)._source
    return levels


def test_a_chain_is_one_generator() -> None:
    chain = (
        counted(9)
        .map(lambda n: n)
        .filter(bool)
        .map_not_none(lambda n: n)
        .filter_is_instance(int)
        .on_each(lambda _: None)
        .transform(flow_of)
        .distinct_until_changed()
        .drop(1)
        .take_while(lambda n: n < 9)
        .take(3)
    )
    assert depth(chain) == 1


async def test_chains_of_one_shape_share_their_code() -> None:
    def opened(chain: Flow[int]) -> Any:
        return cast("FusedFlow[int]", chain)._open()

    one = opened(counted(3).map(lambda n: n + 1).take(2))
    two = opened(counted(3).map(lambda n: n * 2).take(1))
    other = opened(counted(3).map(spelled("async def", lambda n: n)).take(1))
    assert one.ag_code is two.ag_code
    assert one.ag_code is not other.ag_code
    assert [n async for n in one] == [1, 2]
    assert [n async for n in two] == [0]
    assert [n async for n in other] == [0]


def test_a_prefix_may_be_used_in_several_chains() -> None:
    """K148"""
    prefix = flow_of(1, 2).map(lambda n: n)
    assert prefix.filter(bool) is not prefix
    assert repr(prefix) == "flow_of(1, 2).map(<lambda>)"
    assert repr(prefix.take(1)) == "flow_of(1, 2).map(<lambda>).take(1)"
    assert repr(prefix.drop(1)) == "flow_of(1, 2).map(<lambda>).drop(1)"


async def test_the_source_survives_a_check_of_the_line_cache() -> None:
    values: Any = cast("FusedFlow[int]", counted(1).map(lambda n: n).drop(0))._open()
    filename = values.ag_code.co_filename
    await values.aclose()
    linecache.checkcache()
    assert "yield value" in "".join(linecache.getlines(filename))


@pytest.mark.parametrize("length", [23, 24, 25, 60, 200])
async def test_chains_of_any_length_work(length: int) -> None:
    """A generator takes 24 steps; a longer chain goes on in the next one"""
    for source in (as_flow(range(3)), counted(3)):
        chain: Flow[int] = source
        for n in range(length):
            chain = chain.map(lambda n: n + 1) if n % 2 else chain.filter(lambda _: True)
        assert await chain.to_list() == [n + length // 2 for n in range(3)]
        assert depth(chain) == -(-length // 24)


@pytest.mark.parametrize("length", [1, 4, 5, 6, 12, 13, 40])
async def test_deeply_nested_loops_work(length: int) -> None:
    """Python refuses more than 20 nested blocks"""

    async def pass_on(n: int) -> AsyncIterator[int]:
        yield n + 1

    for source in (as_flow(range(3)), counted(3)):
        chain: Flow[int] = source
        for _ in range(length):
            chain = chain.transform(pass_on)
        assert await chain.to_list() == [n + length for n in range(3)]
        assert await chain.take(1).to_list() == [length]


async def test_the_deepest_that_fits_in_one_generator_compiles() -> None:
    async def pass_on(n: int) -> AsyncIterator[int]:
        yield n

    chain: Flow[int] = counted(3)
    for _ in range(4):
        chain = chain.transform(pass_on)
    for _ in range(20):
        chain = chain.distinct_until_changed().filter(lambda _: True) if depth(chain) == 1 else chain
    assert await chain.to_list() == [0, 1, 2]


async def test_take_inside_a_long_chain_closes_everything_above() -> None:
    upstream = Upstream(*range(10))
    chain = upstream.flow()
    for n in range(70):
        chain = chain.take(5) if n == 30 else chain.map(lambda n: n)
    assert await chain.to_list() == [0, 1, 2, 3, 4]
    assert upstream.ends == ["closed"]


@pytest.mark.parametrize("first", SPELLINGS)
@pytest.mark.parametrize("second", SPELLINGS)
async def test_spellings_may_be_mixed(first: str, second: str) -> None:
    chain = (
        counted(6)
        .map(spelled(first, lambda n: n * 2))
        .filter(spelled(second, lambda n: n % 4 == 0))
        .map(spelled(second, lambda n: n + 1))
        .take_while(spelled(first, lambda n: n < 9))
    )
    assert await chain.to_list() == [1, 5]


async def test_a_function_may_answer_now_one_time_and_later_another() -> None:
    async def later(n: int) -> int:
        await anyio.lowlevel.checkpoint()
        return n

    mixed: Callable[[int], Any] = lambda n: later(n) if n % 2 else n  # noqa: E731  # it is a lambda that people write
    assert await counted(4).map(mixed).to_list() == [0, 1, 2, 3]
    assert await counted(4).filter(mixed).to_list() == [1, 2, 3]


async def test_operators_of_one_kind_keep_their_own_state() -> None:
    chain = counted(20).drop(2).take(10).drop(3).take(4).distinct_until_changed().drop(1)
    assert await chain.to_list() == [6, 7, 8]
    assert await chain.to_list() == [6, 7, 8]


async def test_two_collections_of_one_chain_at_once_keep_their_own_state() -> None:
    chain = counted(5).drop(1).take(2)
    async with aclosing(cast("Any", aiter(chain))) as one, aclosing(cast("Any", aiter(chain))) as two:
        assert [await anext(one), await anext(two), await anext(one), await anext(two)] == [1, 1, 2, 2]
        assert await anext(one, None) is None


# Any chain, against lists


class Link(NamedTuple):
    """One operator, on a flow and on a list."""

    name: str
    apply: Callable[[Flow[Any]], Flow[Any]]
    expect: Callable[[list[Any]], list[Any]]


def _scanned(values: list[Any]) -> list[Any]:
    totals = [0]
    for value in values:
        totals.append(totals[-1] + value)
    return totals


def _distinct(values: list[Any]) -> list[Any]:
    return [value for place, value in enumerate(values) if place == 0 or values[place - 1] != value]


def _until(values: list[Any], limit: int) -> list[Any]:
    kept: list[Any] = []
    for value in values:
        if value >= limit:
            break
        kept.append(value)
    return kept


async def _some(n: int) -> AsyncIterator[int]:
    for m in range(n % 3):
        yield n - m


async def _two(n: int) -> AsyncIterator[int]:
    yield n
    await anyio.lowlevel.checkpoint()
    yield n + 1


numbers = st.integers(0, 6)
ways = st.sampled_from(SPELLINGS)
links: st.SearchStrategy[Link] = st.one_of(
    st.builds(
        lambda how, by: Link(
            f"map +{by}", lambda f: f.map(spelled(how, lambda n: n + by)), lambda xs: [x + by for x in xs]
        ),
        ways,
        numbers,
    ),
    st.builds(
        lambda how: Link(
            "filter odd", lambda f: f.filter(spelled(how, lambda n: n % 2)), lambda xs: [x for x in xs if x % 2]
        ),
        ways,
    ),
    st.builds(
        lambda how: Link(
            "map_not_none",
            lambda f: f.map_not_none(spelled(how, lambda n: n if n % 3 else None)),
            lambda xs: [x for x in xs if x % 3],
        ),
        ways,
    ),
    st.builds(lambda how: Link("on_each", lambda f: f.on_each(spelled(how, lambda _: None)), lambda xs: xs), ways),
    st.builds(lambda n: Link(f"take {n + 1}", lambda f: f.take(n + 1), lambda xs: xs[: n + 1]), numbers),
    st.builds(lambda n: Link(f"drop {n}", lambda f: f.drop(n), lambda xs: xs[n:]), numbers),
    st.builds(
        lambda how, n: Link(
            f"take_while < {n}", lambda f: f.take_while(spelled(how, lambda x: x < n)), lambda xs: _until(xs, n)
        ),
        ways,
        st.integers(0, 20),
    ),
    st.just(Link("distinct", lambda f: f.distinct_until_changed(), _distinct)),
    st.just(Link("scan", lambda f: f.scan(0, lambda total, n: total + n), _scanned)),
    st.just(Link("some", lambda f: f.transform(_some), lambda xs: [x - m for x in xs for m in range(x % 3)])),
    st.just(Link("two", lambda f: f.transform(_two), lambda xs: [y for x in xs for y in (x, x + 1)])),
    st.just(Link("catch", lambda f: f.catch(lambda _: None), lambda xs: xs)),
    st.just(Link("on_completion", lambda f: f.on_completion(lambda _: flow_of(7)), lambda xs: [*xs, 7])),
    st.just(Link("on_start", lambda f: f.on_start(lambda: flow_of(3)), lambda xs: [3, *xs])),
    st.just(Link("is int", lambda f: f.filter_is_instance(int), lambda xs: xs)),
    st.just(Link("latest", lambda f: f.flat_map_latest(flow_of), lambda xs: xs)),
)


@settings(deadline=None, max_examples=150)
@given(values=st.lists(numbers, max_size=8), chain=st.lists(links, max_size=30), iterable=st.booleans())
async def test_any_chain_does_to_a_flow_what_it_does_to_a_list(
    values: list[int], chain: list[Link], iterable: bool
) -> None:
    upstream = Upstream(*values)
    result: Flow[Any] = as_flow(values) if iterable else upstream.flow()
    expected: list[Any] = values
    for link in chain:
        result, expected = link.apply(result), link.expect(expected)
        expected = expected[:400]
        result = result.take(400)
    assert await result.to_list() == expected
    assert upstream.starts == len(upstream.ends)

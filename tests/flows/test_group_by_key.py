"""`group_by_key`."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from flowws import (
    CancellationError,
    Channel,
    GroupedFlow,
    IllegalStateError,
    as_flow,
    coroutine_scope,
    flow_of,
)
from tests.flows.upstream import SPELLINGS, Upstream, settle, spelled


def parity(n: int) -> str:
    return "odd" if n % 2 else "even"


async def listed(group: GroupedFlow[str, int]) -> tuple[str, list[int]]:
    return group.key, await group.to_list()


@pytest.mark.parametrize("how", SPELLINGS)
async def test_one_flow_per_key_with_all_its_values(how: str) -> None:
    chain = flow_of(1, 2, 3, 4, 5).group_by_key(spelled(how, parity)).map_concurrent(listed, 9)
    assert await chain.to_list() == [("odd", [1, 3, 5]), ("even", [2, 4])]


async def test_flattening_gives_everything_back() -> None:
    groups = as_flow(range(1000)).group_by_key(lambda n: n % 10)
    assert sorted(await groups.flat_map_merge(lambda group: group).to_list()) == list(range(1000))


async def test_a_group_is_given_out_when_its_first_value_comes() -> None:
    numbers = Channel[int](Channel.UNLIMITED)
    got: list[tuple[str, int]] = []
    async with coroutine_scope() as scope:

        def follow(group: GroupedFlow[str, int]) -> None:
            group.on_each(lambda n: got.append((group.key, n))).launch_in(scope)

        numbers.receive_as_flow().group_by_key(parity).on_each(follow).launch_in(scope)
        for n in (1, 3, 4):
            await numbers.send(n)
            await settle()
            assert got[-1] == (parity(n), n)
        numbers.close()
    assert got == [("odd", 1), ("odd", 3), ("even", 4)]


async def test_a_full_group_that_nobody_reads_holds_back_the_others() -> None:
    upstream = Upstream(*range(1, 1000, 2), 2)
    keys: list[str] = []
    async with coroutine_scope() as scope:
        groups = upstream.flow().group_by_key(parity, capacity=3).on_each(lambda group: keys.append(group.key))
        job = groups.launch_in(scope)
        await settle()
        assert upstream.story == ["start", 1, 3, 5, 7]
        job.cancel()
    assert keys == ["odd"]


async def test_when_its_collector_leaves_the_next_value_opens_a_new_group() -> None:
    firsts = flow_of(1, 2, 3, 4, 5).group_by_key(parity, capacity=0).flat_map_merge(lambda group: group.take(1))
    assert sorted(await firsts.to_list()) == [1, 2, 3, 4, 5]


class Key:
    """Something that can be watched as it goes."""


async def test_nothing_is_kept_of_a_group_that_was_left() -> None:
    numbers = Channel[int](Channel.UNLIMITED)
    keys: list[weakref.ref[Key]] = []

    def new_key(_: int) -> Key:
        key = Key()
        keys.append(weakref.ref(key))
        return key

    async with coroutine_scope() as scope:
        groups = numbers.receive_as_flow().group_by_key(new_key)
        job = groups.map_concurrent(lambda group: group.first(), 9).launch_in(scope)
        for n in range(5):
            await numbers.send(n)
        await settle()
        gc.collect()
        assert len(keys) == 5
        assert sum(key() is not None for key in keys) <= 1  # the one that came last
        job.cancel()


async def test_a_failure_above_fails_the_groups_after_what_came_before() -> None:
    failure = ValueError("above")
    got: list[int] = []
    ends: list[BaseException | None] = []
    groups = Upstream(1, 3, failure=failure).flow().group_by_key(parity)
    with pytest.raises(ValueError, match="above") as raised:
        await groups.flat_map_concat(lambda group: group.on_completion(ends.append)).to_list(got)
    assert raised.value is failure
    assert ends == [failure]
    assert got == [1, 3]


async def test_when_the_groups_are_collected_no_longer_each_gives_what_it_holds_and_then_says_so() -> None:
    upstream = Upstream(1, 3, endless=True)
    group = await upstream.flow().group_by_key(parity).first()
    got: list[int] = []
    with pytest.raises(CancellationError):
        await group.to_list(got)
    assert got[:1] == [1]
    assert len(upstream.ends) == 1


async def test_a_group_is_collected_once() -> None:
    async def twice(group: GroupedFlow[str, int]) -> list[int]:
        await group.to_list()
        return await group.to_list()

    with pytest.raises(IllegalStateError, match="once"):
        await flow_of(1).group_by_key(parity).map_concurrent(twice, 1).collect()


async def test_capacity_may_also_conflate() -> None:
    groups = as_flow(range(100)).group_by_key(parity, capacity=Channel.CONFLATED)
    assert dict(await groups.map_concurrent(listed, 2).to_list()) == {"even": [98], "odd": [99]}


async def test_a_failure_of_key_ends_everything() -> None:
    with pytest.raises(ZeroDivisionError):
        await flow_of(1, 0).group_by_key(lambda n: 1 // n).flat_map_merge(lambda group: group).collect()


def test_shows_itself() -> None:
    assert repr(flow_of(1).group_by_key(parity)) == "flow_of(1).group_by_key(parity)"
    assert repr(flow_of(1).group_by_key(parity, 3)) == "flow_of(1).group_by_key(parity, 3)"


async def test_a_group_shows_itself() -> None:
    assert repr(await flow_of(1).group_by_key(parity).first()) == "<GroupedFlow 'odd'>"


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).group_by_key(wrong)


def test_refuses_what_is_no_capacity() -> None:
    with pytest.raises(ValueError, match="-7"):
        flow_of(1).group_by_key(parity, capacity=-7)

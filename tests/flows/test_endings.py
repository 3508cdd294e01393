"""However a collection ends, nothing is left: no task (`conftest.py` looks), no subscription, no open generator."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

import anyio
import pytest

from flowws import (
    Channel,
    Flow,
    MutableSharedFlow,
    MutableStateFlow,
    SharingStarted,
    as_flow,
    coroutine_scope,
    flow_of,
)
from tests.flows.upstream import Upstream, settle


class Bench:
    """One chain over one source, of which it can tell afterwards whether anything is left."""

    def __init__(self, source: str, chain: str) -> None:
        self.upstream = Upstream(1, 2, 3, endless=True)
        self.shared = MutableSharedFlow[int](replay=3)
        for n in (1, 2, 3):
            self.shared.try_emit(n)
        self.state = MutableStateFlow(1)
        self.channel = Channel[int](Channel.UNLIMITED)
        for n in (1, 2, 3):
            self.channel.try_send(n)
        self.flow = CHAINS[chain](SOURCES[source](self))

    def assert_nothing_is_left(self) -> None:
        assert self.upstream.starts == len(self.upstream.ends)
        assert self.shared.subscription_count.value == 0
        assert self.state.subscription_count.value == 0
        assert "0 receiving" in repr(self.channel)


SOURCES: dict[str, Callable[[Bench], Flow[int]]] = {
    "cold": lambda bench: bench.upstream.flow(),
    "shared": lambda bench: bench.shared,
    "state": lambda bench: bench.state,
    "received": lambda bench: bench.channel.receive_as_flow(),
    "consumed": lambda bench: bench.channel.consume_as_flow(),
}


async def _once(n: int) -> AsyncIterator[int]:
    yield n


CHAINS: dict[str, Callable[[Flow[int]], Flow[int]]] = {
    "itself": lambda source: source,
    "fused": lambda source: source.map(lambda n: n).filter(bool).take(100),
    "transform": lambda source: source.transform(_once).transform(flow_of),
    "stages": lambda source: (
        source.on_start(lambda: None)
        .on_completion(lambda _: None)
        .catch(lambda _: None)
        .scan(0, lambda _, n: n)
        .drop(1)
    ),
    "edges": lambda source: (
        source.scan(0, lambda _, n: n).drop(1).chunked(1).flat_map_concat(as_flow).on_empty(lambda: None)
    ),
    "told": lambda source: source.materialize().dematerialize().transform_while(_once).cancellable(),
    "latest": lambda source: source.flat_map_latest(flow_of),
    "latest of latest": lambda source: source.take(1).flat_map_latest(
        lambda n: Upstream(n, endless=True).flow().flat_map_latest(lambda m: Upstream(m, endless=True).flow())
    ),
}


async def _close(values: AsyncIterator[int]) -> None:
    """Every iterator is a generator, but for a channel, which is its own iterator and stays as it is."""
    if isinstance(values, AsyncGenerator):
        await values.aclose()


async def _break(chain: Flow[int]) -> None:
    values = aiter(chain)
    async for _ in values:
        break
    await _close(values)


async def _aclose_unstarted(chain: Flow[int]) -> None:
    await _close(aiter(chain))


async def _drop_unstarted(chain: Flow[int]) -> None:
    aiter(chain)


async def _fail(chain: Flow[int]) -> None:
    with pytest.raises(ZeroDivisionError):
        await chain.collect(lambda n: n / 0)


async def _take(chain: Flow[int]) -> None:
    assert await chain.take(1).to_list() == [1]


async def _first(chain: Flow[int]) -> None:
    assert await chain.first() == 1


async def _timeout(chain: Flow[int]) -> None:
    with anyio.move_on_after(0) as scope:
        await chain.collect()
    assert scope.cancelled_caught


async def _cancel_while_waiting(chain: Flow[int]) -> None:
    async with coroutine_scope() as scope:
        job = chain.launch_in(scope)
        await settle()
        assert job.is_active
        job.cancel()


async def _cancel_at_once(chain: Flow[int]) -> None:
    async with coroutine_scope() as scope:
        chain.launch_in(scope).cancel()


async def _cancel_while_working(chain: Flow[int]) -> None:
    async with coroutine_scope() as scope:

        async def work(_: int) -> None:
            await anyio.Event().wait()

        job = chain.on_each(work).launch_in(scope)
        await settle()
        job.cancel()


async def _cancel_natively_around(chain: Flow[int]) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(chain.collect)
        await settle()
        tasks.cancel_scope.cancel()


async def _leave_a_scope_between_two_values(chain: Flow[int]) -> None:
    """PEP 789: no cancel scope of ours is open across a ``yield``."""
    values = aiter(chain)
    with anyio.CancelScope():
        await anext(values)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await _close(values)
    await _close(values)


async def _fail_in_a_scope(chain: Flow[int]) -> None:
    with pytest.raises(ValueError, match="sibling"):  # noqa: PT012  # the scope is part of it
        async with coroutine_scope() as scope:
            chain.launch_in(scope)
            await settle()
            raise ValueError("sibling")


async def _share(chain: Flow[int]) -> None:
    async with coroutine_scope() as scope:
        state = chain.state_in(scope, SharingStarted.while_subscribed(), 0)
        assert await state.first(bool)
        await settle()
        scope.job.cancel_children()


ENDS: dict[str, Callable[[Flow[int]], Awaitable[None]]] = {
    each.__name__.strip("_"): each
    for each in (
        _break,
        _aclose_unstarted,
        _drop_unstarted,
        _fail,
        _take,
        _first,
        _timeout,
        _cancel_while_waiting,
        _cancel_at_once,
        _cancel_while_working,
        _cancel_natively_around,
        _leave_a_scope_between_two_values,
        _fail_in_a_scope,
        _share,
    )
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("source", SOURCES)
async def test_nothing_is_left(source: str, chain: str, end: str) -> None:
    bench = Bench(source, chain)
    await ENDS[end](bench.flow)
    await settle()
    bench.assert_nothing_is_left()

"""`as_shared_flow`, `as_state_flow`, `as_flow`, and the operators that leave a hot flow what it is."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import (
    BufferOverflow,
    Channel,
    CoroutineContext,
    Flow,
    Lag,
    MutableSharedFlow,
    MutableStateFlow,
    SharedFlow,
    StateFlow,
)


async def test_as_shared_flow_shows_the_same_and_cannot_emit() -> None:
    """K135"""
    shared = MutableSharedFlow[int](replay=1)
    view: Any = shared.as_shared_flow()
    await shared.emit(1)
    assert isinstance(view, SharedFlow)
    assert not isinstance(view, MutableSharedFlow)
    assert not any(hasattr(view, name) for name in ("emit", "try_emit", "close", "reset_replay_cache"))
    assert view.replay_cache == (1,)
    assert await view.first() == 1
    assert await view.subscribe(Lag.CONFLATE).first() == 1
    assert repr(view) == "<SharedFlow of 0 subscribers>"


async def test_as_state_flow_shows_the_same_and_cannot_assign() -> None:
    """K135"""
    state = MutableStateFlow(1)
    view: Any = state.as_state_flow()
    state.value = 2
    assert isinstance(view, StateFlow)
    assert not isinstance(view, MutableStateFlow)
    assert not any(hasattr(view, name) for name in ("emit", "try_emit", "update", "compare_and_set"))
    with pytest.raises(AttributeError):
        setattr(view, "value", 3)  # noqa: B010  # a checker would refuse the assignment
    assert view.value == 2
    assert await view.first() == 2
    assert repr(view) == "<StateFlow 2>"


@pytest.mark.parametrize("hot", [MutableSharedFlow[int](replay=1), MutableStateFlow(7)])
async def test_as_flow_is_a_flow_and_no_more(hot: Any) -> None:
    hot.try_emit(7)
    view = hot.as_flow()
    assert isinstance(view, Flow)
    assert not isinstance(view, SharedFlow)
    values = aiter(view)
    assert hot.subscription_count.value == 1
    assert await anext(values) == 7
    await values.aclose()
    assert hot.subscription_count.value == 0
    assert repr(view) == f"{hot!r}.as_flow()"


@pytest.mark.parametrize("hot", [MutableSharedFlow[int](replay=1), MutableStateFlow(7)])
async def test_a_view_dropped_half_way_gives_its_subscription_up(hot: Any) -> None:
    hot.try_emit(7)
    for flow in (hot, hot.as_flow(), hot.on_subscription(lambda: None), hot.subscribe()):
        async for _ in flow:
            break
        while hot.subscription_count.value:
            await hot.subscription_count.drop(1).first()


@pytest.mark.parametrize("mutable", [True, False])
def test_on_a_shared_flow_these_change_nothing(mutable: bool) -> None:
    """K95, without `cancellable`: cancellation is noticed within 128 values, and with it at each"""
    shared: Any = MutableSharedFlow[int]()
    hot = shared if mutable else shared.as_shared_flow()
    assert hot.flow_on(CoroutineContext(name="elsewhere")) is hot
    assert hot.buffer(Channel.RENDEZVOUS) is hot
    assert hot.buffer(1) is not hot
    assert hot.conflate() is not hot
    assert hot.distinct_until_changed() is not hot


@pytest.mark.parametrize("kind", ["mutable", "view", "derived", "count"])
def test_on_a_state_these_change_nothing(kind: str) -> None:
    """K110, without `cancellable`"""
    state = MutableStateFlow(0)
    kinds: dict[str, Any] = {
        "mutable": state,
        "view": state.as_state_flow(),
        "derived": state.map_state(str),
        "count": state.subscription_count,
    }
    hot = kinds[kind]
    assert hot.distinct_until_changed() is hot
    assert hot.conflate() is hot
    assert hot.flow_on(CoroutineContext(name="elsewhere")) is hot
    assert hot.buffer(Channel.CONFLATED) is hot
    assert hot.buffer(Channel.RENDEZVOUS) is hot
    for size in (0, 1, Channel.BUFFERED):
        assert hot.buffer(size, BufferOverflow.DROP_OLDEST) is hot
    assert hot.buffer(2) is not hot

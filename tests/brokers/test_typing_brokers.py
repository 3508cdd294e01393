"""What the type checkers infer for flows of brokers: mypy and pyright read this file."""

from __future__ import annotations

from typing import Any, assert_type

from flowws import Flow, MutableSharedFlow, StateFlow
from flowws.brokers import BrokeredSharedFlow, BrokeredStateFlow, BrokerStatus, Gap, MemoryBroker, Position, Topic


def test_flows() -> None:
    broker = MemoryBroker()
    numbers = assert_type(broker.shared_flow("numbers", int), BrokeredSharedFlow[int])
    _: MutableSharedFlow[int] = numbers
    assert_type(broker.shared_flow("lists", list[str], replay=1), BrokeredSharedFlow[list[str]])
    assert_type(broker.shared_flow("numbers", int, on_gap="deliver"), BrokeredSharedFlow[int | Gap])
    assert_type(broker.shared_flow("numbers", int, on_gap="raise"), BrokeredSharedFlow[int])
    assert_type(broker.shared_flow("numbers", int, on_gap=print), BrokeredSharedFlow[int])
    assert_type(numbers.positioned(), Flow[tuple[Position, int]])
    assert_type(numbers.since(Position(1, 1)), Flow[int])
    assert_type(numbers.position, Position)
    topic: Topic = broker.topic("numbers")
    assert isinstance(topic, Topic)


def test_states() -> None:
    broker = MemoryBroker()
    light = assert_type(broker.state_flow("light", "off"), BrokeredStateFlow[str])
    _: StateFlow[str] = light
    assert_type(light.value, str)
    name: BrokeredStateFlow[str | None] = broker.state_flow("name", None, str | None)
    assert_type(name.value, str | None)
    anything: Any = 1
    assert_type(broker.state_flow("anything", anything), BrokeredStateFlow[Any])
    assert_type(broker.status, StateFlow[BrokerStatus])

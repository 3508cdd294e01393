"""`filter_is_instance`."""

from __future__ import annotations

from abc import ABC
from typing import Any

import pytest

from flowws import flow_of


async def test_keeps_the_instances() -> None:
    assert await flow_of(1, "a", None, 2.0, 3).filter_is_instance(int).to_list() == [1, 3]


async def test_keeps_instances_of_subclasses_and_virtual_ones() -> None:
    class Shape(ABC):  # noqa: B024  # any class can be registered with
        pass

    class Square(Shape):
        pass

    @Shape.register
    class Foreign:
        pass

    square, foreign = Square(), Foreign()
    assert await flow_of(square, 1, foreign).filter_is_instance(Shape).to_list() == [square, foreign]


async def test_none_is_an_instance_of_its_class() -> None:
    assert await flow_of(1, None).filter_is_instance(type(None)).to_list() == [None]


@pytest.mark.parametrize("wrong", [3, "int", (int, str), int | str])
def test_refuses_what_is_no_class(wrong: Any) -> None:
    with pytest.raises(TypeError, match="must be a class"):
        flow_of(1).filter_is_instance(wrong)

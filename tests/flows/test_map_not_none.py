"""`map_not_none`."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import flow_of
from tests.flows.upstream import SPELLINGS, spelled


@pytest.mark.parametrize("how", SPELLINGS)
async def test_drops_the_results_that_are_none_and_only_those(how: str) -> None:
    results = {1: "a", 2: None, 3: 0, 4: "", 5: False}
    assert await flow_of(1, 2, 3, 4, 5).map_not_none(spelled(how, results.get)).to_list() == ["a", 0, "", False]


async def test_a_none_above_is_a_value_for_the_function() -> None:
    assert await flow_of(None, 1).map_not_none(str).to_list() == ["None", "1"]


async def test_results_are_compared_by_identity_only() -> None:
    class Prickly:
        def __eq__(self, other: object) -> bool:
            raise AssertionError("compared")

        __hash__ = None  # type: ignore[assignment]  # as any class with an __eq__ of its own

    value = Prickly()
    (got,) = await flow_of(1).map_not_none(lambda _: value).to_list()
    assert got is value


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).map_not_none(wrong)

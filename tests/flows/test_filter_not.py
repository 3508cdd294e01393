"""`filter_not`."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import flow_of
from tests.flows.upstream import SPELLINGS, Upstream, spelled


@pytest.mark.parametrize("how", SPELLINGS)
async def test_gives_the_values_that_fail_the_test(how: str) -> None:
    assert await flow_of(1, 2, 3, 4).filter_not(spelled(how, lambda n: n % 2)).to_list() == [2, 4]


async def test_any_truth_value_will_do() -> None:
    assert await flow_of("", "a", None, 0, []).filter_not(lambda value: value).to_list() == ["", None, 0, []]


async def test_a_failing_test_closes_what_is_above() -> None:
    upstream = Upstream(1, 0)
    with pytest.raises(ZeroDivisionError):
        await upstream.flow().filter_not(lambda n: 1 / n > 2).collect()
    assert upstream.ends == ["closed"]


@pytest.mark.parametrize("wrong", [None, 3])
def test_refuses_what_is_no_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match=repr(wrong)):
        flow_of(1).filter_not(wrong)

"""`flatten_merge`."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import CancellationError, Flow, empty_flow, flow_of
from flowws.testing import TestScope
from tests.flows.timed import at, stamped
from tests.flows.upstream import Upstream


def flows() -> Flow[Flow[str]]:
    return flow_of(at((3, "3a"), (6, "3b")), at((2, "2a"), (4, "2b")))


async def test_gives_the_values_of_all_flows_as_they_come(test_scope: TestScope) -> None:
    assert await stamped(test_scope, flows().flatten_merge()) == [(2, "2a"), (3, "3a"), (4, "2b"), (6, "3b")]


async def test_with_a_concurrency_of_one_it_is_flatten_concat(test_scope: TestScope) -> None:
    """K229"""
    merged = await stamped(test_scope, flows().flatten_merge(1))
    assert merged == await stamped(test_scope, flows().flatten_concat())
    assert merged == [(3, "3a"), (6, "3b"), (8, "2a"), (10, "2b")]


async def test_a_flow_that_ends_with_a_cancellation_error_just_drops_out() -> None:
    """K228"""
    gone = Upstream(1, failure=CancellationError("gone")).flow()
    assert sorted(await flow_of(gone, flow_of(2)).flatten_merge().to_list()) == [1, 2]


async def test_but_one_after_the_other_it_fails_the_flow() -> None:
    """K228"""
    gone = Upstream(1, failure=CancellationError("gone")).flow()
    with pytest.raises(CancellationError, match="gone"):
        await flow_of(gone, flow_of(2)).flatten_merge(1).to_list()


async def test_of_nothing_is_nothing() -> None:
    assert await empty_flow().flatten_merge().to_list() == []


@pytest.mark.parametrize("wrong", [0, -1])
def test_refuses_a_concurrency_that_is_not_positive(wrong: Any) -> None:
    """K229"""
    with pytest.raises(ValueError, match=str(wrong)):
        flows().flatten_merge(wrong)

"""`filter_not_none`."""

from __future__ import annotations

from flowws import flow_of
from tests.flows.upstream import Upstream


async def test_leaves_out_none_and_nothing_else() -> None:
    assert await flow_of(None, 0, "", None, False, 1).filter_not_none().to_list() == [0, "", False, 1]
    assert await Upstream(None, 1).flow().filter_not_none().to_list() == [1]


async def test_of_nothing_but_none_is_nothing() -> None:
    assert await flow_of(None, None).filter_not_none().to_list() == []


def test_is_shown() -> None:
    assert repr(flow_of(1).filter_not_none()) == "flow_of(1).filter_not_none()"

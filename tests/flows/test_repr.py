"""A pipeline is shown as one would write it."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import pytest

import flowws
from flowws import Flow, MutableSharedFlow, MutableStateFlow, as_flow, flow_of


def fn(value: Any) -> Any:
    return value


NAMES = {**{name: getattr(flowws, name) for name in flowws.__all__}, "fn": fn, "xs": flow_of(1, 2), "ys": flow_of("a")}

AS_WRITTEN = """
    map(fn)  map_not_none(fn)  filter(fn)  filter_not(fn)  filter_not_none()  filter_is_instance(int)  with_index()
    transform(fn)  on_each(fn)  scan(0, fn)  running_fold(0, fn)  running_reduce(fn)  distinct_until_changed()
    distinct_until_changed(fn)  distinct_until_changed_by(fn)  materialize()  dematerialize()  take(1)  take_while(fn)
    transform_while(fn)  drop(1)  drop_while(fn)  chunked(2)  chunked(2, 0.5)  windowed(3, 1)  on_start(fn)
    on_empty(fn)  on_completion(fn)  cancellable()  catch(fn)  retry(3)  retry_when(fn)  debounce(0.1)  sample(0.1)
    throttle_first(1.0)  throttle_latest(1.0)  timeout(1.0)  flat_map_concat(fn)  flatten_concat()
    flat_map_merge(fn, 2)  flatten_merge(2)  flat_map_latest(fn)  map_latest(fn)  transform_latest(fn)
    map_concurrent(fn, 3)  buffer()  buffer(3)  conflate()  conflate_by(fn)  zip(flow_of('a'))  zip(flow_of('a'), fn)
    combine(flow_of('a'), fn)  with_latest_from(flow_of('a'), fn)  take_until(flow_of('a'))
"""
OPERATORS = [operator.strip() for operator in re.split(r"(?<=\))\s\s+", AS_WRITTEN.strip())]


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_operator_is_shown_with_its_arguments(operator: str) -> None:
    chain = eval(f"xs.{operator}", NAMES)
    assert repr(chain) == f"flow_of(1, 2).{operator}"


def test_every_operator_shows_the_whole_pipeline() -> None:
    chain = flow_of(1, 2).map(fn).catch(fn).take(3).buffer(2).flat_map_latest(fn).filter(lambda _: True)
    expected = "flow_of(1, 2).map(fn).catch(fn).take(3).buffer(2).flat_map_latest(fn).filter(<lambda>)"
    assert repr(chain) == expected


@pytest.mark.parametrize("operator", ["map", "catch", "flat_map_latest"])
def test_functions_are_shown_by_their_names_and_others_as_they_are(operator: str) -> None:
    class Caller:
        def __call__(self, value: Any) -> Any:
            return value

        def __repr__(self) -> str:
            return "Caller()"

    def shown(function: Any) -> str:
        return repr(getattr(flow_of(1), operator)(function)).removeprefix(f"flow_of(1).{operator}")

    assert shown(lambda value: value) == "(<lambda>)"
    assert shown(str) == "(str)"
    assert shown({}.get) == "(get)"
    assert shown(Caller()) == "(Caller())"
    assert shown(partial(fn, 1)).startswith("(functools.partial(<function fn at ")


def test_hot_flows_show_themselves_at_the_head_of_a_pipeline() -> None:
    shared, state = MutableSharedFlow[int](), MutableStateFlow(1)
    assert repr(shared.map(fn)) == f"{shared!r}.map(fn)"
    assert repr(state.catch(fn)) == f"{state!r}.catch(fn)"


def test_a_source_of_somebody_else_is_shown_briefly() -> None:
    chain: Flow[int] = as_flow(list(range(10_000))).map(fn)
    assert len(repr(chain)) < 100
    assert repr(chain).endswith(".map(fn)")

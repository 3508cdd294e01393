"""The errors of floor 1: their tree and their sentences."""

from __future__ import annotations

import pickle

import pytest

import flowws
from flowws import CancellationError, FlowTimeoutError, IllegalStateError, NoSuchElementError, ScopeClosedError


@pytest.mark.parametrize(
    ("error", "base"),
    [
        (CancellationError, Exception),
        (IllegalStateError, RuntimeError),
        (ScopeClosedError, IllegalStateError),
        (NoSuchElementError, LookupError),
        (FlowTimeoutError, TimeoutError),
    ],
)
def test_the_tree_of_errors(error: type[Exception], base: type[Exception]) -> None:
    assert issubclass(error, base)
    assert getattr(flowws, error.__name__) is error
    assert error.__doc__


def test_a_timeout_is_no_cancellation() -> None:
    assert not issubclass(FlowTimeoutError, CancellationError)


def test_a_closed_scope_tells_its_name_and_cause_and_survives_pickling() -> None:
    error = ScopeClosedError("feed", CancellationError("stopped"))
    assert str(error) == "feed is cancelled (CancellationError('stopped')): nothing can be launched in it any more"
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    assert again.scope == "feed"
    assert str(ScopeClosedError("feed")) == "feed has finished: nothing can be launched in it any more"

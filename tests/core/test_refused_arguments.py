"""What cannot be raised or called is refused where it is given, not where it would be used."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import Channel, CompletableDeferred, CompletableJob


@pytest.mark.parametrize("wrong", ["broken", ValueError, None])
async def test_a_failure_is_an_exception(wrong: Any) -> None:
    promise, job = CompletableDeferred[int](), CompletableJob()
    for one in (promise, job):
        with pytest.raises(TypeError, match="fails with an exception"):
            one.complete_exceptionally(wrong)
        assert one.is_active


@pytest.mark.parametrize("wrong", ["broken", 5])
async def test_a_handler_is_a_function(wrong: Any) -> None:
    with pytest.raises(TypeError, match="on_undelivered_element"):
        Channel[int](on_undelivered_element=wrong)
    with pytest.raises(TypeError, match="invoke_on_close"):
        Channel[int]().invoke_on_close(wrong)
    with pytest.raises(TypeError, match="invoke_on_completion"):
        CompletableJob().invoke_on_completion(wrong)

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowws.feeds import Position

numbers = st.integers(0, 10**16 - 1)


@given(numbers, numbers)
def test_what_it_says_can_be_read(epoch: int, offset: int) -> None:
    assert Position.parse(str(Position(epoch, offset))) == Position(epoch, offset)


@pytest.mark.parametrize(
    "text",
    ["", "-", "1", "1-", "-1", "1-2-3", "1--2", " 1-2", "1-2\n", "x-2", "1.0-2", "٣-٤", "1-" + "9" * 17, "1" * 9999],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a position is like '1795245816711-42', not "):
        Position.parse(text)


def test_a_refusal_of_much_text_is_short() -> None:
    with pytest.raises(ValueError, match="a position is like") as caught:
        Position.parse("7" * 100_000)
    assert len(str(caught.value)) < 200


def test_order_goes_by_epoch_then_offset() -> None:
    assert sorted([Position(2, 0), Position(1, 9), Position(1, 2)]) == [(1, 2), (1, 9), (2, 0)]

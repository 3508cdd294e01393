"""`Order`: each way to pass its marks wrongly."""

from __future__ import annotations

import pytest

from flowws.testing import Order


def test_marks_in_order() -> None:
    with Order() as order:
        order.expect(1)
        order.expect(2)
        order.finish(3)
    assert repr(order) == "<Order after mark 3, finished>"


def test_no_marks_at_all_are_in_order() -> None:
    with Order() as order:
        pass
    assert repr(order) == "<Order after mark 0>"


@pytest.mark.parametrize(("number", "message"), [(1, "mark 1 .* turn of mark 2"), (3, "mark 3 .* turn of mark 2")])
def test_a_mark_out_of_its_turn(number: int, message: str) -> None:
    order = Order()
    order.expect(1)
    with pytest.raises(AssertionError, match=message):
        order.expect(number)


def test_a_mark_after_the_last() -> None:
    order = Order()
    order.finish(1)
    with pytest.raises(AssertionError, match=r"mark 2 was passed after the last, finish\(1\)"):
        order.expect(2)


def test_a_place_that_must_not_be_reached() -> None:
    with pytest.raises(AssertionError, match="must not be reached was, after mark 0"):
        Order().expect_unreached()


def test_the_last_mark_is_missed() -> None:
    with pytest.raises(AssertionError, match="it ended with mark 1"), Order() as order:
        order.expect(1)


def test_a_failure_in_the_block_is_not_hidden() -> None:
    order = Order()

    def fail() -> None:
        with order:
            order.expect(1)
            raise ValueError("the real one")

    with pytest.raises(ValueError, match="the real one"):
        fail()

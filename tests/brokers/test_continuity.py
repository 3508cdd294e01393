"""The rule by which gaps are found."""

from __future__ import annotations

import pytest

from flowws.brokers import Gap, GapReason, Position, gaps_between, resolved, shared_until

# Three lives: the second began behind 100, the third behind 150.
CHAIN = [Position(1, 0), Position(5, 100), Position(9, 150)]


def at(text: str) -> Position:
    return Position.parse(text)


@pytest.mark.parametrize(
    ("here", "there", "expected"),
    [
        ("9-160", "9-160", []),
        ("9-160", "9-165", ["trimmed 5 at 9-165"]),
        ("9-160", "9-157", ["rollback 3 at 9-157"]),
        ("1-100", "5-100", []),
        ("1-90", "5-100", ["trimmed 10 at 5-100"]),
        ("1-130", "5-100", ["rollback 30 at 5-100"]),
        ("1-130", "5-120", ["rollback 30 at 5-100", "trimmed 20 at 5-120"]),
        ("1-90", "9-170", ["trimmed 80 at 9-170"]),
        ("1-130", "9-170", ["rollback 30 at 5-100", "trimmed 70 at 9-170"]),
        ("5-150", "9-150", []),
        ("5-160", "9-150", ["rollback 10 at 9-150"]),
        ("2-10", "9-160", ["reset None at 9-160"]),
        ("11-10", "9-160", ["reset None at 9-160"]),
        # by the name that a position of an earlier life has today
        ("9-40", "9-40", []),
        ("9-40", "1-40", []),
        ("9-40", "1-60", ["trimmed 20 at 1-60"]),
        ("9-120", "5-120", []),
        ("9-160", "5-120", ["reset None at 5-120"]),
    ],
)
def test_what_is_missing_between_two_positions(here, there, expected) -> None:
    gaps = gaps_between(at(here), at(there), CHAIN)
    assert [f"{gap.reason.value} {gap.missing} at {gap.resumed}" for gap in gaps] == expected
    before = at(here)
    for gap in gaps:
        assert gap.after == before, "one begins where the other ends"
        before = gap.resumed


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        ("9-160", "9-160"),
        ("9-170", "9-170"),
        ("9-171", None),
        ("9-20", "9-20"),
        ("5-150", "9-150"),
        ("5-151", None),
        ("1-100", "9-100"),
        ("1-101", None),
        ("4-1", None),
        ("10-1", None),
    ],
)
def test_what_a_position_is_called_today(position, expected) -> None:
    assert resolved(at(position), at("9-170"), CHAIN) == (None if expected is None else at(expected))


def test_up_to_where_a_log_is_the_same() -> None:
    assert shared_until(at("1-130"), at("9-170"), CHAIN) == at("5-100")
    assert shared_until(at("1-30"), at("9-170"), CHAIN) == at("5-30")
    assert shared_until(at("7-30"), at("9-170"), CHAIN) is None


def test_a_gap_says_what_it_is() -> None:
    assert str(Gap(GapReason.RESET, None, Position(1, 0), None)) == (
        "reset: an unknown number of updates between None and 1-0"
    )
    assert repr(GapReason.TRIMMED) == "GapReason.TRIMMED"

"""Values from outside become a little, harmless text."""

from __future__ import annotations

import pytest

from flowws.notebook._brief import brief, brief_text, cut, safe


class Rude:
    def __repr__(self) -> str:
        raise RuntimeError("no")


class Wordy:
    def __repr__(self) -> str:
        return "line\n  line " + "x" * 1000


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (7, "7"),
        ("a", "'a'"),
        ({"b": 1, "a": [1, 2]}, "{'b': 1, 'a': [1, 2]}"),
        ({}, "{}"),
        (Rude(), "<Rude whose repr fails: RuntimeError>"),
        ([Rude()], "[<Rude whose repr fails: RuntimeError>]"),
        (list(range(100)), "[0, 1, 2, 3, 4, 5, 6, 7, ...]"),
        (dict.fromkeys(range(100)), "{" + ", ".join(f"{n}: None" for n in range(8)) + ", ...}"),
        ([[[[[[1]]]]]], "[[[[[...]]]]]"),
        ({1: {2: {3: {4: {5: 6}}}}}, "{1: {2: {3: {4: {...}}}}}"),
    ],
)
def test_brief(value: object, shown: str) -> None:
    assert brief(value) == shown


def test_what_is_long_is_cut() -> None:
    assert len(brief("x" * 10_000)) <= 120
    assert len(brief(Wordy())) <= 120
    assert brief(Wordy()).startswith("line line xxx")
    assert brief(list(range(9)), 10) == "[0, 1, 2,…"


def test_a_list_of_millions_is_not_read() -> None:
    class Counted:
        asked = 0

        def __repr__(self) -> str:
            Counted.asked += 1
            return "it"

    assert brief([Counted()] * 1_000_000) == "[it, it, it, it, it, it, it, it, ...]"
    assert Counted.asked == 8


def test_a_text_stands_for_itself() -> None:
    assert brief_text("a b") == "a b"
    assert brief_text(["a"]) == "['a']"


def test_what_cannot_be_printed_is_left_out() -> None:
    assert cut("a\x00b\x1b[31m\n\tc\u202e") == "a�b�[31m c�"


def test_safe_in_elements_and_attributes() -> None:
    assert safe('<b title="\'">&') == "&lt;b title=&quot;&#x27;&quot;&gt;&amp;"

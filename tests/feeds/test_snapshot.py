from __future__ import annotations

import pytest

from flowws.feeds import Snapshot


def test_items_are_kept_as_they_were() -> None:
    names = ["Ada"]
    snapshot = Snapshot(names, revision=3)
    names.append("Grace")
    assert snapshot.items == ("Ada",)
    assert snapshot == Snapshot(("Ada",), 3)


def test_it_is_empty_by_itself() -> None:
    assert Snapshot[str]() == Snapshot((), None)


@pytest.mark.parametrize("items", ["Ada", b"Ada"])
def test_a_text_is_not_several_items(items: str | bytes) -> None:
    with pytest.raises(TypeError, match="items are several"):
        Snapshot(items)


def test_what_is_not_iterable_is_refused() -> None:
    with pytest.raises(TypeError):
        Snapshot(7)  # type: ignore[arg-type]  # what an untyped caller may do

"""What "the same value" means to `distinct_until_changed` and `StateFlow`."""

from __future__ import annotations


def same(old: object, new: object) -> bool:
    """Identity first, then equality. Values whose ``==`` has no truth value (arrays) count as different."""
    if old is new:
        return True
    try:
        return bool(old == new)
    except (TypeError, ValueError):
        return False

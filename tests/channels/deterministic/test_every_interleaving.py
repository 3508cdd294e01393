"""`Channel` and `select` against their model, in whatever order tasks are stepped, served and cancelled.

The suite plays one round of stories for each kind of channel, the same each time. ``FLOWWS_STORIES=10000`` plays as
many rounds as that takes.
"""

from __future__ import annotations

import os
from math import ceil
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from .channel_model import KINDS
from .machine import STORIES, Story, play
from .scheduler import Manners

SETTINGS: Final = settings(
    max_examples=300,
    phases=(Phase.generate, Phase.shrink),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
ROUNDS: Final = ceil(int(os.environ.get("FLOWWS_STORIES", "1")) / SETTINGS.max_examples)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_channel_does_what_its_model_says(number: int, kind: str) -> None:
    """K1 to K3, K5 to K8, K10, K15 to K22, K24, K26 to K29, K31, K32, K41, K44 to K53, K57, K58; of selects, K255 to
    K257, K259, K260, K265 to K267
    """

    @seed(number)
    @SETTINGS
    @given(st.sampled_from(sorted(KINDS)), st.sampled_from(["asyncio", "trio"]), STORIES)
    def check(other: str, manners: Manners, story: Story) -> None:
        play((kind, other), manners, story)

    check()

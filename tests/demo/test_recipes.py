"""The recipes W1 to W15, each a program in `examples`, do what they say. A README in that folder lists them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"

RECIPES = {
    "W1": (
        "echo.py",
        """
        < Please enter your name
        > Ada
        < Hi, Ada!
        > hello
        < Ada said: hello
        > bye
        CloseReason(1000 NORMAL, 'client said bye')
        """,
    ),
    "W2": (
        "receive_loop.py",
        """
        1
        21
        321
        the client has left; its sum was 321
        sessions: 0
        """,
    ),
    "W3": ("messages_as_a_flow.py", "['2', '3', '6']"),
    "W4": (
        "push_to_each_client.py",
        """
        both: ['1', '1']
        one: 2
        nobody is left
        """,
    ),
    "W6": (
        "read_and_write.py",
        """
        reader-launched ['NOTHING YET', 'TEA']
        writer-launched ['NOTHING YET', 'TEA']
        """,
    ),
    "W7": (
        "clean_termination.py",
        """
        got 1
        CloseReason(1000 NORMAL, 'as you wish')
        updates that ran: [1]
        """,
    ),
    "W8": ("after_the_close.py", "CloseReason(4001, 'too expensive') by peer"),
    "W9": (
        "broadcast.py",
        """
        Ada hears ['Ada: hello', 'Grace: good evening']
        Grace hears ['Ada: hello', 'Grace: good evening']
        """,
    ),
    "W10": (
        "session_list.py",
        """
        list stands still
        feed is done
        """,
    ),
    "W11": (
        "typed_messages.py",
        """
        {'balance': 0}
        {'balance': 10}
        {'error': "amount: expected an integer, not 'a lot'"}
        {'balance': 15}
        """,
    ),
    "W12": (
        "life_of_a_session.py",
        """
        open: /
        message: hello
        error: the session is closed, and every message was received
        close: CloseReason(1000 NORMAL) by peer
        open: /
        error: a message where 20 are allowed
        close: CloseReason(1009 TOO_BIG
        """,
    ),
    "W13": ("conversation_test.py", "an hour and a quarter have passed"),
    "W14": (
        "keep_it_open.py",
        """
        over-at-once is over
        stays sends more than the first one
        """,
    ),
    "W15": (
        "frame_log.py",
        """
        -> <Frame.Text 'hello'>
        <- <Frame.Text 'HELLO'>
        -> <Frame.Text 'is there anybody?'>
        <- <Frame.Text 'IS THERE ANYBODY?'>
        agreed on: permessage-deflate
        """,
    ),
}


@pytest.mark.parametrize(("example", "said"), RECIPES.values(), ids=list(RECIPES))
def test_recipe(example: str, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / example)], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    lines = [line.strip() for line in said.strip().splitlines()]
    for line, wanted in zip(done.stdout.splitlines(), lines, strict=True):
        assert line.startswith(wanted)


def test_recipe_w5_is_the_feed_whose_filter_the_client_changes() -> None:
    """W5: its two programs are run by `test_examples.py`"""
    assert "flat_map_latest" in (EXAMPLES / "feed_server.py").read_text()


def test_the_table_of_the_recipes_names_every_program() -> None:
    table = (EXAMPLES / "README.md").read_text()
    assert [each.name for each in sorted(EXAMPLES.glob("*.py")) if f"({each.name})" not in table] == []

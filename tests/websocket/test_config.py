from __future__ import annotations

from datetime import timedelta

import pytest

from flowws.websocket import WebSockets, bounded, channels, unlimited


def test_defaults():
    config = WebSockets()
    assert (config.ping_interval, config.timeout, config.max_frame_size) == (None, 15.0, 16 * 1024 * 1024)
    assert (config.close_timeout, config.linger, config.liveness, config.masking) == (5.0, 5.0, "any", False)
    assert config.channels == channels()


def test_w111_queues_are_bounded_unless_said_otherwise():
    """W111"""
    assert channels().incoming == bounded(64)
    assert channels(incoming=unlimited()).incoming.is_unlimited
    assert repr(channels(outgoing=unlimited())) == "ChannelsConfig(incoming=bounded(64), outgoing=unlimited())"


def test_durations_may_be_timedeltas():
    config = WebSockets(ping_interval=timedelta(seconds=20), timeout=timedelta(milliseconds=1500), linger=0)
    assert (config.ping_interval, config.timeout, config.linger) == (20.0, 1.5, 0.0)


@pytest.mark.parametrize(
    ("option", "value", "error"),
    [
        ("ping_interval", 0, ValueError),
        ("ping_interval", -1.5, ValueError),
        ("ping_interval", "20", TypeError),
        ("timeout", 0, ValueError),
        ("timeout", None, TypeError),
        ("timeout", True, TypeError),
        ("close_timeout", -1, ValueError),
        ("close_timeout", float("inf"), ValueError),
        ("linger", float("nan"), ValueError),
        ("linger", timedelta(seconds=-1), ValueError),
        ("max_frame_size", 0, ValueError),
        ("max_frame_size", 1.5, TypeError),
        ("max_frame_size", True, TypeError),
        ("liveness", "pings", ValueError),
        ("channels", 64, TypeError),
    ],
)
def test_what_makes_no_sense_is_refused_and_quoted(option, value, error):
    with pytest.raises(error, match=option):
        WebSockets(**{option: value})


@pytest.mark.parametrize("capacity", [0, -1])
def test_a_queue_has_room_for_one_at_least(capacity):
    with pytest.raises(ValueError, match=str(capacity)):
        bounded(capacity)
    with pytest.raises(TypeError, match="'1'"):
        bounded("1")  # type: ignore[arg-type]  # wrong on purpose

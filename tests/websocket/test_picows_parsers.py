"""Parsers that connections share: whose bytes are whose, and when one is of no use any more; no sockets."""

from __future__ import annotations

from typing import Any

import pytest

from flowws.websocket.engines._picows_parser import Parsers

from .conftest import RawPeer

CLOSE = RawPeer.frame(8, b"\x03\xe8")


@pytest.fixture
def anyio_backend():
    return "asyncio"


class Reader:
    def __init__(self) -> None:
        self.heard: list[Any] = []

    def text_received(self, text):
        self.heard.append(text)

    def frame_arrived(self, kind, frame):
        self.heard.append((kind, frame.get_payload_as_bytes()))

    def parser_failed(self, code, message):
        self.heard.append(code)

    def abort(self):
        self.heard.append("aborted")


async def test_one_serves_many():
    parsers = Parsers(1000, is_client=False)
    for n in range(3):
        reader = Reader()
        parser = parsers.take(reader)
        parser.feed(RawPeer.frame(1, b"%d" % n))
        assert (reader.heard, parser.tail) == ([str(n)], 0)
        parsers.put_back(parser)
        assert parsers.free == [parser]
        assert parser.reader is None


async def test_half_a_frame_is_not_mixed_with_another():
    parsers = Parsers(1000, is_client=False)
    slow, quick = Reader(), Reader()
    text, data = RawPeer.frame(1, b"slow"), RawPeer.frame(2, b"rest")  # each masked with a key of its own
    held = parsers.take(slow)
    held.feed(text[:5])
    assert held.tail
    other = parsers.take(quick)
    assert other is not held
    other.feed(RawPeer.frame(1, b"quick") + data[:3])
    assert other.tail
    held.feed(text[5:])
    other.feed(data[3:])
    assert (slow.heard, quick.heard) == (["slow"], ["quick", (2, b"rest")])
    assert held.tail == other.tail == 0


async def test_half_a_frame_behind_one_that_fills_the_buffer():
    """What was read at once may be more than a parser's buffer takes at once, whose end may be that of a frame."""
    reader = Reader()
    parsers = Parsers(1 << 20, is_client=False)
    parser = parsers.take(reader)
    head = 8  # bytes
    whole = RawPeer.frame(2, bytes(len(parser.get_buffer(-1)) - head))
    assert len(whole) == len(parser.get_buffer(-1))
    text = RawPeer.frame(1, b"the next one")
    parser.feed(whole + text[:4])
    assert len(reader.heard) == 1
    assert parser.tail  # or the next reader would hear it
    parser.feed(text[4:])
    assert reader.heard[1:] == ["the next one"]
    assert not parser.tail


async def test_one_that_never_had_work_is_as_good_as_new():
    parsers = Parsers(1000, is_client=False)
    parser = parsers.take(Reader())
    parsers.leave_behind(parser)
    assert parsers.free == [parser]


async def test_after_a_close_frame_the_next_reader_may_close_too():
    parsers = Parsers(1000, is_client=False)
    for _ in range(3):
        reader = Reader()
        parser = parsers.take(reader)
        parser.feed(CLOSE)
        assert reader.heard == [(8, b"\x03\xe8")]
        assert parser.is_kept
        parsers.leave_behind(parser)
        assert parsers.free == [parser]
        assert not parser.is_kept


@pytest.mark.parametrize("data", [RawPeer.frame(1, b"x")[:-1], b"\x83\x80abcd", CLOSE + b"\x81"])
async def test_what_cannot_go_on_is_thrown_away(data):
    parsers = Parsers(1000, is_client=False)
    parser = parsers.take(Reader())
    parser.feed(data)
    parsers.leave_behind(parser)
    assert parsers.free == []


async def test_a_reader_that_fails_is_told_to_end():
    class Broken(Reader):
        def text_received(self, text):
            raise RuntimeError("a bug")

    reader = Broken()
    parsers = Parsers(1000, is_client=False)
    parser = parsers.take(reader)
    parser.feed(RawPeer.frame(1, b"x"))
    assert reader.heard == ["aborted"]
    parsers.leave_behind(parser)
    assert parsers.free == []


async def test_how_many_wait_for_work():
    parsers = Parsers(1000, is_client=False)
    taken = [parsers.take(Reader()) for _ in range(100)]
    for parser in taken:
        parsers.put_back(parser)
    assert 1 < len(parsers.free) < 100
    parsers.close()
    assert parsers.free == []

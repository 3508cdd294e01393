"""One serialization and one message per update, however many they are for; and long rounds make way for others."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from anyio.lowlevel import checkpoint

from flowws._core import call_soon
from flowws.feeds.server import _frames, _hub
from flowws.feeds.server._counts import Counts
from flowws.feeds.server._frames import Frames
from flowws.testing import Peer, TestScope, conversation
from flowws.websocket import Frame, JsonConverter, MemoryServer

from .ground import Kept, at, expect, numbers, sliced_rounds, update

pytestmark = pytest.mark.anyio


class Counting(JsonConverter):
    def __init__(self) -> None:
        super().__init__()
        self.written: list[Any] = []

    def serialize(self, value: object) -> Frame:
        self.written.append(value)
        return super().serialize(value)


async def come(stack: AsyncExitStack, server: MemoryServer, *filters: str) -> list[Peer]:
    peers = [await stack.enter_async_context(conversation(server, f"/feed?filter={each}")) for each in filters]
    for each in peers:
        await each.expect_json()
    return peers


async def test_a_value_is_written_once_for_all(test_scope: TestScope) -> None:
    converter = Counting()
    app, source, feed = numbers(converter=converter)
    converter.written.clear()
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(MemoryServer(app))
        peers = await come(stack, server, *["even", "small", "null"] * 20)
        for number in range(10):
            source.try_emit(number)
        await test_scope.run_current()
        stats = feed.stats
        assert sorted(converter.written) == list(range(10))
        assert (stats.encodings, stats.frames_built) == (10, 10)
        assert stats.delivered == 20 * (5 + 5 + 10)
        await expect(peers[0], *[update(number, number + 1) for number in range(0, 10, 2)])


async def test_what_nobody_wants_is_not_written(test_scope: TestScope) -> None:
    converter = Counting()
    app, source, feed = numbers(converter=converter)
    converter.written.clear()
    source.try_emit(1)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(MemoryServer(app))
        (peer,) = await come(stack, server, "even")
        source.try_emit(3)
        source.try_emit(4)
        await expect(peer, update(4, 3))
        assert converter.written == [4]
        assert feed.stats.encodings == 1


async def test_another_id_is_another_message_of_the_same_value(test_scope: TestScope) -> None:
    app, source, feed = numbers()
    async with conversation(app, "/feed?filter=null") as peer:
        await peer.expect_json()
        await peer.send_json({"subscribe": "", "id": 1})
        await peer.expect_json()
        source.try_emit(1)
        await test_scope.run_current()
        assert (feed.stats.encodings, feed.stats.frames_built) == (1, 2)


async def test_who_comes_back_gets_what_is_written(test_scope: TestScope) -> None:
    app, source, feed = numbers(resume=Kept(1000))
    for number in range(1, 301):
        source.try_emit(number)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(MemoryServer(app))
        back = f"/feed?filter=null&after={at(0)}"
        peers = [await stack.enter_async_context(conversation(server, back)) for _ in range(20)]
        for peer in peers:
            await expect(peer, {"subscribed": "", "id": 0, "at": at(0), "resumed": True})
            await expect(peer, *[update(number, number) for number in range(1, 301)])
        assert feed.stats.encodings == 300


async def test_who_comes_back_does_not_make_others_be_written_again(
    test_scope: TestScope, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the midst of a round, what is written may be too much for the room there is: others still need it."""
    monkeypatch.setattr(_frames, "ROOM", 1)
    app, source, feed = numbers(resume=Kept(1000))
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(MemoryServer(app))
        peers = await come(stack, server, "even", "small", "null")
        with sliced_rounds():
            source.try_emit(4)
            for _ in range(10):
                await checkpoint()
                assert await feed._hub.read(0, feed.position)
            for each in peers:
                await expect(each, update(4, 1))
        assert feed.stats.encodings == 1


async def test_the_first_are_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_frames, "ROOM", 1000)
    frames = Frames(JsonConverter(), counts := Counts())
    for offset in range(100):
        frames.update("x" * 100, 1, offset)
    frames.trim()
    for offset in range(99, 95, -1):
        frames.update("x" * 100, 1, offset)
    assert counts.encodings == counts.frames_built == 100
    frames.update("x" * 100, 2, 99)
    assert (counts.encodings, counts.frames_built) == (100, 101)
    frames.update("x" * 100, 1, 0)
    assert counts.encodings == 101


async def test_what_is_emitted_in_one_turn_leaves_in_one_write(test_scope: TestScope) -> None:
    app, source, _ = numbers()
    async with MemoryServer(app) as server, conversation(server, "/feed?filter=null") as peer:
        await peer.expect_json()
        (line,) = server.lines
        written: list[bytes] = []
        put = line.to_client.write

        def listen(data: bytes) -> None:
            written.append(data)
            put(data)

        line.to_client.write = listen  # type: ignore[method-assign]  # an ear on the wire
        for number in range(1, 11):
            source.try_emit(number)
        await expect(peer, *[update(number, number) for number in range(1, 11)])
        assert len(written) == 1


async def test_a_long_round_makes_way_for_others(test_scope: TestScope, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_hub, "SLICE", 0.0)
    order: list[Any] = []

    def noting(number: int) -> Callable[[int], bool]:
        def passes(_: int) -> bool:
            order.append(number)
            return True

        return passes

    filters = {f"f{number}": noting(number) for number in range(4)}
    app, source, _ = numbers(filter=filters)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(MemoryServer(app))
        peers = await come(stack, server, *filters)
        source.try_emit(1)
        call_soon(lambda: order.append("another"))
        source.try_emit(2)
        for peer in peers:
            await expect(peer, update(1, 1), update(2, 2))
        assert order.index("another") < len(order) - 1  # before the last audience
        source.try_emit(3)
        for peer in peers:
            await expect(peer, update(3, 3))


async def test_a_long_round_makes_way_though_nothing_passes(
    test_scope: TestScope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_hub, "SLICE", 0.0)
    order: list[Any] = []

    def noting(number: int) -> Callable[[int], bool]:
        def passes(_: int) -> bool:
            order.append(number)
            return False

        return passes

    filters = {f"f{number}": noting(number) for number in range(4)}
    app, source, _ = numbers(filter=filters)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(MemoryServer(app))
        await come(stack, server, *filters)
        source.try_emit(1)
        call_soon(lambda: order.append("another"))
        await test_scope.run_current()
        assert len(order) == 5
        assert order[1] == "another"  # after the first audience


async def test_what_is_emitted_during_a_round_is_the_next_one(test_scope: TestScope) -> None:
    """A filter that emits is odd; but it must not mix up the order."""

    def echo(value: int) -> bool:
        if value < 3:
            source.try_emit(value + 1)
        return True

    app, source, _ = numbers(filter={"echo": echo})
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(MemoryServer(app))
        peers = await come(stack, server, "echo", "null")
        source.try_emit(1)
        for peer in peers:
            await expect(peer, update(1, 1), update(2, 2), update(3, 3))
            await peer.expect_nothing()

"""How a feed ends: for everybody, or for those whose filter has failed, and what clients are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from flowws import MutableSharedFlow
from flowws.feeds import Feed, Filter
from flowws.testing import TestScope, conversation
from flowws.websocket import CloseReason, MemoryServer, SessionClosedError, WebSocketClient, WebSocketServer

from .ground import Kept, at, expect, numbers, update

pytestmark = pytest.mark.anyio


async def test_the_end_of_the_source_comes_behind_its_last_update(test_scope: TestScope) -> None:
    app, source, feed = numbers()
    async with conversation(app, "/feed?filter=null") as peer:
        await peer.expect_json()
        source.try_emit(1)
        source.close()
        await expect(peer, update(1, 1), {"end": None, "id": 0})
        assert feed.clients.value == 0
        await peer.expect_nothing()  # the session lives on


async def test_a_source_that_fails_is_told_without_its_reasons(
    test_scope: TestScope, caplog: pytest.LogCaptureFixture
) -> None:
    app, source, _ = numbers()
    async with conversation(app, "/feed?filter=null") as peer:
        await peer.expect_json()
        source.close(ValueError("the secret password was wrong"))
        await expect(peer, {"end": "it failed", "id": 0})
    assert "the secret password was wrong" in caplog.text


async def test_who_comes_after_the_end_is_told_so(test_scope: TestScope) -> None:
    app, source, feed = numbers(snapshot=lambda _: ["the last"])
    source.try_emit(1)
    source.close()
    async with conversation(app, "/feed?filter=null") as peer:
        await expect(
            peer,
            {"subscribed": "", "id": 0, "resumed": False},
            {"snapshot": ["the last"], "id": 0, "at": at(1)},
            {"end": None, "id": 0},
        )
        assert feed.clients.value == 0
    async with conversation(app, f"/feed?after={at(0)}") as peer:
        await expect(
            peer, {"subscribed": "", "id": 0, "at": at(0), "resumed": True}, update(1, 1), {"end": None, "id": 0}
        )


async def test_a_slow_client_gets_what_waits_and_then_the_end(test_scope: TestScope) -> None:
    app, source, feed = numbers(backlog=2)
    async with MemoryServer(app, capacity=1) as server, conversation(server, "/feed?filter=null") as peer:
        await peer.expect_json()
        peer.wire.hold(towards="peer")
        for number in range(1, 6):
            source.try_emit(number)
            await test_scope.run_current()
        source.close()
        await test_scope.run_current()
        peer.wire.flow()
        await expect(
            peer,
            update(1, 1),
            {"gap": 2, "id": 0, "at": 3, "reason": "lag"},
            update(4, 4),
            update(5, 5),
            {"end": None, "id": 0},
        )
        assert feed.stats.lagging == 0


async def test_an_id_is_free_after_the_end(test_scope: TestScope) -> None:
    one, two = MutableSharedFlow[int](), MutableSharedFlow[int]()
    app = WebSocketServer()
    app.feeds("/feeds", {"one": Feed(one, resume=Kept()), "two": Feed(two, resume=Kept())})
    async with conversation(app, "/feeds?subscribe=one") as peer:
        await peer.expect_json()
        one.close()
        await expect(peer, {"end": None, "id": 0})
        await peer.send_json({"subscribe": "two", "id": 0})
        await expect(peer, {"subscribed": "two", "id": 0, "at": at(0), "resumed": False})
        two.try_emit(2)
        await expect(peer, update(2, 1))


async def test_a_feed_that_is_closed_lets_go_of_its_source(test_scope: TestScope) -> None:
    app, source, feed = numbers()
    assert source.subscription_count.value == 1
    async with conversation(app, "/feed?filter=null") as peer:
        await peer.expect_json()
        source.try_emit(1)
        feed.close()
        feed.close()
        source.try_emit(2)
        await expect(peer, update(1, 1), {"end": None, "id": 0})
    assert source.subscription_count.value == 0
    assert feed.position.offset == 1


async def test_a_filter_that_fails_ends_its_own_audience(
    test_scope: TestScope, caplog: pytest.LogCaptureFixture
) -> None:
    filters = {"even": lambda value: value % 2 == 0, "brittle": lambda value: 1 / (3 - value) > 0}
    app, source, feed = numbers(filter=filters)
    async with (
        MemoryServer(app) as server,
        conversation(server, "/feed?filter=brittle") as one,
        conversation(server, "/feed?filter=even") as two,
    ):
        await one.expect_json()
        await two.expect_json()
        for number in range(1, 5):
            source.try_emit(number)
            await test_scope.run_current()
        await expect(one, update(1, 1), update(2, 2), {"error": "the feed has failed", "code": "failed", "id": 0})
        await expect(two, update(2, 2), update(4, 4))
        assert feed.clients.value == 1
        await one.expect_nothing()
    assert "ZeroDivisionError" in caplog.text


async def test_a_filter_that_fails_on_what_is_replayed(test_scope: TestScope, caplog: pytest.LogCaptureFixture) -> None:
    app, source, feed = numbers(filter={"brittle": lambda value: 1 / (3 - value) > 0})
    source.try_emit(3)
    async with conversation(app, f"/feed?filter=brittle&after={at(0)}") as peer:
        await expect(
            peer,
            {"subscribed": "", "id": 0, "at": at(0), "resumed": True},
            {"error": "the feed has failed", "code": "failed", "id": 0},
        )
        assert feed.clients.value == 0
    assert "ZeroDivisionError" in caplog.text


async def test_what_fails_after_the_end_of_the_source_is_not_hidden_by_it(
    test_scope: TestScope, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Kept):
        async def read(self, after: int, limit: int) -> Sequence[tuple[int, Any]] | None:
            raise OSError("the disk is gone")

    app, source, feed = numbers(resume=Broken())
    source.try_emit(1)
    source.close()
    async with conversation(app, f"/feed?after={at(0)}") as peer:
        await expect(peer, {"error": "the feed has failed", "code": "failed", "id": 0})
        assert feed.clients.value == 0
    assert "the disk is gone" in caplog.text


async def test_a_snapshot_that_has_lost_a_session_of_its_own(
    test_scope: TestScope, caplog: pytest.LogCaptureFixture
) -> None:
    def snapshot(_: Filter) -> list[int]:
        raise SessionClosedError(CloseReason(1001))

    app, _, feed = numbers(snapshot=snapshot)
    async with conversation(app, "/feed?filter=null") as peer:
        await expect(peer, {"error": "the feed has failed", "code": "failed", "id": 0})
        assert feed.clients.value == 0
    assert "SessionClosedError" in caplog.text


async def test_a_value_that_cannot_be_written_ends_those_who_want_it(
    test_scope: TestScope, caplog: pytest.LogCaptureFixture
) -> None:
    app, source = WebSocketServer(), MutableSharedFlow[object]()
    app.feed("/feed", source, filter={"texts": lambda value: isinstance(value, str)}, resume=Kept())
    async with (
        MemoryServer(app) as server,
        conversation(server, "/feed?filter=null") as all_,
        conversation(server, "/feed?filter=texts") as texts,
    ):
        await all_.expect_json()
        await texts.expect_json()
        source.try_emit(object())
        source.try_emit("fine")
        await expect(all_, {"error": "the feed has failed", "code": "failed", "id": 0})
        await expect(texts, update("fine", 2))
    assert "cannot be written as JSON" in caplog.text


async def test_when_the_server_stops_clients_are_told_so(test_scope: TestScope) -> None:
    app, source, feed = numbers()
    async with MemoryServer(app) as server:
        client = WebSocketClient(engine=server.engine)
        async with client.websocket("ws://localhost/feed?filter=null") as session:
            await session.incoming.receive()
            test_scope.launch(server.__aexit__, None, None, None)
            assert (await session.close_reason).code == 1001
    assert feed.clients.value == 0
    source.try_emit(1)
    assert feed.position.offset == 1


async def test_the_next_server_of_the_same_app_goes_on(test_scope: TestScope) -> None:
    app, source, feed = numbers()
    for number in (1, 3):
        async with MemoryServer(app) as server, conversation(server, f"/feed?after={at(number - 1)}") as peer:
            await expect(peer, {"subscribed": "", "id": 0, "at": at(number - 1), "resumed": True})
            source.try_emit(number)
            await expect(peer, update(number, number))
            source.try_emit(number + 1)  # pending when everything ends
            peer.hang_up()
    assert feed.clients.value == 0

"""What a client may say, and what it is answered."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import MutableSharedFlow
from flowws.feeds import Feed
from flowws.testing import conversation
from flowws.websocket import Frame, MemoryServer, WebSockets, WebSocketServer

from .ground import EPOCH, Kept, at, expect, numbers, update

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("test_scope")]


async def test_a_subscription_begins_with_what_comes_next() -> None:
    app, source, _ = numbers()
    source.try_emit(1)
    async with conversation(app, "/feed") as peer:
        await peer.expect_nothing()
        await peer.send_json({"subscribe": "", "id": 7})
        await expect(peer, {"subscribed": "", "id": 7, "at": at(1), "resumed": False})
        source.try_emit(2)
        await source.emit(3)
        await expect(peer, update(2, 2, 7), update(3, 3, 7))


async def test_a_filter_by_name_and_one_in_its_own_words() -> None:
    app, source = WebSocketServer(), MutableSharedFlow[dict[str, Any]]()
    app.feed("/feed", source, filter={"old": lambda person: person["age"] > 60}, resume=Kept())
    async with conversation(app, "/feed") as peer:
        for number, wanted in ((1, "old"), (2, ["and", "old", ["eq", "city", "Paris"]])):
            await peer.send_json({"subscribe": "", "id": number, "filter": wanted})
            await expect(peer, {"subscribed": "", "id": number, "at": at(0), "resumed": False})
        ada, grace = {"age": 70, "city": "London"}, {"age": 80, "city": "Paris"}
        for person in (ada, grace, {"age": 20, "city": "Paris"}):
            source.try_emit(person)
        one = [update(ada, 1, 1), update(grace, 2, 1)]
        two = [update(grace, 2, 2)]
        assert [await peer.expect_json() for _ in range(3)] in (one + two, two + one)


@pytest.mark.parametrize(
    ("query", "passing"),
    [
        ("filter=even", [2, 4]),
        ("filter=%22even%22", [2, 4]),
        ("filter=[%22not%22,%22even%22]", [1, 3]),
        ("filter=null", [1, 2, 3, 4]),
        ("subscribe=", [1, 2, 3, 4]),
        ("subscribe=&filter=odd", [1, 3]),
    ],
)
async def test_a_query_subscribes(query: str, passing: list[int]) -> None:
    app, source, _ = numbers()
    async with conversation(app, f"/feed?{query}") as peer:
        await expect(peer, {"subscribed": "", "id": 0, "at": at(0), "resumed": False})
        for number in range(1, 5):
            source.try_emit(number)
        await expect(peer, *[update(number, number) for number in passing])
        await peer.expect_nothing()


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("filter=unheard", "bad-filter"),
        ("filter=[]", "bad-filter"),
        ("filter=7", "bad-filter"),
        ("filter={}", "bad-filter"),
        ("after=yesterday", "bad-position"),
        ("subscribe=weather", "unknown-topic"),
    ],
)
async def test_a_query_that_makes_no_sense_is_answered(query: str, code: str) -> None:
    app, _, feed = numbers()
    async with conversation(app, f"/feed?{query}") as peer:
        said = await peer.expect_json()
        assert (said["code"], said["id"]) == (code, 0)
        await peer.send_json({"subscribe": "", "id": 0})
        await expect(peer, {"subscribed": "", "id": 0, "at": at(0), "resumed": False})
        assert feed.clients.value == 1


async def test_a_query_of_other_things_is_not_for_the_feed() -> None:
    app, _, feed = numbers()
    async with conversation(app, "/feed?token=secret") as peer:
        await peer.expect_nothing()
        assert feed.clients.value == 0


async def test_topics_share_a_connection() -> None:
    people, prices = MutableSharedFlow[str](), MutableSharedFlow[int]()
    app = WebSocketServer()
    feeds = app.feeds("/all", {"people": Feed(people, resume=Kept()), "prices": Feed(prices, resume=Kept(epoch=7))})
    async with conversation(app, "/all?subscribe=prices") as peer:
        await expect(peer, {"subscribed": "prices", "id": 0, "at": at(0, 7), "resumed": False})
        await peer.send_json({"subscribe": "people", "id": 1})
        await expect(peer, {"subscribed": "people", "id": 1, "at": at(0), "resumed": False})
        people.try_emit("Ada")
        await expect(peer, update("Ada", 1, 1))
        prices.try_emit(5)
        await expect(peer, update(5, 1, 0))
        assert (feeds["people"].clients.value, feeds["prices"].clients.value) == (1, 1)
        assert feeds["people"].position == (EPOCH, 1)
        await peer.send_json({"unsubscribe": 1})
        await expect(peer, {"unsubscribed": 1})
        assert (feeds["people"].clients.value, feeds["prices"].clients.value) == (0, 1)


async def test_nothing_follows_an_unsubscription_and_its_id_is_free_again() -> None:
    app, source, _ = numbers()
    async with conversation(app, "/feed?filter=even") as peer:
        await peer.expect_json()
        await peer.send_json({"unsubscribe": 0})
        await expect(peer, {"unsubscribed": 0})
        source.try_emit(2)
        await peer.send_json({"subscribe": "", "id": 0})
        await expect(peer, {"subscribed": "", "id": 0, "at": at(1), "resumed": False})
        source.try_emit(3)
        await expect(peer, update(3, 2))


@pytest.mark.parametrize(
    ("request_", "code", "number"),
    [
        ({"subscribe": "weather", "id": 1}, "unknown-topic", 1),
        ({"subscribe": "", "id": 0}, "id-in-use", 0),
        ({"subscribe": "", "id": 1, "filter": "unheard"}, "bad-filter", 1),
        ({"subscribe": "", "id": 1, "after": "soon"}, "bad-position", 1),
        ({"filter": "even", "id": 1}, "unknown-id", 1),
        ({"filter": "unheard", "id": 0}, "bad-filter", 0),
        ({"unsubscribe": 1}, "unknown-id", 1),
        ({"hello": "there"}, "bad-message", None),
        (["subscribe"], "bad-message", None),
    ],
    ids=str,
)
async def test_an_error_is_answered_and_ends_nothing(request_: object, code: str, number: int | None) -> None:
    app, source, _ = numbers()
    async with conversation(app, "/feed?filter=even") as peer:
        await peer.expect_json()
        await peer.send_json(request_)
        said = await peer.expect_json()
        assert (said["code"], said.get("id")) == (code, number)
        assert isinstance(said["error"], str)
        source.try_emit(1)
        source.try_emit(2)
        await expect(peer, update(2, 2))  # under the filter that was there


async def test_a_large_message_is_not_read() -> None:
    app, source, _ = numbers()
    async with conversation(app, "/feed?filter=even") as peer:
        await peer.expect_json()
        await peer.send('{"filter": null, "id": 0, "more": "' + "x" * 65_536 + '"}')
        refusal = await peer.expect_json()
        assert refusal["code"] == "bad-message"
        assert refusal["error"] == "a message has at most 65536 bytes, not 65573"
        source.try_emit(2)
        await expect(peer, update(2, 1))


async def test_bytes_are_no_message() -> None:
    app, _, _ = numbers()
    async with conversation(app, "/feed") as peer:
        await peer.send(b'{"subscribe": "", "id": 1}')
        assert (await peer.expect_json())["code"] == "bad-message"


async def test_a_message_beyond_the_limit_ends_its_session_alone() -> None:
    app, source, feed = numbers(config=WebSockets(max_frame_size=1000))
    async with MemoryServer(app) as server, conversation(server, "/feed?filter=even") as other:
        await other.expect_json()
        async with conversation(server, "/feed") as peer:
            await peer.send("x" * 1001)
            await peer.expect_close(1009)
        source.try_emit(2)
        await expect(other, update(2, 1))
        assert feed.clients.value == 1


async def test_a_session_has_64_subscriptions_at_most() -> None:
    app, source, feed = numbers()
    async with conversation(app, "/feed") as peer:
        for number in range(64):
            await peer.send_json({"subscribe": "", "id": number})
            await peer.expect_json()
        await peer.send_json({"subscribe": "", "id": 64})
        said = await peer.expect_json()
        assert (said["code"], said["id"]) == ("too-many", 64)
        assert feed.clients.value == 64
        source.try_emit(1)
        assert sorted([(await peer.expect_json())["id"] for _ in range(64)]) == list(range(64))


async def test_a_client_that_is_gone_is_forgotten() -> None:
    app, source, feed = numbers()
    async with MemoryServer(app) as server:
        async with conversation(server, "/feed?filter=even") as peer:
            await peer.expect_json()
            peer.hang_up()
        assert feed.clients.value == 0
        source.try_emit(2)
        assert feed.position.offset == 1


async def test_a_close_frame_in_between_is_a_normal_end() -> None:
    app, source, feed = numbers()
    async with conversation(app, "/feed?filter=even") as peer:
        await peer.expect_json()
        source.try_emit(2)
        await peer.send(Frame.Close())
        source.try_emit(4)
        await peer.expect_json(update(2, 1))
    assert feed.clients.value == 0

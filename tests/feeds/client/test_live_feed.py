"""A feed as a flow: what a collection gives, how it ends, and what it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import anyio
import pytest

from flowws import supervisor_scope
from flowws.feeds import (
    BadFilterError,
    BadMessageError,
    FeedState,
    Gap,
    LiveFeed,
    Position,
    Reconnected,
    Snapshot,
    SourceFailedError,
    SubscriptionRefusedError,
    field,
)
from flowws.websocket import ChannelOverflow, ContentMismatchError, WebSockets, bounded, channels
from tests.feeds.client.scripted import AT_ONCE, URL, ScriptedServer, gathered

SUBSCRIBED = {"subscribed": "", "id": 1, "resumed": False}
END = {"end": None, "id": 1}


@dataclass(frozen=True)
class Person:
    name: str
    age: int = 0


async def told(*messages: Any, markers: bool = False, kind: Any = Any) -> tuple[list[Any], LiveFeed[Any]]:
    """What a collection gives that is told this."""
    async with ScriptedServer() as server, anyio.create_task_group() as tasks:
        feed = server.client().feed(URL, kind, markers=markers)

        async def tell() -> None:
            line = await server.line()
            await line.expect({"subscribe": "", "id": 1})
            await line.say(SUBSCRIBED, *messages)

        tasks.start_soon(tell)
        values = await feed.to_list()
    return values, feed


async def test_the_items_of_a_snapshot_then_the_updates() -> None:
    snapshot = {"snapshot": ["Ada", "Grace"], "id": 1, "at": "5-7"}
    values, feed = await told(snapshot, {"update": "Alan", "id": 1, "at": 8}, END)
    assert values == ["Ada", "Grace", "Alan"]
    assert feed.position == Position(5, 8)


async def test_markers_show_snapshots_whole_and_gaps() -> None:
    values, feed = await told(
        {"snapshot": ["Ada", "Grace"], "id": 1, "at": "5-7"},
        {"gap": 3, "id": 1, "at": 17, "reason": "lag"},
        {"update": "Alan", "id": 1, "at": 18},
        {"gap": None, "id": 1, "at": "6-0", "reason": "restart"},
        {"snapshot": [], "id": 1, "at": "6-0"},
        END,
        markers=True,
    )
    assert values == [
        Snapshot(["Ada", "Grace"]),
        Gap(3, "lag", Position(5, 17)),
        "Alan",
        Gap(None, "restart", Position(6, 0)),
        Snapshot([]),
    ]
    assert feed.position == Position(6, 0)


async def test_without_markers_there_are_values_only() -> None:
    values, feed = await told(
        {"snapshot": ["Ada"], "id": 1, "at": "5-7"}, {"gap": 3, "id": 1, "at": 17, "reason": "lag"}, END
    )
    assert values == ["Ada"]
    assert feed.position == Position(5, 17)


@pytest.mark.parametrize("markers", [False, True])
async def test_values_are_read_as_what_was_asked_for(markers: bool) -> None:
    ada, grace = {"name": "Ada", "age": 36}, {"name": "Grace"}
    messages = ({"snapshot": [ada], "id": 1, "at": "5-7"}, {"update": grace, "id": 1, "at": 8}, END)
    values, _ = await told(*messages, kind=Person, markers=markers)
    first = Person("Ada", 36)
    assert values == [Snapshot([first]) if markers else first, Person("Grace")]


async def test_a_value_of_another_type_fails_its_own_collection(test_scope) -> None:
    async with ScriptedServer() as server:
        connection = server.client().feeds(URL)
        values, _ = gathered(connection.subscribe(""), test_scope)
        line = await server.line()
        await line.begin(1)
        people = connection.subscribe("", Person)
        async with supervisor_scope() as scope:
            strict = scope.async_(people.to_list)
            await line.begin({"name": 7}, number=2)
            with pytest.raises(ContentMismatchError, match="name"):
                await strict
        assert people.position is None
        await line.expect({"unsubscribe": 2})
        await line.update(2, offset=11)
        await line.say(END)
        await line.over()
        assert values == [1, 2]


async def test_the_position_moves_with_what_was_given() -> None:
    async with ScriptedServer() as server, anyio.create_task_group() as tasks:
        feed = server.client().feed(URL, after="5-3")
        assert feed.position == Position(5, 3)

        async def tell() -> None:
            line = await server.line()
            await line.expect({"subscribe": "", "id": 1, "after": "5-3"})
            await line.say(
                {**SUBSCRIBED, "at": "5-9"},
                {"gap": 2, "id": 1, "at": "5-5", "reason": "trimmed"},
                {"snapshot": ["a", "b"], "id": 1, "at": "5-9"},
                {"update": "c", "id": 1, "at": 12},
                END,
            )

        tasks.start_soon(tell)
        seen = [(value, str(feed.position)) async for value in feed]
        assert seen == [("a", "5-5"), ("b", "5-9"), ("c", "5-12")]


async def test_the_position_moves_on_where_nothing_passes(test_scope) -> None:
    async with ScriptedServer() as server:
        feed = server.client().feed(URL, policy=AT_ONCE, markers=True)
        values, _ = gathered(feed, test_scope)
        line = await server.line()
        await line.begin(1)
        await line.say({"progress": 300, "id": 1})
        await test_scope.run_current()
        assert values == [1]
        assert feed.position == Position(5, 300)
        await line.cut(test_scope)
        line = await server.line()
        await line.begin(2, after="5-300", offset=300)
        await line.say(END)
        await line.over()
        assert values == [1, Reconnected(1, resumed=True), 2]


async def test_the_position_is_not_behind_a_gap_whose_snapshot_is_still_to_come() -> None:
    """Who stops between the two and goes on from there later must not do without the snapshot."""
    async with ScriptedServer() as server, anyio.create_task_group() as tasks:
        feed = server.client().feed(URL, after="5-3", markers=True)

        async def tell() -> None:
            line = await server.line()
            await line.expect({"subscribe": "", "id": 1, "after": "5-3"})
            await line.say(
                SUBSCRIBED,
                {"gap": 2, "id": 1, "at": "5-5", "reason": "trimmed"},
                {"snapshot": ["a"], "id": 1, "at": "5-9"},
                {"gap": 2, "id": 1, "at": 11, "reason": "lag"},
                END,
            )

        tasks.start_soon(tell)
        seen = [(type(each).__name__, str(feed.position)) async for each in feed]
        assert seen == [("Gap", "5-3"), ("Snapshot", "5-9"), ("Gap", "5-11")]


async def test_each_collection_asks_for_what_the_feed_is_for() -> None:
    async with ScriptedServer() as server:
        wanted = (field("age") >= 30) & (field("city") == "London")
        feed = server.client().feeds(URL).subscribe("people", filter=wanted, after=Position(5, 3))
        for _ in range(2):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(feed.to_list)
                line = await server.line()
                expected = {"subscribe": "people", "id": 1, "filter": wanted.to_json(), "after": "5-3"}
                await line.expect(expected)
                await line.say({"subscribed": "people", "id": 1, "resumed": True, "at": "5-3"}, END)
            assert (await line.over()).by == "peer"


async def test_leaving_the_loop_ends_the_connection() -> None:
    async with ScriptedServer() as server, anyio.create_task_group() as tasks:
        feed = server.client().feed(URL)
        assert feed.state.value == FeedState.Closed()

        async def tell() -> None:
            await (await server.line()).begin(1, 2, 3)

        tasks.start_soon(tell)
        assert await feed.take(2).to_list() == [1, 2]
        assert feed.state.value == FeedState.Closed()
        assert feed.position == Position(5, 12)


async def test_breaking_out_of_the_loop_ends_the_connection() -> None:
    async with ScriptedServer() as server, anyio.create_task_group() as tasks:
        feed = server.client().feed(URL)

        async def tell() -> None:
            line = await server.line()
            await line.begin(1, 2, 3)
            assert (await line.over()).code == 1001

        tasks.start_soon(tell)
        async for value in feed:
            if value == 2:
                break


async def test_cancelling_the_collector_ends_the_connection(test_scope) -> None:
    async with ScriptedServer() as server:
        _, job = gathered(server.client().feed(URL), test_scope)
        line = await server.line()
        await line.begin()
        await job.cancel_and_join()
        assert (await line.over()).code == 1001


async def test_a_collector_that_is_cancelled_before_there_is_a_connection(test_scope) -> None:
    async with ScriptedServer() as server:
        for turns in range(8):
            _, job = gathered(server.client().feed(URL), test_scope)
            for _ in range(turns):
                await anyio.lowlevel.checkpoint()
            await job.cancel_and_join()


@pytest.mark.parametrize("code", ["bad-filter", "unknown-topic", "bad-position", "too-many", "failed"])
async def test_a_refusal_is_raised(code: str) -> None:
    async with ScriptedServer() as server, anyio.create_task_group() as tasks:

        async def tell() -> None:
            line = await server.line()
            await line.say({"error": "not like this", "id": 1, "code": code})

        tasks.start_soon(tell)
        with pytest.raises(SubscriptionRefusedError, match="not like this") as caught:
            await server.client().feed(URL).to_list()
        assert caught.value.code == code


async def test_a_source_that_fails_is_raised_behind_its_values() -> None:
    async with ScriptedServer() as server, anyio.create_task_group() as tasks:
        values: list[Any] = []

        async def tell() -> None:
            line = await server.line()
            await line.begin(1)
            await line.say({"end": "it failed", "id": 1})

        tasks.start_soon(tell)
        with pytest.raises(SourceFailedError, match="it failed"):
            await server.client().feed(URL).collect(values.append)
        assert values == [1]


@pytest.mark.parametrize(
    "message",
    [
        "hello",
        "[1]",
        b"\x00",
        '{"subscribe": "", "id": 1}',
        '{"type": "error", "message": "no"}',
        '{"update": 1, "id": 1, "at": 8}',
        '{"update": 1, "id": 1, "at": "8"}',
        '{"update": 1, "id": "one", "at": 8}',
        '{"subscribed": "", "id": 1, "at": "everywhere", "resumed": false}',
        '{"gap": 1, "id": 1, "at": 8, "reason": "sloth"}',
    ],
)
async def test_a_server_that_speaks_another_protocol_is_given_up(message: str | bytes) -> None:
    async with ScriptedServer() as server, anyio.create_task_group() as tasks:
        feed = server.client().feed(URL)

        async def tell() -> None:
            line = await server.line()
            await line.session.send(message)
            assert (await line.over()).code == 1011

        tasks.start_soon(tell)
        with pytest.raises(BadMessageError) as caught:
            await feed.to_list()
        assert feed.state.value == FeedState.Closed(caught.value)
        assert server.requests == 1


async def test_what_a_later_version_says_is_passed_over() -> None:
    values, _ = await told(
        {"weather": "fine"},
        {"weather": "fine", "id": 1},
        {"snapshot": [1], "id": 1, "at": "5-7", "mood": "good"},
        {"update": 2, "id": 99, "at": 8},
        END,
    )
    assert values == [1]


async def test_what_a_server_says_of_this_side_is_raised() -> None:
    async with ScriptedServer() as server, anyio.create_task_group() as tasks:

        async def tell() -> None:
            await (await server.line()).say({"error": "I do not understand", "code": "bad-message"})

        tasks.start_soon(tell)
        with pytest.raises(SubscriptionRefusedError, match="I do not understand"):
            await server.client().feed(URL).to_list()


async def test_without_a_converter_for_texts_values_are_read_as_json() -> None:
    async with ScriptedServer() as server, anyio.create_task_group() as tasks:

        async def tell() -> None:
            line = await server.line()
            await line.begin({"name": "Ada"})
            await line.say(END)

        tasks.start_soon(tell)
        feed = server.client(WebSockets(content_converter=None)).feed(URL, Person)
        assert await feed.to_list() == [Person("Ada")]


async def test_bad_arguments_are_refused_at_the_door() -> None:
    async with ScriptedServer() as server:
        client = server.client()
        with pytest.raises(ValueError, match="'yesterday'"):
            client.feed(URL, after="yesterday")
        with pytest.raises(TypeError, match="17"):
            client.feed(URL, after=17)  # type: ignore[call-overload]  # that is the point
        with pytest.raises(BadFilterError, match="empty"):
            client.feed(URL, filter=[])
        for filter in (["eq", "x", 1], "large", field("x") == 1):
            with pytest.raises(TypeError, match=r"a filter is given as filter="):
                client.feed(URL, filter)
        with pytest.raises(TypeError, match=r"topic.*7"):
            client.feeds(URL).subscribe(7)  # type: ignore[call-overload]  # that is the point
        with pytest.raises(ValueError, match="http"):
            client.feeds("http://x/")
        with pytest.raises(TypeError, match="patience"):
            client.feeds(URL, patience=3)  # type: ignore[call-arg]  # that is the point
        with pytest.raises(TypeError, match=r"policy.*3"):
            client.feeds(URL, policy=3)  # type: ignore[arg-type]  # that is the point
        for policy in ChannelOverflow.DROP_OLDEST, ChannelOverflow.DROP_LATEST, ChannelOverflow.CONFLATE:
            lossy = server.client(WebSockets(channels=channels(incoming=bounded(8, on_overflow=policy))))
            with pytest.raises(ValueError, match="loses nothing"):
                lossy.feed(URL)
        for name in ("filter", "after", "subscribe"):
            with pytest.raises(ValueError, match=f"{name}="):
                client.feed(f"{URL}?x=1&{name}=")


async def test_what_it_looks_like() -> None:
    async with ScriptedServer() as server:
        client = server.client()
        assert repr(client.feed(URL)) == f"feed('{URL}')"
        assert repr(client.feeds("ws://me:secret@x/y").subscribe("z")) == "feed('ws://...@x/y', 'z')"
        assert repr(client.feeds(URL)) == f"<FeedConnection {URL} FeedState.Closed(cause=None)>"

"""A feed whose connection is lost: when it comes back, where it goes on, and when it gives up."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from flowws import Channel, supervisor_scope
from flowws.feeds import (
    FeedClosedError,
    FeedState,
    Gap,
    Position,
    Reconnected,
    ReconnectPolicy,
    Snapshot,
    SubscriptionRefusedError,
)
from flowws.flows import Backoff
from flowws.websocket import CloseReason, HandshakeError, SessionClosedError
from tests.feeds.client.scripted import AT_ONCE, URL, ScriptedServer, gathered

STEADY = Backoff(1, longest=8, jitter=False)
END = {"end": None, "id": 1}


def policy(**options: Any) -> ReconnectPolicy:
    return ReconnectPolicy(STEADY, **options)


async def test_it_resumes_behind_the_last_value(test_scope) -> None:
    async with ScriptedServer() as server:
        values, _ = gathered(server.client().feed(URL, markers=True, policy=AT_ONCE), test_scope)
        line = await server.line()
        await line.begin(1, 2)
        await line.cut(test_scope)
        line = await server.line()
        await line.begin(3, offset=12, after="5-12")
        await line.say(END)
        await line.over()
        assert values == [1, 2, Reconnected(1, resumed=True), 3]


async def test_where_only_the_epoch_is_another_one_it_goes_on_there(test_scope) -> None:
    async with ScriptedServer() as server:
        feed = server.client().feed(URL, policy=AT_ONCE)
        values, _ = gathered(feed, test_scope)
        line = await server.line()
        await line.begin(1, 2)
        await line.say({"progress": "6-12", "id": 1}, {"update": 3, "id": 1, "at": 13})
        await line.cut(test_scope)
        assert feed.position == Position(6, 13)
        line = await server.line()
        await line.expect({"subscribe": "", "id": 1, "after": "6-13"})
        await line.say({"subscribed": "", "id": 1, "at": "7-13", "resumed": True})
        await line.cut(test_scope)
        line = await server.line()
        await line.expect({"subscribe": "", "id": 1, "after": "7-13"})
        await line.say(
            {"subscribed": "", "id": 1, "at": "7-13", "resumed": True}, {"update": 4, "id": 1, "at": 14}, END
        )
        await line.over()
        assert (values, feed.position) == ([1, 2, 3, 4], Position(7, 14))


async def test_what_arrived_before_the_end_of_a_connection_is_not_asked_for_again(test_scope) -> None:
    async with ScriptedServer() as server:
        values, _ = gathered(server.client().feed(URL, policy=AT_ONCE), test_scope)
        line = await server.line()
        line.wire.hold(towards="peer")
        await line.begin(*range(100), offset=0)
        line.session.terminate()
        line.wire.flow()
        line = await server.line()
        request = await line.heard.receive()
        arrived = Position.parse(request["after"]).offset if "after" in request else 0
        await line.say({"subscribed": "", "id": 1, "at": f"5-{arrived}", "resumed": True})
        await line.update(*range(arrived, 100), offset=arrived)
        await line.say(END)
        await line.over()
        assert values == list(range(100))


async def test_a_snapshot_that_did_not_arrive_is_asked_for_again(test_scope) -> None:
    async with ScriptedServer() as server:
        values, _ = gathered(server.client().feed(URL, policy=AT_ONCE, markers=True), test_scope)
        line = await server.line()
        await line.say({"subscribed": "", "id": 1, "resumed": False})
        await line.cut(test_scope)
        line = await server.line()
        await line.expect({"subscribe": "", "id": 1})
        await line.say({"subscribed": "", "id": 1, "resumed": False}, {"snapshot": [1], "id": 1, "at": "5-2"})
        await line.cut(test_scope)
        line = await server.line()
        await line.expect({"subscribe": "", "id": 1, "after": "5-2"})
        await line.say({"subscribed": "", "id": 1, "at": "5-2", "resumed": True}, END)
        await line.over()
        assert values[-3:] == [Reconnected(1, resumed=False), Snapshot([1]), Reconnected(1, resumed=True)]


async def test_a_gap_that_was_not_heard_is_told_by_the_next_connection(test_scope) -> None:
    async with ScriptedServer() as server:
        values, _ = gathered(server.client().feed(URL, after="4-9", policy=AT_ONCE, markers=True), test_scope)
        line = await server.line()
        await line.expect({"subscribe": "", "id": 1, "after": "4-9"})
        await line.say({"subscribed": "", "id": 1, "resumed": False})
        await line.cut(test_scope)
        line = await server.line()
        await line.expect({"subscribe": "", "id": 1, "after": "4-9"})
        gap = {"gap": None, "id": 1, "at": "5-0", "reason": "restart"}
        await line.say({"subscribed": "", "id": 1, "resumed": False}, gap)
        await line.cut(test_scope)
        line = await server.line()
        await line.expect({"subscribe": "", "id": 1})  # the gap is told: what is missing is the snapshot
        await line.say({"subscribed": "", "id": 1, "resumed": False}, {"snapshot": [], "id": 1, "at": "5-1"}, END)
        await line.over()
        assert values == [
            Reconnected(1, resumed=False),
            Gap(None, "restart", Position(5, 0)),
            Reconnected(1, resumed=False),
            Snapshot([]),
        ]


async def test_a_gap_in_the_midst_of_updates_is_not_over_before_its_snapshot(test_scope) -> None:
    async with ScriptedServer() as server:
        feed = server.client().feed(URL, after="5-2", policy=AT_ONCE, markers=True)
        values, _ = gathered(feed, test_scope)
        line = await server.line()
        await line.begin("three", after="5-2", offset=2)
        await line.say({"gap": 3, "id": 1, "at": "5-6", "reason": "trimmed", "then": "snapshot"})
        await line.cut(test_scope)
        assert feed.position == Position(5, 3)
        line = await server.line()
        await line.expect({"subscribe": "", "id": 1})
        await line.say({"subscribed": "", "id": 1, "resumed": False}, {"snapshot": [6], "id": 1, "at": "5-6"}, END)
        await line.over()
        assert values == ["three", Gap(3, "trimmed", Position(5, 6)), Reconnected(1, resumed=False), Snapshot([6])]
        assert feed.position == Position(5, 6)


async def test_a_feed_without_snapshots_goes_on_behind_the_gap(test_scope) -> None:
    async with ScriptedServer() as server:
        values, _ = gathered(server.client().feed(URL, after="5-2", policy=AT_ONCE, markers=True), test_scope)
        line = await server.line()
        gap = {"gap": 3, "id": 1, "at": "5-5", "reason": "trimmed"}
        await line.say({"subscribed": "", "id": 1, "at": "5-5", "resumed": False}, gap)
        await line.cut(test_scope)
        line = await server.line()
        await line.begin("six", after="5-5", offset=5)
        await line.say(END)
        await line.over()
        assert values[0] == Gap(3, "trimmed", Position(5, 5))
        assert values[-1] == "six"


async def test_a_subscription_that_is_over_is_not_asked_for_again(test_scope) -> None:
    async with ScriptedServer() as server:
        connection = server.client().feeds(URL, policy=AT_ONCE)
        gathered(connection.subscribe("one"), test_scope)
        line = await server.line()
        await line.expect({"subscribe": "one", "id": 1})
        let_on = Channel[None]()
        seen: list[Any] = []

        async def slowly(value: Any) -> None:
            seen.append(value)
            await let_on.receive()

        slow = test_scope.launch(connection.subscribe("two").collect, slowly)
        await line.expect({"subscribe": "two", "id": 2})
        await line.say(
            {"subscribed": "one", "id": 1, "at": "5-0", "resumed": False},
            {"subscribed": "two", "id": 2, "at": "5-0", "resumed": False},
            {"update": "last", "id": 2, "at": 1},
            {"end": None, "id": 2},
        )
        await line.cut(test_scope)
        line = await server.line()
        await line.expect({"subscribe": "one", "id": 1, "after": "5-0"})
        await let_on.send(None)
        await slow.join()
        await line.say(END)
        await line.over()
        assert seen == ["last"]
        assert line.heard.is_empty


async def test_the_waits_grow_and_begin_anew_after_a_stable_connection(test_scope) -> None:
    async with ScriptedServer() as server:
        feed = server.client().feed(URL, policy=policy())
        states: list[FeedState] = []
        watching = feed.state.on_each(states.append).launch_in(test_scope)
        _, collecting = gathered(feed, test_scope)
        line = await server.line()
        server.refuse_next(503, 503, 429)
        await line.cut(test_scope)
        line = await server.line()
        assert test_scope.current_time == 1 + 2 + 4 + 8
        await test_scope.advance_time_by(9)
        await line.cut(test_scope)  # it was not stable
        line = await server.line()
        assert test_scope.current_time == 15 + 9 + 8
        await test_scope.advance_time_by(11)
        await line.cut(test_scope)
        line = await server.line()
        assert test_scope.current_time == 32 + 11 + 1
        await collecting.cancel_and_join()
        await watching.cancel_and_join()
        waits = [(state.attempt, state.delay) for state in states if isinstance(state, FeedState.Backoff)]
        assert waits == [(1, 1), (2, 2), (3, 4), (4, 8), (5, 8), (1, 1)]
        causes = [type(state.cause) for state in states if isinstance(state, FeedState.Backoff)]
        assert causes[:4] == [SessionClosedError, HandshakeError, HandshakeError, HandshakeError]
        assert isinstance(states[0], FeedState.Closed)
        assert states[-1] == FeedState.Closed()
        assert sum(isinstance(state, FeedState.Open) for state in states) == 4


async def test_how_many_attempts_it_took_is_told(test_scope) -> None:
    async with ScriptedServer() as server:
        values, _ = gathered(server.client().feed(URL, markers=True, policy=policy()), test_scope)
        line = await server.line()
        await line.begin(1)
        server.refuse_next(500, 503)
        await line.cut(test_scope)
        line = await server.line()
        await line.heard.receive()
        await line.cut(test_scope)  # before the subscription was answered
        line = await server.line()
        await line.begin(after="5-11", offset=11)
        await line.say(END)
        await line.over()
        assert values == [1, Reconnected(4, resumed=True)]


async def test_a_feed_that_begins_while_there_is_no_connection_was_not_reconnected(test_scope) -> None:
    async with ScriptedServer() as server:
        server.refuse_next(503)
        values, _ = gathered(server.client().feed(URL, markers=True, policy=policy()), test_scope)
        line = await server.line()
        await line.begin(1)
        await line.say(END)
        await line.over()
        assert values == [1]


@pytest.mark.parametrize("code", [1002, 1003, 1007, 1008, 1009, 1010, 4000, 4999])
async def test_these_codes_are_fatal(code: int) -> None:
    async with ScriptedServer() as server, supervisor_scope() as scope:
        feed = server.client().feed(URL)
        collecting = scope.async_(feed.to_list)
        line = await server.line()
        await line.begin(1)
        await line.close(code, "that was it")
        with pytest.raises(FeedClosedError, match="that was it") as caught:
            await collecting
        assert caught.value.reason == CloseReason(code, "that was it")
        assert feed.state.value == FeedState.Closed(caught.value)
        assert server.requests == 1


@pytest.mark.parametrize("code", [1000, 1001, 1011, 1012, 1013, 1014, 3000, 3999])
async def test_these_are_not(test_scope, code: int) -> None:
    async with ScriptedServer() as server:
        values, _ = gathered(server.client().feed(URL), test_scope)
        line = await server.line()
        await line.begin(1)
        await line.close(code)
        line = await server.line()
        await line.begin(2, after="5-11", offset=11)
        await line.say(END)
        await line.over()
        assert values == [1, 2]


@pytest.mark.parametrize(("status", "requests"), [(400, 1), (401, 1), (404, 1), (408, 2), (425, 2), (429, 2), (503, 2)])
async def test_whether_a_refused_handshake_is_fatal(test_scope, status: int, requests: int) -> None:
    async with ScriptedServer() as server:
        server.refuse_next(status, 403)
        feed = server.client().feed(URL)
        with pytest.raises(HandshakeError) as caught:
            await feed.to_list()
        assert caught.value.status == (status if requests == 1 else 403)
        assert server.requests == requests
        assert feed.state.value == FeedState.Closed(caught.value)


async def test_attempts_may_be_limited(test_scope) -> None:
    async with ScriptedServer() as server, supervisor_scope() as scope:
        feed = server.client().feed(URL, policy=policy(retries=2))
        collecting = scope.async_(feed.to_list)
        await (await server.line()).cut(test_scope)
        server.refuse_next(503, 502)
        with pytest.raises(HandshakeError) as caught:
            await collecting
        assert caught.value.status == 502
        assert test_scope.current_time == 1 + 2


async def test_what_is_fatal_is_the_policys_to_say(test_scope) -> None:
    async with ScriptedServer() as server, supervisor_scope() as scope:
        asked: list[Exception] = []

        def is_fatal(cause: Exception) -> bool:
            asked.append(cause)
            return isinstance(cause, SessionClosedError) and cause.code == 3001

        collecting = scope.async_(server.client().feed(URL, policy=policy(is_fatal=is_fatal)).to_list)
        await (await server.line()).close(4000)
        server.refuse_next(404)
        await (await server.line()).close(3001)
        with pytest.raises(FeedClosedError):
            await collecting
        assert [type(each) for each in asked] == [SessionClosedError, HandshakeError, SessionClosedError]


async def test_after_the_end_a_new_collection_begins_anew() -> None:
    async with ScriptedServer() as server, supervisor_scope() as scope:
        feed = server.client().feed(URL)
        for _ in range(2):
            collecting = scope.async_(feed.to_list)
            line = await server.line()
            await line.begin(1)
            await line.close(4000)
            with pytest.raises(FeedClosedError):
                await collecting
        assert server.requests == 2


async def test_all_who_share_a_connection_are_told_that_it_is_lost_for_good() -> None:
    async with ScriptedServer() as server, supervisor_scope() as scope:
        connection = server.client().feeds(URL)
        collecting = [scope.async_(connection.subscribe("").to_list) for _ in range(3)]
        line = await server.line()
        for number in 1, 2, 3:
            await line.begin(number=number)
        await line.close(4000)
        for each in collecting:
            with pytest.raises(FeedClosedError):
                await each


async def test_a_fault_of_ours_is_not_met_with_patience() -> None:
    async with ScriptedServer() as server:

        def auth(_: object) -> None:
            raise LookupError("no key")

        with pytest.raises(LookupError, match="no key"):
            await server.client().feed(URL, auth=auth).to_list()


async def test_a_refusal_after_a_reconnect_is_raised(test_scope) -> None:
    async with ScriptedServer() as server, supervisor_scope() as scope:
        collecting = scope.async_(server.client().feed(URL, policy=AT_ONCE).to_list)
        line = await server.line()
        await line.begin(1)
        await line.cut(test_scope)
        await (await server.line()).say({"error": "no such topic any more", "id": 1, "code": "unknown-topic"})
        with pytest.raises(SubscriptionRefusedError):
            await collecting


async def test_nothing_of_all_this_is_logged(test_scope, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="flowws"):
        async with ScriptedServer() as server:
            values, _ = gathered(server.client().feed(URL), test_scope)
            for offset in range(10, 14):
                line = await server.line()
                request: dict[str, Any] = {"after": f"5-{offset}"} if offset > 10 else {}
                await line.begin(offset, offset=offset, **request)
                await line.cut(test_scope)
            line = await server.line()
            await line.say(END)
            await line.over()
    assert values == [10, 11, 12, 13]
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []

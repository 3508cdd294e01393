"""Several feeds over one connection: numbers, filters that change, slow collectors, and the last to leave."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from flowws import Channel, Job
from flowws.feeds import BadFilterError, FeedState, Position, Reconnected, Snapshot, SubscriptionRefusedError
from tests.feeds.client.scripted import AT_ONCE, URL, Line, ScriptedServer, gathered, state_of

END = {"end": None, "id": 1}


async def begun(line: Line, topic: str, number: int, **request: Any) -> None:
    await line.expect({"subscribe": topic, "id": number, **request})
    await line.say({"subscribed": topic, "id": number, "at": "5-0", "resumed": False})


async def test_all_feeds_share_one_connection_which_the_last_takes_along(test_scope) -> None:
    async with ScriptedServer() as server:
        connection = server.client().feeds(URL)
        one, first = gathered(connection.subscribe("one"), test_scope)
        line = await server.line()
        await begun(line, "one", 1)
        two, second = gathered(connection.subscribe("two", filter="big"), test_scope)
        await begun(line, "two", 2, filter="big")
        await line.update("a", offset=0)
        await line.update("b", number=2, offset=3)
        await test_scope.run_current()
        assert (one, two) == (["a"], ["b"])
        assert state_of(connection) == FeedState.Open()
        await first.cancel_and_join()
        await line.expect({"unsubscribe": 1})
        await line.update("nobody's", offset=1)
        await line.update("c", number=2, offset=4)
        await test_scope.run_current()
        assert (one, two) == (["a"], ["b", "c"])
        assert line.session.is_active
        await second.cancel_and_join()
        assert (await line.over()).code == 1001
        assert state_of(connection) == FeedState.Closed()
        assert server.requests == 1


async def test_a_number_is_given_again_when_the_server_has_let_go_of_it(test_scope) -> None:
    async with ScriptedServer() as server:
        connection = server.client().feeds(URL)
        gathered(connection.subscribe("keep"), test_scope)
        line = await server.line()
        await begun(line, "keep", 1)
        _, job = gathered(connection.subscribe("first"), test_scope)
        await begun(line, "first", 2)
        await job.cancel_and_join()
        await line.expect({"unsubscribe": 2})
        values, job = gathered(connection.subscribe("second"), test_scope)
        await begun(line, "second", 3)
        await line.update("late", number=2, offset=7)
        await line.say({"unsubscribed": 2})
        await test_scope.run_current()
        more, _ = gathered(connection.subscribe("third"), test_scope)
        await begun(line, "third", 2)
        await line.update("mine", number=2, offset=7)
        await line.say({"end": None, "id": 2}, {"end": None, "id": 3}, END)
        await line.over()
        assert (values, more) == ([], ["mine"])


async def test_an_end_that_crosses_the_farewell_does_no_harm(test_scope) -> None:
    async with ScriptedServer() as server:
        connection = server.client().feeds(URL)
        gathered(connection.subscribe("keep"), test_scope)
        line = await server.line()
        await begun(line, "keep", 1)
        _, job = gathered(connection.subscribe("other"), test_scope)
        await begun(line, "other", 2)
        await job.cancel_and_join()
        await line.expect({"unsubscribe": 2})
        await line.say({"end": None, "id": 2}, {"error": "there is no 2", "id": 2, "code": "unknown-id"})
        await test_scope.run_current()
        gathered(connection.subscribe("next"), test_scope)
        await begun(line, "next", 2)
        await line.say({"end": None, "id": 2}, END)
        await line.over()


async def test_a_subscription_that_the_server_ends_by_itself_is_over(test_scope) -> None:
    async with ScriptedServer() as server:
        values, job = gathered(server.client().feed(URL), test_scope)
        line = await server.line()
        await line.begin(1)
        await line.say({"unsubscribed": 1})
        await job.join()
        assert values == [1]


async def test_who_comes_while_the_last_leaves_gets_a_connection_of_his_own(test_scope) -> None:
    async with ScriptedServer() as server:
        connection = server.client().feeds(URL)
        _, job = gathered(connection.subscribe(""), test_scope)
        line = await server.line()
        await line.begin(1)
        line.wire.hold()
        job.cancel()
        await test_scope.run_current()
        assert not job.is_completed  # the farewell does not get through
        values, _ = gathered(connection.subscribe(""), test_scope)
        second = await server.line()
        await second.begin(2)
        line.wire.flow()
        await line.over()
        assert state_of(connection) == FeedState.Open()
        await second.say(END)
        await second.over()
        assert values == [2]


# Another filter


async def test_another_filter_without_reconnecting(test_scope) -> None:
    async with ScriptedServer() as server:
        feed = server.client().feed(URL, filter="saves", markers=True)
        values, _ = gathered(feed, test_scope)
        line = await server.line()
        await line.begin(1, filter="saves")
        switching = test_scope.launch(feed.set_filter, "deletes")
        await line.expect({"filter": "deletes", "id": 1})
        await line.update(2, offset=11)
        await test_scope.run_current()
        assert not switching.is_completed
        await line.say({"filter": "deletes", "id": 1}, {"snapshot": ["x"], "id": 1, "at": "5-12"})
        await switching.join()
        await line.update(3, offset=12)
        await line.say(END)
        await line.over()
        assert values == [1, 2, Snapshot(["x"]), 3]


@pytest.mark.parametrize("connections", [1, 3])
async def test_a_switch_survives_the_connection(test_scope, connections: int) -> None:
    async with ScriptedServer() as server:
        feed = server.client().feed(URL, filter="old", markers=True, policy=AT_ONCE)
        values, _ = gathered(feed, test_scope)
        line = await server.line()
        await line.begin("old", filter="old")
        switching = test_scope.launch(feed.set_filter, "new")
        await line.expect({"filter": "new", "id": 1})
        for _ in range(connections):
            await line.cut(test_scope)
            line = await server.line()
            await line.expect({"subscribe": "", "id": 1, "filter": "old", "after": "5-11"})
            await line.expect({"filter": "new", "id": 1})
        await line.say({"subscribed": "", "id": 1, "at": "5-11", "resumed": True})
        await line.update("still old", offset=11)
        assert not switching.is_completed
        await line.say({"filter": "new", "id": 1})
        await switching.join()
        await line.cut(test_scope)  # before the snapshot
        line = await server.line()
        await line.expect({"subscribe": "", "id": 1, "filter": "new"})
        await line.say({"subscribed": "", "id": 1, "resumed": False}, {"snapshot": ["new"], "id": 1, "at": "5-14"}, END)
        await line.over()
        assert values[0] == "old"
        assert values[-3:] == ["still old", Reconnected(1, resumed=False), Snapshot(["new"])]


async def test_a_filter_that_the_server_does_not_know_leaves_the_old_one_in_force(test_scope) -> None:
    async with ScriptedServer() as server:
        feed = server.client().feed(URL, filter="saves", policy=AT_ONCE)
        values, _ = gathered(feed, test_scope)
        line = await server.line()
        await line.begin(1, filter="saves")

        async def refused() -> None:
            with pytest.raises(SubscriptionRefusedError, match="no filter named"):
                await feed.set_filter("births")

        asking = test_scope.launch(refused)
        await line.expect({"filter": "births", "id": 1})
        await line.say({"error": "this feed has no filter named 'births'", "id": 1, "code": "bad-filter"})
        await asking.join()
        await line.update(2, offset=11)
        await line.cut(test_scope)
        line = await server.line()
        await line.begin(3, filter="saves", after="5-12", offset=12)
        await line.say(END)
        await line.over()
        assert values == [1, 2, 3]


async def test_every_collection_of_a_feed_changes_its_filter_and_so_do_those_to_come(test_scope) -> None:
    async with ScriptedServer() as server:
        feed = server.client().feed(URL)
        gathered(feed, test_scope)
        line = await server.line()
        await line.begin()
        gathered(feed, test_scope)
        await line.begin(number=2)
        asking = test_scope.launch(feed.set_filter, ["eq", "city", "London"])
        for number in 1, 2:
            await line.expect({"filter": ["eq", "city", "London"], "id": number})
        for number in 1, 2:
            assert not asking.is_completed
            await line.say({"filter": ["eq", "city", "London"], "id": number, "at": "5-10"})
        await asking.join()
        gathered(feed, test_scope)
        await line.begin(number=3, filter=["eq", "city", "London"])
        for number in 1, 2, 3:
            await line.say({"end": None, "id": number})
        await line.over()
        await feed.set_filter(None)  # nobody is asked


async def test_several_changes_at_once_are_answered_in_their_order(test_scope) -> None:
    async with ScriptedServer() as server:
        feed = server.client().feed(URL)
        gathered(feed, test_scope)
        line = await server.line()
        await line.begin()
        asking: list[Job] = []
        for name in "abc":
            asking.append(test_scope.launch(feed.set_filter, name))
            await line.expect({"filter": name, "id": 1})
        asking[1].cancel()
        for index, name in enumerate("abc"):
            await line.say({"filter": name, "id": 1, "at": "5-10"})
            await asking[index].join()
        await line.say(END)
        await line.over()


@pytest.mark.parametrize("answers", [(False, True), (True, False), (False, False)])
async def test_of_several_changes_at_once_some_may_be_refused(test_scope, answers: tuple[bool, bool]) -> None:
    async with ScriptedServer() as server:
        feed = server.client().feed(URL, filter="old")
        gathered(feed, test_scope)
        line = await server.line()
        await line.begin(filter="old")

        async def ask(name: str, is_known: bool) -> None:
            try:
                await feed.set_filter(name)
            except SubscriptionRefusedError:
                assert not is_known

        for name, is_known in zip("ab", answers, strict=True):
            test_scope.launch(ask, name, is_known)
            await line.expect({"filter": name, "id": 1})
        in_force = "old"
        for name, is_known in zip("ab", answers, strict=True):
            if is_known:
                in_force = name
                await line.say({"filter": name, "id": 1, "at": "5-10"})
            else:
                await line.say({"error": "no", "id": 1, "code": "bad-filter"})
        await test_scope.run_current()
        gathered(feed, test_scope)
        await line.begin(number=2, filter=in_force)
        await line.say(END, {"end": None, "id": 2})
        await line.over()


async def test_what_is_no_filter_is_refused_at_the_door() -> None:
    async with ScriptedServer() as server:
        with pytest.raises(BadFilterError, match="empty"):
            await server.client().feed(URL).set_filter([])


async def test_who_waits_for_a_filter_is_let_go_when_the_collection_ends(test_scope) -> None:
    async with ScriptedServer() as server:
        feed = server.client().feed(URL)
        gathered(feed, test_scope)
        line = await server.line()
        await line.begin()
        asking = test_scope.launch(feed.set_filter, "new")
        await line.expect({"filter": "new", "id": 1})
        await line.say(END)
        await asking.join()
        await line.over()


# Slow collectors


async def test_a_filter_may_be_changed_from_inside_the_loop_however_much_waits(test_scope) -> None:
    async with ScriptedServer() as server:
        feed = server.client().feed(URL)
        line: Line

        async def collect() -> list[Any]:
            values: list[Any] = []
            async for value in feed:
                if value == 0:
                    await line.update(*range(1, 500), offset=11)
                    test_scope.launch(answer)
                    await feed.set_filter("new")
                values.append(value)
            return values

        async def answer() -> None:
            await line.expect({"filter": "new", "id": 1})
            await line.update(*range(500, 1000), offset=600)
            await line.say({"filter": "new", "id": 1, "at": "5-2000"}, END)

        collecting = test_scope.async_(collect)
        line = await server.line()
        await line.begin(0)
        assert await collecting == list(range(1000))


async def test_a_slow_collector_slows_the_server_and_loses_nothing(test_scope) -> None:
    async with ScriptedServer(capacity=4096) as server:
        let_on, seen = Channel[None](Channel.UNLIMITED), list[Any]()

        async def slowly(value: Any) -> None:
            seen.append(value)
            await let_on.receive()

        collecting = test_scope.launch(server.client().feed(URL).collect, slowly)
        line = await server.line()
        await line.begin()
        sent = 0

        async def tell() -> None:
            nonlocal sent
            for sent in range(5000):
                await line.update(sent, offset=10 + sent)
            await line.say(END)

        test_scope.launch(tell)
        await test_scope.run_current()
        assert sent < 1000
        assert seen == [0]
        for _ in range(5000):
            let_on.try_send(None)
        await collecting.join()
        assert seen == list(range(5000))


async def test_a_slow_collector_that_leaves_lets_the_others_go_on(test_scope) -> None:
    async with ScriptedServer() as server:
        connection = server.client().feeds(URL)

        async def never(_: Any) -> None:
            await anyio.sleep_forever()

        slow = test_scope.launch(connection.subscribe("").collect, never)
        line = await server.line()
        await line.begin()
        values, _ = gathered(connection.subscribe(""), test_scope)
        await line.begin(number=2)
        await line.update(*range(200), offset=11)
        await line.update("behind", number=2, offset=300)
        await test_scope.run_current()
        assert values == []
        await slow.cancel_and_join()
        await test_scope.run_current()
        assert values == ["behind"]
        await line.say({"end": None, "id": 2})
        await line.over()


async def test_what_a_slow_collector_has_not_taken_when_the_connection_is_lost_is_his(test_scope) -> None:
    async with ScriptedServer() as server:
        let_on, seen = Channel[None](Channel.UNLIMITED), list[Any]()

        async def slowly(value: Any) -> None:
            seen.append(value)
            await let_on.receive()

        collecting = test_scope.launch(server.client().feed(URL, policy=AT_ONCE).collect, slowly)
        line = await server.line()
        await line.begin(*range(150), offset=0)
        await line.cut(test_scope)
        for _ in range(160):
            let_on.try_send(None)
        line = await server.line()
        arrived = Position.parse((await line.heard.receive())["after"]).offset
        assert 64 <= arrived <= 150
        await line.say({"subscribed": "", "id": 1, "at": f"5-{arrived}", "resumed": True})
        await line.update(*range(arrived, 155), offset=arrived)
        await line.say(END)
        await collecting.join()
        assert seen == list(range(155))

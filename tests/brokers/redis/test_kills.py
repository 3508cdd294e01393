"""The server is killed while many write and read."""

from __future__ import annotations

import random
from itertools import pairwise

from flowws import coroutine_scope
from flowws.brokers import BrokeredSharedFlow, Gap, GapReason, RedisBroker
from flowws.brokers.redis import RedisTopic

from .conftest import StartRedis
from .heard import Heard, listen
from .server import RedisServer

COUNT, KILLS = 3000, 5


async def test_a_server_that_keeps_its_log_loses_and_doubles_nothing_however_often_it_is_killed(
    start_redis: StartRedis,
):
    heard, lost = await what_is_heard(await start_redis(appendonly="yes", appendfsync="always"))
    assert heard.items == list(range(COUNT))
    assert lost == 0


async def test_a_server_that_keeps_its_log_a_bit_late_says_exactly_what_it_has_lost(start_redis: StartRedis):
    """With ``everysec`` a server that is killed may lose what it has acknowledged, if its disk was busy right then.

    Who has seen it hears of a rollback; who has written it is told, too. What was not acknowledged is written again.
    """
    heard, lost = await what_is_heard(await start_redis(appendonly="yes", appendfsync="everysec"))
    assert {gap.reason for gap in heard.gaps} <= {GapReason.ROLLBACK}
    rolled_back = sum(gap.missing or 0 for gap in heard.gaps)
    assert len(heard.values) - rolled_back + lost == COUNT
    for item, following in pairwise(heard.items):
        if not isinstance(item, Gap) and not isinstance(following, Gap):
            assert following > item, "out of order"
    assert heard.gaps or lost or heard.items == list(range(COUNT))


async def what_is_heard(server: RedisServer) -> tuple[Heard, int]:
    """Many numbers, while the server is killed again and again; and how many of the acknowledged ones it has lost."""
    async with RedisBroker(server.url) as here, RedisBroker(server.url) as there:
        numbers = here.shared_flow("numbers", int)
        heard = await listen(there)
        async with coroutine_scope() as scope:
            scope.launch(emit, numbers, 0, COUNT)
            for moment in sorted(random.sample(range(COUNT - 100), KILLS)):
                await heard.until_at_least(moment)
                await server.restart()
            await heard.until_value(COUNT - 1)
        await numbers.flush()
        assert isinstance(numbers._topic, RedisTopic)
        return heard, numbers._topic.lost


async def test_a_server_that_keeps_nothing_is_a_reset_each_time_and_what_comes_then_arrives(start_redis: StartRedis):
    server = await start_redis()
    async with RedisBroker(server.url) as here, RedisBroker(server.url) as there:
        numbers = here.shared_flow("numbers", int)
        heard = await listen(there)
        for round in range(KILLS):
            await emit(numbers, round * 100, round * 100 + 100)
            await heard.until_value(round * 100 + 99)
            await server.restart()
        await emit(numbers, 500, 600)
        await heard.until_value(599)
        assert heard.values == list(range(600))
        assert [gap.reason for gap in heard.gaps] == [GapReason.RESET] * KILLS
        assert [gap.missing for gap in heard.gaps] == [None] * KILLS
        resets = [place for place, item in enumerate(heard.items) if item in heard.gaps]
        assert resets == [100, 201, 302, 403, 504]


async def emit(numbers: BrokeredSharedFlow[int], first: int, end: int) -> None:
    """Many small batches, so that a kill finds something on its way."""
    for number in range(first, end):
        await numbers.emit(number)
        if number % 10 == 9:
            await numbers.flush()

"""Who has left hears nothing more, however far its job has come."""

from __future__ import annotations

import gc
from typing import Any

from flowws import MutableSharedFlow
from flowws._core import Waiter, new_waiter
from flowws.feeds import Feed
from flowws.feeds.filters import EVERYTHING, Filter
from flowws.feeds.server._hub import Hub
from flowws.feeds.server._subscription import Subscription
from flowws.testing import TestScope
from flowws.websocket import SharedMessage


class SlowSession:
    """Takes messages one by one: each when the test says so."""

    def __init__(self, scope: TestScope) -> None:
        self.launch = scope.launch
        self.asked: list[SharedMessage] = []
        self.taken: Waiter[None]

    def try_send_shared(self, message: SharedMessage) -> bool:
        return False

    async def send_shared(self, message: SharedMessage) -> None:
        self.asked.append(message)
        self.taken = new_waiter()
        await self.taken

    async def flush(self) -> None:
        """Nothing waits."""


async def test_a_job_that_is_about_to_go_on_says_nothing_more(test_scope: TestScope) -> None:
    news = MutableSharedFlow[int]()
    hub = Hub(Feed(news))
    session: Any = SlowSession(test_scope)
    subscription = Subscription(session, hub, "", 1, lambda _: None)
    subscription.begin(EVERYTHING, None)
    await test_scope.run_current()
    await news.emit(1)
    await test_scope.run_current()
    assert len(session.asked) == 1  # that it is subscribed; the update waits
    session.taken.set_result(None)
    subscription.leave()
    await test_scope.run_current()
    assert len(session.asked) == 1
    assert hub.members.value == 0
    hub.close()


async def test_an_end_that_is_being_said_leaves_the_id_to_who_has_it_then(test_scope: TestScope) -> None:
    news = MutableSharedFlow[int]()
    hub = Hub(Feed(news))
    session: Any = SlowSession(test_scope)
    forgotten: list[int] = []
    subscription = Subscription(session, hub, "", 1, forgotten.append)
    subscription.begin(EVERYTHING, None)
    await test_scope.run_current()
    session.taken.set_result(None)
    await test_scope.run_current()
    news.close()
    await test_scope.run_current()
    assert len(session.asked) == 2  # that it is subscribed, and the end
    session.taken.set_result(None)
    subscription.leave()  # and the client may have subscribed under this id again
    await test_scope.run_current()
    assert forgotten == []


async def test_a_snapshot_that_nobody_waits_for_is_let_go(test_scope: TestScope) -> None:
    async def snapshot(_: Filter) -> list[int]:
        return [1]

    hub = Hub(Feed(MutableSharedFlow[int](), snapshot=snapshot))
    session: Any = SlowSession(test_scope)
    subscription = Subscription(session, hub, "", 1, lambda _: None)
    subscription.begin(EVERYTHING, None)
    await test_scope.run_current()
    assert len(session.asked) == 1  # that it is subscribed
    subscription.leave()
    await test_scope.run_current()
    gc.collect()  # or a coroutine that was never awaited says so, and a warning is an error
    hub.close()

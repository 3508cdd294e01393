"""Who has left hears nothing more, however far its job has come."""

from __future__ import annotations

from typing import Any

from flowws import MutableSharedFlow
from flowws._core import Waiter, new_waiter
from flowws.feeds import Feed
from flowws.feeds.filters import EVERYTHING
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

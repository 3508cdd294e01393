"""Which timers keep `advance_until_idle` waiting."""

from __future__ import annotations

from flowws import delay, non_cancellable, yield_now
from flowws.testing import TestScope


async def test_background_work_that_cannot_be_cancelled_stays_background_work(test_scope: TestScope) -> None:
    async def heartbeat() -> None:
        while True:
            with non_cancellable():
                await delay(1)
            await yield_now()

    test_scope.background_scope.launch(heartbeat)
    await test_scope.advance_until_idle()
    assert test_scope.current_time == 0

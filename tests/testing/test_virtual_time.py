"""How time moves on the loops of `run_test` and `test_scope`: facts K320 to K325, and real I/O beside it."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import timedelta

import anyio
import anyio.abc
import anyio.to_thread
import pytest
import trio

from flowws import Channel, CompletableDeferred, MutableStateFlow, coroutine_scope, delay, yield_now
from flowws.testing import TestScope, run_test


async def log_after(seconds: float, log: list[float], scope: TestScope) -> None:
    await delay(seconds)
    log.append(scope.current_time)


# ------------------------------------------------------------------------------------------------ time jumps when idle


async def test_time_starts_at_zero_and_jumps_only_when_nothing_can_run(test_scope: TestScope) -> None:
    """K320"""
    assert test_scope.current_time == 0
    for _ in range(100):
        await yield_now()
    assert test_scope.current_time == 0
    began = time.monotonic()
    await delay(3600)
    assert test_scope.current_time == 3600
    assert time.monotonic() - began < 5


async def test_every_clock_of_the_loop_says_the_same(test_scope: TestScope, anyio_backend_name: str) -> None:
    """K335: anyio.sleep, the loop's own sleep, time-outs and deadlines all obey."""
    began = anyio.current_time()
    await anyio.sleep(10)
    if anyio_backend_name == "trio":
        await trio.sleep(10)
        with trio.move_on_after(10):
            await trio.sleep_forever()
    else:
        await asyncio.sleep(10)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10):
                await asyncio.Event().wait()
    with anyio.move_on_after(10) as limit:
        await anyio.sleep_forever()
    assert limit.cancelled_caught
    assert anyio.current_time() - began == test_scope.current_time == 40


async def test_a_million_seconds_in_steps(test_scope: TestScope) -> None:
    for _ in range(1000):
        await delay(1000)
    assert test_scope.current_time == 1_000_000


async def test_what_is_due_earlier_runs_earlier(test_scope: TestScope) -> None:
    log: list[float] = []
    for seconds in (3, 1, 2.5, 0.1):
        test_scope.launch(log_after, seconds, log, test_scope)
    await delay(5)
    assert log == [0.1, 1, 2.5, 3]


@pytest.mark.asyncio_only("trio runs tasks that become runnable together in an order that it draws by lot")
async def test_events_at_one_moment_run_in_the_order_of_their_scheduling(test_scope: TestScope) -> None:
    """K321"""
    log: list[int] = []

    async def at_one(number: int) -> None:
        await delay(1)
        log.append(number)

    for number in range(50):
        test_scope.launch(at_one, number)
    await delay(2)
    assert log == list(range(50))


@pytest.mark.asyncio_only("the heap of timers is ours on asyncio alone")
async def test_cancelled_timers_do_not_pile_up(test_scope: TestScope) -> None:
    for _ in range(1000):
        with anyio.fail_after(3600):
            await yield_now()
    loop = asyncio.get_running_loop()
    assert len(loop._timers) < 250  # type: ignore[attr-defined]  # of our own loop class


# -------------------------------------------------------------------------------------------------- driven by hand


async def test_advance_time_by_excludes_its_end(test_scope: TestScope) -> None:
    """K322"""
    log: list[float] = []
    for seconds in (1, 2, 3):
        test_scope.launch(log_after, seconds, log, test_scope)
    await test_scope.advance_time_by(2)
    assert log == [1]
    assert test_scope.current_time == 2
    await test_scope.run_current()
    assert log == [1, 2]
    await test_scope.advance_time_by(timedelta(seconds=0.5))
    assert test_scope.current_time == 2.5
    assert log == [1, 2]


async def test_run_current_runs_what_becomes_due_now_too(test_scope: TestScope) -> None:
    """K323"""
    log: list[str] = []

    async def first() -> None:
        test_scope.launch(second)
        log.append("first")

    async def second() -> None:
        await yield_now()
        log.append("second")
        await delay(0.001)
        log.append("later")

    test_scope.launch(first)
    await test_scope.run_current()
    assert log == ["first", "second"]
    assert test_scope.current_time == 0


async def test_advance_until_idle_stops_when_only_background_work_is_left(test_scope: TestScope) -> None:
    """K324: background tasks due earlier than foreground ones run on the way."""
    log: list[float] = []
    ticks: list[float] = []

    async def tick() -> None:
        while True:
            await delay(1)
            ticks.append(test_scope.current_time)

    test_scope.background_scope.launch(tick)
    test_scope.launch(log_after, 3.5, log, test_scope)
    await test_scope.advance_until_idle()
    assert log == [3.5]
    assert ticks == [1, 2, 3]
    await test_scope.advance_until_idle()
    assert test_scope.current_time == 3.5


async def test_advance_until_idle_goes_on_while_there_is_foreground_work(test_scope: TestScope) -> None:
    log: list[float] = []

    async def work() -> None:
        for _ in range(3):
            await log_after(10, log, test_scope)
        with anyio.move_on_after(7):
            await anyio.sleep_forever()
        log.append(test_scope.current_time)

    test_scope.launch(work)
    await test_scope.advance_until_idle()
    assert log == [10, 20, 30, 37]


@pytest.mark.parametrize("duration", [-1, timedelta(seconds=-1)])
async def test_a_negative_advance_is_refused(test_scope: TestScope, duration: float) -> None:
    """K325"""
    with pytest.raises(ValueError, match="time does not go backwards"):
        await test_scope.advance_time_by(duration)
    assert test_scope.current_time == 0


@pytest.mark.parametrize("duration", [float("inf"), 1e308])
async def test_a_huge_advance_ends_at_the_end_of_the_clock(test_scope: TestScope, duration: float) -> None:
    """K325"""
    log: list[float] = []
    test_scope.launch(log_after, 1e9, log, test_scope)
    await test_scope.advance_time_by(duration)
    await test_scope.advance_time_by(duration)
    assert log == [1e9]
    assert 1e308 <= test_scope.current_time < float("inf")


async def test_two_tasks_may_drive_at_once(test_scope: TestScope) -> None:
    log: list[float] = []

    async def drive(seconds: float) -> None:
        await test_scope.scheduler.advance_time_by(seconds)
        log.append(test_scope.current_time)

    async with coroutine_scope() as scope:
        for seconds in (3, 1, 2):
            scope.launch(drive, seconds)
    assert log == [1, 2, 3]


async def test_a_driver_that_is_cancelled_leaves_the_clock_alone(test_scope: TestScope) -> None:
    driver = test_scope.launch(test_scope.advance_time_by, 1000)
    await test_scope.advance_time_by(1)
    await driver.cancel_and_join()
    assert test_scope.current_time == 1
    await delay(1)
    assert test_scope.current_time == 2


async def test_the_time_source_is_a_clock_to_hand_over(test_scope: TestScope) -> None:
    clock = test_scope.time_source
    await delay(7)
    assert clock() == test_scope.scheduler.time_source() == 7
    assert repr(test_scope.scheduler) == "<TestScheduler at 7 s>"


async def test_wait_all_tasks_blocked_comes_before_time(test_scope: TestScope, anyio_backend_name: str) -> None:
    test_scope.launch(delay, 100)
    await anyio.wait_all_tasks_blocked()
    assert test_scope.current_time == 0


# --------------------------------------------------------------------------------------------------------- real I/O


@pytest.mark.test_scope(real_io=True)
async def test_time_stands_still_while_a_socket_is_busy(test_scope: TestScope) -> None:
    """K335"""

    async def shout(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            async for data in stream:
                await stream.send(data.upper())

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        serving = test_scope.launch(listener.serve, shout)
        port: int = listener.extra(anyio.abc.SocketAttribute.local_port)
        with anyio.fail_after(1):
            async with await anyio.connect_tcp("127.0.0.1", port) as stream:
                for _ in range(10):
                    await stream.send(b"hello")
                    assert await stream.receive() == b"HELLO"
        assert test_scope.current_time == 0
        await delay(3600)
        assert test_scope.current_time == 3600
        await serving.cancel_and_join()


@pytest.mark.test_scope(real_io=0.001)
async def test_time_stands_still_while_a_worker_thread_works(test_scope: TestScope, anyio_backend_name: str) -> None:
    """K335: code on real threads takes real time."""
    goes_on = threading.Event()
    threading.Timer(0.1, goes_on.set).start()
    with anyio.fail_after(0.5):
        assert await anyio.to_thread.run_sync(goes_on.wait, 5)
        if anyio_backend_name == "asyncio":
            assert await asyncio.to_thread(goes_on.wait, 5)
    assert test_scope.current_time == 0


def test_the_end_of_the_loop_waits_for_threads_in_real_time() -> None:
    """The loop's own time-out for them would pass at once."""
    goes_on = threading.Event()

    async def test(_: TestScope) -> None:
        waiting = asyncio.get_running_loop().run_in_executor(None, goes_on.wait, 5)
        assert not waiting.done()
        threading.Timer(0.05, goes_on.set).start()

    run_test(test)
    assert goes_on.is_set()


async def test_a_thread_wakes_an_idle_loop_without_being_asked_for(test_scope: TestScope) -> None:
    """Nothing waits for time, so the loop waits for the world."""
    assert await anyio.to_thread.run_sync(lambda: 42) == 42
    assert test_scope.current_time == 0


async def test_real_io_is_an_affair_of_one_test(test_scope: TestScope) -> None:
    assert test_scope._clock.quiet == 0


async def test_a_channel_and_a_promise_need_no_time(test_scope: TestScope) -> None:
    channel, promise = Channel[int](), CompletableDeferred[int]()
    test_scope.launch(channel.send, 1)
    promise.complete(await channel.receive())
    assert await promise == 1
    assert test_scope.current_time == 0


async def test_a_state_flow_conflates_unless_the_collector_gets_its_turn(test_scope: TestScope) -> None:
    """K327: no loop of Python resumes a collector inline, hence no eager mode; `run_current` gives it its turn."""
    state, seen = MutableStateFlow(0), list[int]()
    state.on_each(seen.append).launch_in(test_scope.background_scope)
    await test_scope.run_current()
    for value in (1, 2, 3):
        state.value = value
    await test_scope.run_current()
    assert seen == [0, 3]
    for value in (4, 5):
        state.value = value
        await test_scope.run_current()
    assert seen == [0, 3, 4, 5]

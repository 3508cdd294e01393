"""How a message reaches the task that waits for it: inside the engine's call, or soon after."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from traceback import extract_stack
from typing import Any

import anyio
import pytest

from flowws._core import new_waiter
from flowws.websocket import Frame, WebSocketClient, WebSocketServer
from flowws.websocket.engines import hand_over_soon
from flowws.websocket.engines._picows_hand_over import hand_over_now

pytestmark = pytest.mark.parametrize("anyio_backend", ["asyncio"])

place: ContextVar[str] = ContextVar("place", default="nowhere")


async def receiving(waiters, heard):
    place.set("the task")
    for waiter in waiters:
        heard.append((await waiter, place.get()))


def in_a_callback(*calls):
    """Make calls as the loop makes them: outside every task."""
    done = asyncio.get_running_loop().create_future()

    def make() -> None:
        assert asyncio.current_task() is None
        for call in calls:
            call()
        done.set_result(None)

    asyncio.get_running_loop().call_soon(make)
    return done


async def test_the_task_goes_on_inside_the_call_with_its_own_context():
    waiters = [new_waiter(), new_waiter()]
    heard: list[Any] = []
    seen: list[Any] = []
    task = asyncio.create_task(receiving(waiters, heard))
    await asyncio.sleep(0)
    await in_a_callback(
        lambda: hand_over_now(waiters[0], 1),
        lambda: seen.append(list(heard)),
        lambda: hand_over_now(waiters[1], 2),
        lambda: seen.append(task.done()),
    )
    assert seen == [[(1, "the task")], True]
    assert heard == [(1, "the task"), (2, "the task")]
    assert place.get() == "nowhere"


async def test_soon_is_a_turn_of_its_own():
    waiters = [new_waiter()]
    heard: list[Any] = []
    seen: list[Any] = []
    task = asyncio.create_task(receiving(waiters, heard))
    await asyncio.sleep(0)
    await in_a_callback(lambda: hand_over_soon(waiters[0], 1), lambda: seen.append(list(heard)))
    await task
    assert (seen, heard) == ([[]], [(1, "the task")])


async def test_a_waiter_that_nobody_awaits_yet_keeps_the_value():
    waiter = new_waiter()
    hand_over_now(waiter, 1)
    assert await waiter == 1


async def test_a_waiter_with_several_who_want_to_know_tells_them_all():
    waiter = new_waiter()
    heard: list[Any] = []
    tasks = [asyncio.create_task(receiving([waiter], heard)) for _ in range(2)]
    await asyncio.sleep(0)
    await in_a_callback(lambda: hand_over_now(waiter, 1))
    await asyncio.gather(*tasks)
    assert heard == [(1, "the task")] * 2


async def test_what_the_task_fails_with_is_its_own():
    waiter = new_waiter()

    async def fail():
        await waiter
        raise ValueError("mine")

    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    await in_a_callback(lambda: hand_over_now(waiter, 1))
    with pytest.raises(ValueError, match="mine"):
        await task


async def test_a_handler_goes_on_inside_the_reading_of_its_message():
    app = WebSocketServer()
    inside: list[bool] = []

    @app.websocket("/")
    async def echo(session):
        async for frame in session.incoming:
            inside.append("buffer_updated" in {each.name for each in extract_stack()})
            await session.send(frame)

    async with app.serve("127.0.0.1", 0, engine="picows") as server:
        client = WebSocketClient(engine="picows")
        async with client.websocket(f"ws://127.0.0.1:{server.port}/") as session:
            for number in range(3):
                await session.send(f"{number}")
                assert await session.incoming.receive() == Frame.Text(f"{number}")
    assert inside == [True] * 3


@pytest.mark.parametrize("end", ["terminate", "cancel", "fail"])
async def test_a_handler_may_end_its_session_there(end, caplog):
    app = WebSocketServer()

    @app.websocket("/")
    async def ending(session):
        await session.incoming.receive()
        if end == "fail":
            raise ValueError("the handler's own")
        getattr(session, end)()

    async with app.serve("127.0.0.1", 0, engine="picows") as server:
        client = WebSocketClient(engine="picows")
        async with client.websocket(f"ws://127.0.0.1:{server.port}/") as session:
            await session.send("end")
            assert (await session.close_reason).code == {"terminate": 1006, "cancel": 1001, "fail": 1011}[end]


async def test_a_handler_that_is_cancelled_while_it_waits_leaves_the_message_to_the_next():
    app = WebSocketServer()
    heard: list[Any] = []

    @app.websocket("/")
    async def twice(session):
        with anyio.CancelScope() as scope:
            session.launch(lambda: ended(scope))
            await session.incoming.receive()
        heard.append(scope.cancelled_caught)
        heard.append(await session.incoming.receive())

    async def ended(scope):
        scope.cancel()

    async with app.serve("127.0.0.1", 0, engine="picows") as server:
        client = WebSocketClient(engine="picows")
        async with client.websocket(f"ws://127.0.0.1:{server.port}/") as session:
            await session.send("x")
            await session.close_reason
    assert heard == [True, Frame.Text("x")]

"""`flush`, `terminate`, `close_exceptionally`, and what `close` ends."""

from __future__ import annotations

import anyio
import pytest

from flowws import CancellationError, delay
from flowws.testing import conversation
from flowws.websocket import WebSockets, WebSocketServer
from tests.websocket.stalling import held_back, let_go


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


def talk(handler, *, raw=False, raw_session=False, **more):
    app = WebSocketServer(WebSockets(**more))
    (app.websocket_raw if raw_session else app.websocket)("/")(handler)
    return conversation(app, "/", raw=raw)


@pytest.mark.parametrize("raw_session", [False, True])
async def test_w45_flush_waits_for_what_was_sent_before(test_scope, raw_session):
    """W45, E15"""

    async def handler(session):
        await session.flush()
        held_back(session)
        await session.send("queued")

        @session.launch
        async def later():
            await delay(5)
            let_go(session)

        await session.flush()
        assert test_scope.current_time >= 5
        assert session.stats.outgoing_waiting == 0
        await session.send("done")

    async with talk(handler, raw_session=raw_session) as peer:
        await peer.expect_text("queued", timeout=10)
        await peer.expect_text("done")


async def test_w44_flush_returns_after_the_end(test_scope):
    """W44"""
    flushed = []

    async def reader(session):
        async for _ in session.incoming:
            pass
        await session.flush()
        flushed.append("closed")

    async with talk(reader) as peer:
        await peer.expect_nothing()
        await peer.close()
        await peer.session.ended()
        assert flushed == ["closed"]
        await peer.session.flush()
        peer.hang_up()
        await peer.session.flush()


async def test_flush_ends_with_the_connection(test_scope):
    flushed = []

    async def handler(session):
        held_back(session)
        await session.send("never")
        session._link.incoming.readers.add(session._main)
        await session.flush()
        flushed.append(True)

    async with talk(handler) as peer:
        await peer.expect_nothing()
        peer.hang_up()
        await peer.session.ended()
    assert flushed == [True]


async def test_a_cancelled_flush_leaves_no_trace(test_scope):
    async def handler(session):
        held_back(session)
        await session.send("queued")
        with anyio.move_on_after(1):
            await session.flush()
        let_go(session)
        await session.flush()

    async with talk(handler) as peer:
        await peer.expect_text("queued")


@pytest.mark.parametrize("raw_session", [False, True])
async def test_e16_terminate_says_nothing_and_cancels_all(test_scope, raw_session):
    """E16"""
    ended = []

    async def handler(session):
        @session.launch
        async def terminator():
            await delay(1)
            session.terminate()

        try:
            async for _ in session.incoming:
                pass
            ended.append("not cancelled")
        finally:
            ended.append("handler")

    async with talk(handler, raw_session=raw_session, linger=3600) as peer:
        await peer.expect_end()
        reason = await peer.session.close_reason
        assert (reason.code, reason.by) == (1006, "us")
        await peer.session.ended()
        peer.session.terminate()  # harmless
        assert test_scope.current_time < 10
    assert ended[-1] == "handler"


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        pytest.param(LookupError("secret"), 1011, id="failure"),
        pytest.param(CancellationError("enough"), 1000, id="cancellation"),
        pytest.param(KeyboardInterrupt(), 1011, id="an interrupt"),
        pytest.param(SystemExit(3), 1011, id="an exit"),
        pytest.param(GeneratorExit(), 1011, id="the end of a generator"),
    ],
)
async def test_e14_close_exceptionally(test_scope, cause, code):
    """E14, but for the text: what went wrong here is not the peer's business (W72)"""

    async def handler(session):
        session._link.incoming.readers.add(session._main)
        await session.close_exceptionally(cause)

    async with talk(handler) as peer:
        await peer.expect_close(code, "")
        await peer.close()
        reason = await peer.session.close_reason
        assert reason.cause is cause
        assert reason.by == "us"


async def test_e14_close_exceptionally_because_of_the_loops_own_cancellation(test_scope):
    """E14"""
    causes = []

    async def handler(session):
        session._link.incoming.readers.add(session._main)
        with anyio.CancelScope() as scope:
            scope.cancel()
            try:
                await anyio.lowlevel.checkpoint()
            except anyio.get_cancelled_exc_class() as cause:
                causes.append(cause)
                raise
        await session.close_exceptionally(causes[0])

    async with talk(handler) as peer:
        await peer.expect_close(1000, "")
        await peer.close()
        assert (await peer.session.close_reason).cause is causes.pop()


async def test_w62_a_loop_over_incoming_ends_with_our_own_close(test_scope):
    """W62, H15: it does not wait for the peer's answer"""
    ended = []

    async def handler(session):
        async for _ in session.incoming:
            session.launch(session.close)
        ended.append(test_scope.current_time)

    async with talk(handler, raw=True) as peer:
        await peer.send("stop")
        await peer.expect_close(1000)
        await peer.expect_nothing(1)
        assert len(ended) == 1
        await peer.close()


async def test_a_handler_of_the_closing_that_fails_keeps_nobody_from_closing(test_scope, caplog):
    def fail(cause):
        raise LookupError("a bug")

    async def handler(session):
        session.outgoing.invoke_on_close(fail)
        await session.close()

    async with talk(handler) as peer:
        await peer.expect_close(1000)
        assert (await peer.session.close_reason).code == 1000
    assert "a bug" in caplog.text


async def test_a_flush_that_was_given_up_leaves_nothing_behind(test_scope):
    async def handler(session):
        held_back(session)
        await session.send("queued")
        for _ in range(3):
            with anyio.move_on_after(1):
                await session.flush()
        assert session.stats.outgoing_waiting == 1
        let_go(session)

    async with talk(handler) as peer:
        await peer.expect_text("queued", timeout=10)

"""Sessions that are open when the main function of a run ends: they say good-bye, and that is all that it waits for."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import anyio
import anyio.from_thread
import pytest

from flowws import CoroutineScope
from flowws.websocket import WebSocketClient, WebSockets, WebSocketServer, WebSocketServerSession, WebSocketSession

BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])


class Server:
    """A server in a thread of its own, and the codes with which its sessions have ended."""

    url: str

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.ended = threading.Event()

    async def answers(self, session: WebSocketServerSession) -> None:
        async for _ in session.incoming:
            pass
        reason = await session.close_reason
        assert reason is not None
        self.codes.append(reason.code)
        self.ended.set()

    async def is_silent(self, session: WebSocketSession) -> None:
        await anyio.sleep_forever()


@pytest.fixture
def server() -> Iterator[Server]:
    it = Server()
    app = WebSocketServer()
    app.websocket("/answers")(it.answers)
    app.websocket_raw("/silent")(it.is_silent)
    with (
        anyio.from_thread.start_blocking_portal() as portal,
        portal.wrap_async_context_manager(app.serve("127.0.0.1", 0, grace=0)) as serving,
    ):
        it.url = f"ws://127.0.0.1:{serving.port}"
        yield it


def run_while_open(backend: str, url: str, config: WebSockets) -> None:
    """Open a session in a scope that nobody leaves, and be done."""

    async def main() -> None:
        opened = anyio.Event()

        async def follow() -> None:
            async with WebSocketClient(config).websocket(url):
                opened.set()
                await anyio.sleep_forever()

        CoroutineScope("plain").launch(follow)
        await opened.wait()

    anyio.run(main, backend=backend)


@BACKENDS
def test_a_client_says_good_bye(backend: str, server: Server) -> None:
    run_while_open(backend, f"{server.url}/answers", WebSockets(close_timeout=10.0))
    assert server.ended.wait(10)
    assert server.codes == [1001]


@BACKENDS
def test_a_peer_that_says_nothing_has_its_time(backend: str, server: Server) -> None:
    run_while_open(backend, f"{server.url}/silent", WebSockets(close_timeout=0.1))

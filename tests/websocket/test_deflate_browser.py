"""permessage-deflate with a browser: what Chromium offers is accepted, and it reads what we compress."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from selenium import webdriver

from flowws.websocket import PerMessageDeflate, SharedMessage, WebSockets, WebSocketServer, WebSocketServerSession
from tests.demo.page import chromium

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]  # a browser takes seconds to start

CONVERSATION = """
const [url, done] = arguments;
const socket = new WebSocket(url);
socket.binaryType = "arraybuffer";
const messages = ["", "x", "the same words ".repeat(10), "ÄÖÜ€ ".repeat(20000), new Uint8Array(300000)];
const expected = [...messages, ...messages];
let wrong = 0, received = 0;
const size = message => typeof message === "string" ? message.length : message.byteLength;
socket.onopen = () => expected.forEach(message => socket.send(message));
socket.onmessage = event => {
  const message = expected[received++];
  const same = typeof message === "string" ? event.data === message : size(event.data) === size(message);
  if (!same) wrong += 1;
  if (received === expected.length) socket.close(1000, "thank you");
};
socket.onclose = event => done([socket.extensions, received, wrong, event.code, event.reason, event.wasClean]);
"""


@asynccontextmanager
async def echo_server(settings: PerMessageDeflate, compressed: list[bool]) -> AsyncIterator[int]:
    app = WebSocketServer(WebSockets(extensions=[settings]), origins="*")

    @app.websocket("/")
    async def echo(session: WebSocketServerSession) -> None:
        compressed.append(bool(session.extensions))
        is_shared = False  # every other one is as if it went to many
        async for frame in session.incoming:
            await (session.send_shared(SharedMessage(frame)) if is_shared else session.send(frame))
            is_shared = not is_shared

    async with app.serve("127.0.0.1", 0) as server:
        yield server.port


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    driver = chromium(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.mark.parametrize(
    ("settings", "agreed"),
    [
        (PerMessageDeflate(), {"server_max_window_bits=12", "client_max_window_bits=12"}),
        (
            PerMessageDeflate(client_no_context_takeover=True, server_no_context_takeover=True),
            {
                "client_no_context_takeover",
                "server_no_context_takeover",
                "server_max_window_bits=12",
                "client_max_window_bits=12",
            },
        ),
        (
            PerMessageDeflate(client_max_window_bits=15, server_max_window_bits=15),
            {"server_max_window_bits=15", "client_max_window_bits=15"},
        ),
    ],
)
def test_a_conversation_with_chromium(
    browser: webdriver.Chrome, settings: PerMessageDeflate, agreed: set[str], tmp_path: Path
) -> None:
    """O1, W112, W113"""
    compressed: list[bool] = []
    page = tmp_path / "page.html"
    page.write_text("<title>a page</title>")
    browser.get(page.as_uri())
    with (
        start_blocking_portal("asyncio") as portal,
        portal.wrap_async_context_manager(echo_server(settings, compressed)) as port,
    ):
        extensions, *ending = browser.execute_async_script(CONVERSATION, f"ws://127.0.0.1:{port}/")
    assert ending == [10, 0, 1000, "thank you", True]
    name, *parameters = extensions.split("; ")
    assert (name, set(parameters)) == ("permessage-deflate", agreed)
    assert compressed == [True]

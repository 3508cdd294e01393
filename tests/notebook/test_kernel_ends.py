"""What is left when a kernel ends, is restarted, or loses its server: sockets closed properly, nothing pending."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.notebook.kernels import ROOT, Kernel

SERVER = """
import anyio
from flowws import interval
from flowws.websocket import WebSocketServer

app = WebSocketServer()

@app.websocket("/ticks")
async def ticks(session):
    interval(0.01).on_each(lambda n: session.send(str(n))).launch_in(session)
    async for _ in session.incoming:
        pass
    print((await session.close_reason).code, flush=True)

async def main():
    async with app.serve("127.0.0.1", 0) as server:
        print(f"ws://127.0.0.1:{server.port}/ticks", flush=True)
        await anyio.sleep_forever()

anyio.run(main)
"""
OPEN = """
from flowws import *
from flowws.notebook import aclose_all, hold, notebook_scope
scope = notebook_scope({})
"""
CONNECT = """
from flowws.websocket import WebSocketClient
session, line = await hold(scope, WebSocketClient().websocket({url!r}))
received = []
async def read():
    async for frame in session.incoming:
        received.append(frame)
reading = scope.launch(read)
"""


Server = subprocess.Popen[str]


@pytest.fixture
def begin_server() -> Iterator[Callable[[], Server]]:
    """Starts a server in a process of its own; what it prints first is its address, then how each session has ended."""
    running: list[Server] = []

    def begin() -> Server:
        command = [sys.executable, "-c", SERVER]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT))
        return running[-1]

    yield begin
    for each in running:
        each.kill()
        each.communicate()


def line_of(server: Server) -> str:
    assert server.stdout is not None
    return server.stdout.readline().strip()


@pytest.mark.parametrize("options", ["", "thread='asyncio'"])
def test_finally_blocks_run_when_the_kernel_ends(kernel: Kernel, tmp_path: Path, options: str) -> None:
    written = tmp_path / "said"
    kernel.run(OPEN.format(options))
    kernel.run(f"""
    from pathlib import Path
    async def work():
        try:
            await await_cancellation()
        finally:
            with non_cancellable():
                await delay(0.01)
                Path({str(written)!r}).write_text("goodbye")
    job = scope.launch(work)
    await delay(0.01)
    """)
    assert kernel.shutdown() < 3
    assert written.read_text() == "goodbye"


def test_a_job_that_will_not_end_does_not_keep_the_kernel(kernel: Kernel) -> None:
    kernel.run(OPEN.format(""))
    kernel.run("""
    async def stubborn():
        with non_cancellable():
            await delay(60)
    job = scope.launch(stubborn)
    await delay(0.01)
    """)
    assert kernel.shutdown() < 5


@pytest.mark.parametrize("thread", ["anyio.to_thread.run_sync", "asyncio.to_thread"])
def test_worker_threads_do_not_keep_the_kernel(kernel: Kernel, thread: str) -> None:
    """Python joins them before any `atexit`, and anyio's end with the job that has asked for them."""
    kernel.run(OPEN.format(""))
    kernel.run(f"""
    import anyio.to_thread, asyncio
    async def work():
        await {thread}(print, "in a thread")
        await await_cancellation()
    job = scope.launch(work)
    await delay(0.05)
    """)
    assert kernel.shutdown() < 5


def test_a_port_is_free_again_when_its_cell_runs_again(kernel: Kernel) -> None:
    kernel.run(OPEN.format("") + "from flowws.websocket import WebSocketServer; app = WebSocketServer(); port = 0")
    for _ in range(3):
        kernel.run("server, serving = await hold(scope, app.serve('127.0.0.1', port)); port = server.port", "second")
    kernel.run("assert len(list(scope.job.children)) == 1; await aclose_all()")


def test_restarting_leaves_nothing_behind_and_all_can_begin_again(kernel: Kernel) -> None:
    for _ in range(2):
        kernel.run(OPEN.format(""))
        kernel.run("channel = interval(0.01).produce_in(scope); await channel.receive()")
        kernel.restart()
    kernel.run(OPEN.format("") + "await aclose_all()")


def test_a_session_lives_across_cells_and_is_closed_in_another(
    kernel: Kernel, begin_server: Callable[[], Server]
) -> None:
    server = begin_server()
    kernel.run(OPEN.format(""))
    kernel.run(CONNECT.format(url=line_of(server)))
    kernel.run("while len(received) < 3: await delay(0.01)")
    kernel.run("await line.cancel_and_join(); assert session.close_reason.is_completed")
    assert line_of(server) == "1001"
    kernel.run("await reading.join(); assert not reading.is_cancelled; await aclose_all()")


def test_a_session_in_a_thread_stays_up_while_a_cell_computes(
    kernel: Kernel, begin_server: Callable[[], Server]
) -> None:
    server = begin_server()
    kernel.run(OPEN.format("thread='asyncio'"))
    kernel.run(CONNECT.format(url=line_of(server)))
    kernel.run("import time; n = len(received)\nwhile len(received) < n + 20: time.sleep(0.001)")
    kernel.run("await aclose_all()")
    assert line_of(server) == "1001"


@pytest.mark.parametrize("options", ["", "thread='asyncio'"])
def test_sockets_are_closed_properly_when_the_kernel_ends(
    kernel: Kernel, begin_server: Callable[[], Server], options: str
) -> None:
    server = begin_server()
    kernel.run(OPEN.format(options))
    kernel.run(CONNECT.format(url=line_of(server)))
    kernel.shutdown()
    assert line_of(server) == "1001"


def test_a_server_that_dies_ends_what_read_from_it_and_nothing_else(
    kernel: Kernel, begin_server: Callable[[], Server]
) -> None:
    server = begin_server()
    kernel.run(OPEN.format(""))
    kernel.run("bystander = scope.launch(await_cancellation)")
    kernel.run(CONNECT.format(url=line_of(server)))
    kernel.run("while not received: await delay(0.01)")
    server.kill()
    kernel.run("print(await session.close_reason); await join_all(reading, line)")
    kernel.run("assert bystander.is_active and not reading.is_cancelled")
    assert kernel.fail(CONNECT.format(url="ws://127.0.0.1:9/ticks")).errors[0]["ename"] == "ConnectionRefusedError"
    again = begin_server()
    kernel.run(CONNECT.format(url=line_of(again)) + "while not received: await delay(0.01)")
    kernel.run("await aclose_all()")


def test_a_job_that_has_called_a_thread_does_not_keep_the_kernel(kernel: Kernel, tmp_path: Path) -> None:
    """anyio keeps the thread for the next call, until the task that has asked for it ends."""
    kernel.run(OPEN.format("") + "from anyio import to_thread")
    kernel.run(
        f"""
async def work():
    try:
        await to_thread.run_sync(int)
        await await_cancellation()
    finally:
        open({str(tmp_path / "goodbye")!r}, "w").close()
scope.launch(work)
await delay(0.1)
"""
    )
    kernel.shutdown()  # within its limit
    assert (tmp_path / "goodbye").exists()

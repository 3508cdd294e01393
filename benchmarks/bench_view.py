"""What a view costs that is shown in a notebook, in a real kernel.

``20,000 values a second``: a loop is busy with work of its own while a hot flow emits so many; how much of that work
gets done with a plain collector, and with a view in its place. The bound of the project: at least 0.9 of it.

``as fast as they come``: values of a flow that never waits, collected into a deque and by a view.

All times are the kernel's processor time, and so is the pace of the feed.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

from _rounds import compare
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from flowws import Flow, Job, MutableSharedFlow, as_flow, yield_now
from flowws.notebook import json, live_widget, notebook_scope, spark, table, view

PACE = 20_000
BATCH = 200
SECONDS = 1.0
COUNT = 500_000


def item(n: int) -> dict[str, Any]:
    return {"symbol": "EUR", "price": 100 + n % 50 / 10, "size": n % 7 * 100, "side": "buy"}


# ---- What collects: each starts a job.

Start = Callable[[Flow[Any]], Job]


def plainly(flow: Flow[Any]) -> Job:
    return flow.launch_in(notebook_scope())


def into_a_deque(flow: Flow[Any]) -> Job:
    last: deque[Any] = deque(maxlen=200)
    return flow.on_each(last.append).launch_in(notebook_scope())


def as_table(flow: Flow[Any]) -> Job:
    return shown(view(flow, table))


def as_lines(flow: Flow[Any]) -> Job:
    return shown(view(flow, spark))


def as_json(flow: Flow[Any]) -> Job:
    return shown(view(flow, json))


def as_plot(flow: Flow[Any]) -> Job:
    return shown(live_widget(flow))


def shown(look: Any) -> Job:
    look.show()
    job: Job = look.job
    return job


# ---- What is measured, in the kernel.


async def work_beside(start: Start) -> float:
    """How often a second the loop comes round, with a little work each time, while the feed is collected."""
    feed = MutableSharedFlow[Any](extra_buffer_capacity=2 * BATCH)
    job = start(feed)
    rounds = emitted = 0
    began = due = process_time()
    while (now := process_time()) < began + SECONDS:
        if now >= due:
            due += BATCH / PACE
            for _ in range(BATCH):
                await feed.emit(item(emitted))
                emitted += 1
        sum(range(300))
        rounds += 1
        await yield_now()
    seconds = process_time() - began
    await job.cancel_and_join()
    assert emitted >= 0.95 * PACE * seconds, f"{emitted} values in {seconds} s"
    return rounds / seconds


async def values_of(start: Start) -> float:
    """How many values a second are collected of a flow that never waits."""
    began = process_time()
    await start(as_flow(range(COUNT))).join()
    return COUNT / (process_time() - began)


def in_kernel(client: BlockingKernelClient, question: str, start: Start) -> Callable[[], float]:
    """Ask it there: each answer is a cell of its own."""

    def ask() -> float:
        said: list[str] = []

        def hear(message: dict[str, Any]) -> None:
            if message["msg_type"] == "stream":
                said.append(message["content"]["text"])

        code = f"print(await bench_view.{question}(bench_view.{start.__name__}))"
        reply = client.execute_interactive(code, output_hook=hear, timeout=120)
        assert reply["content"]["status"] == "ok", reply["content"]
        return float("".join(said))

    return ask


def main() -> None:
    manager, client = start_new_kernel()
    try:
        path = [str(Path(__file__).parent), *sys.path]
        client.execute_interactive(f"import sys; sys.path[:0] = {path!r}\nimport bench_view", timeout=60)
        looks: list[tuple[str, Start]] = [("table", as_table), ("spark", as_lines), ("json", as_json)]
        looks.append(("live_widget", as_plot))
        for name, look in looks:
            compare(
                f"{PACE:,} values a second into {name}: rounds of a busy loop",
                {
                    name: in_kernel(client, "work_beside", look),
                    "a plain collector": in_kernel(client, "work_beside", plainly),
                },
                rounds=5,
            )
        compare(
            "as fast as they come: values",
            {
                "table": in_kernel(client, "values_of", as_table),
                "a deque": in_kernel(client, "values_of", into_a_deque),
            },
            rounds=5,
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel()


if __name__ == "__main__":
    main()

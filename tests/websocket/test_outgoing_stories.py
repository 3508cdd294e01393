"""`Outgoing` in stories of hypothesis: a network that stops and goes on, senders, streams, flushes and cancellations.

However they mix: whole messages leave in the order in which their sends began, none is lost or torn apart, and a flush
returns when all that had been sent has left.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowws.testing import TestScope, run_test
from flowws.websocket import ChannelOverflow, Frame, bounded
from flowws.websocket.session._outgoing import Outgoing
from flowws.websocket.session._streaming import stream

STEPS = st.lists(
    st.one_of(
        st.sampled_from(["send", "send", "share", "try", "pause", "resume", "flush", "cancel"]),
        st.integers(1, 3),  # a stream of so many pieces
    ),
    max_size=30,
)


class Network:
    """What an engine does, without one."""

    def __init__(self) -> None:
        self.is_writable = True
        self.messages: list[str] = []
        self._pieces: list[str] = []

    def write(self, opcode: int, payload: str | bytes) -> None:
        assert self.is_writable
        assert not self._pieces, "a message inside another one"
        self.messages.append(payload if isinstance(payload, str) else payload.decode())

    def write_frame(self, opcode: int, payload: bytes, *, fin: bool, rsv: int) -> None:
        assert self.is_writable
        assert bool(self._pieces) == (opcode == 0)
        self._pieces.append(payload.decode())
        if fin:
            self.messages.append("".join(self._pieces))
            self._pieces = []

    def on_flushed(self, call: Any) -> None:
        call()


class Story:
    """One story, step by step; each has all its consequences before the next one begins."""

    def __init__(self, scope: TestScope, capacity: int, policy: ChannelOverflow = ChannelOverflow.SUSPEND) -> None:
        self.scope = scope
        self.network = Network()
        connection: Any = self.network
        self.outgoing = Outgoing(bounded(capacity, on_overflow=policy), connection, self)
        self.told: list[str] = []  # what is to leave, in its order
        self.taken: set[str] = set()  # those of it whose sends have returned
        self.waiting: dict[str, Any] = {}

    def close(self, problem: object) -> None:
        raise AssertionError(problem)

    outgoing_overflowed = close

    async def send(self, text: str) -> None:
        await self.outgoing.send(Frame.Text(text))
        self.taken.add(text)
        del self.waiting[text]

    async def share(self, text: str) -> None:
        def write() -> None:
            self.network.write(1, text)

        if self.outgoing.is_ready:  # as `send_shared` does
            write()
            self.outgoing.taken += 1
        else:
            await self.outgoing.take_turn(write, 1)
        self.taken.add(text)
        del self.waiting[text]

    async def stream(self, text: str) -> None:
        async def pieces() -> Any:
            for piece in text:
                yield piece

        connection: Any = self.network
        await stream(self.outgoing, connection, pieces())
        self.taken.add(text)

    async def flush(self) -> None:
        before = set(self.taken)
        await self.outgoing.flush()
        assert len(before - set(self.network.messages)) <= self.outgoing.dropped

    async def take(self, number: int, step: str | int) -> None:
        text = f"<{number}>"
        match step:
            case "send" | "share":
                self.told.append(text)
                self.waiting[text] = self.scope.launch(self.send if step == "send" else self.share, text)
            case "try":
                if self.outgoing.try_send(Frame.Text(text)).is_success:
                    self.told.append(text)
            case "flush":
                self.scope.launch(self.flush)
            case "cancel" if self.waiting:
                text, job = self.waiting.popitem()
                self.told.remove(text)
                job.cancel()
            case "pause":
                self.network.is_writable = False
                self.outgoing.pause()
            case "resume":
                self.resume()
            case int():
                text = text * step
                self.told.append(text)
                self.scope.launch(self.stream, text)
        await self.scope.run_current()

    def resume(self) -> None:
        self.network.is_writable = True
        self.outgoing.pump()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@settings(deadline=None, max_examples=60)
@given(capacity=st.integers(1, 3), steps=STEPS)
def test_nothing_is_lost_torn_or_overtaken(backend: str, capacity: int, steps: list[str | int]) -> None:
    async def story(scope: TestScope) -> None:
        told = Story(scope, capacity)
        for number, step in enumerate(steps):
            await told.take(number, step)
            assert told.network.messages == told.told[: len(told.network.messages)]
        told.resume()
        await scope.run_current()
        assert told.network.messages == told.told
        assert told.outgoing.waiting == 0
        assert told.outgoing.is_ready
        assert told.outgoing.sent == len(told.told)

    run_test(story, backend=backend)


@pytest.mark.parametrize("policy", [ChannelOverflow.DROP_OLDEST, ChannelOverflow.DROP_LATEST, ChannelOverflow.CONFLATE])
@settings(deadline=None, max_examples=60)
@given(capacity=st.integers(1, 3), steps=STEPS)
def test_what_gives_way_is_counted(policy: ChannelOverflow, capacity: int, steps: list[str | int]) -> None:
    async def story(scope: TestScope) -> None:
        told = Story(scope, capacity, policy)
        for number, step in enumerate(steps):
            await told.take(number, step)
        told.resume()
        await scope.run_current()
        messages = told.network.messages
        assert messages == [text for text in told.told if text in set(messages)]
        assert len(messages) + told.outgoing.dropped == len(told.told) == told.outgoing.sent
        assert told.outgoing.peak <= capacity + len(steps)

    run_test(story)

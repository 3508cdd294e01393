"""`when_readable`, `when_writable` and `Watch`: calls whenever a socket is ready, on both loops."""

from __future__ import annotations

import asyncio
import os
import socket
from functools import partial

import anyio.lowlevel
import pytest

from flowws._core import Waiter, Watch, new_waiter, when_readable, when_writable
from flowws.testing import TestScope, run_test


class NoWatchers(asyncio.SelectorEventLoop):
    """A loop that cannot watch sockets by itself, as Windows' own."""

    def add_reader(self, *_: object) -> None:
        raise NotImplementedError

    def add_writer(self, *_: object) -> None:
        raise NotImplementedError


WITHOUT_WATCHERS = ("asyncio", {"loop_factory": NoWatchers})


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(("asyncio", {}), id="asyncio"),
        pytest.param(WITHOUT_WATCHERS, id="asyncio without watchers"),
        pytest.param(("trio", {}), id="trio"),
    ],
)
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param  # a name and its options


def fill(line: socket.socket) -> int:
    """Write until there is no more room; how many bytes there were."""
    sent = 0
    while True:
        try:
            sent += line.send(b"x" * 65536)
        except BlockingIOError:
            return sent


@pytest.fixture
def for_both(request: pytest.FixtureRequest) -> None:
    """What a test needs that watches one socket for reading and for writing at a time."""
    if request.node.callspec.params["anyio_backend"] == WITHOUT_WATCHERS:
        pytest.skip("anyio's thread for such loops takes one of the two at a time")


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await anyio.lowlevel.checkpoint()


async def test_it_calls_whenever_there_is_something_to_read(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    read: list[bytes] = []
    arrived = [new_waiter() for _ in range(3)]

    def receive() -> None:
        read.append(ours.recv(100))
        arrived[len(read) - 1].set_result(None)

    watch = when_readable(ours, receive)
    for number, waiter in enumerate(arrived):
        theirs.send(b"%d" % number)
        await waiter
    watch.cancel()
    assert read == [b"0", b"1", b"2"]


async def test_what_is_left_unread_calls_again(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    read: list[bytes] = []
    over = new_waiter()

    def receive_one() -> None:
        read.append(ours.recv(1))
        if len(read) == 3:
            watch.cancel()
            over.set_result(None)

    watch = when_readable(ours, receive_one)
    theirs.send(b"abcdef")
    await over
    await turns()
    assert read == [b"a", b"b", b"c"]


async def test_cancelled_it_calls_no_more_and_may_be_watched_again(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    calls: list[str] = []
    watch = when_readable(ours, lambda: calls.append("first"))
    watch.cancel()
    watch.cancel()
    theirs.send(b"x")
    await turns()
    over = new_waiter()

    def receive() -> None:
        calls.append("again")
        again.cancel()
        over.set_result(None)

    again: Watch = when_readable(ours, receive)
    await over
    await turns()
    assert calls == ["again"]


async def test_the_socket_may_be_closed_right_after_the_watch_was_cancelled(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    over = new_waiter()

    def end() -> None:
        watch.cancel()
        ours.close()
        over.set_result(None)

    watch = when_readable(ours, end)
    theirs.send(b"x")
    await over
    await turns()


async def test_it_calls_when_there_is_room_to_write(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    sent = fill(ours)
    room = new_waiter()

    def go_on() -> None:
        watch.cancel()
        room.set_result(None)

    watch = when_writable(ours, go_on)
    await turns()
    assert not room.done()
    while sent:
        sent -= len(theirs.recv(1 << 20))
    await room


@pytest.mark.usefixtures("for_both")
async def test_reading_and_writing_are_watched_at_once(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    readable, writable = new_waiter(), new_waiter()

    def resolve(waiter: Waiter[None]) -> None:
        if not waiter.done():
            waiter.set_result(None)

    watches = [when_readable(ours, lambda: resolve(readable)), when_writable(ours, lambda: resolve(writable))]
    await writable
    theirs.send(b"x")
    await readable
    for watch in watches:
        watch.cancel()


@pytest.mark.usefixtures("for_both")
async def test_who_reads_and_writes_hears_of_both_in_one_look(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    calls: list[str] = []
    over = new_waiter()

    def write() -> None:
        calls.append("write")
        reading.cancel()
        writing.cancel()
        over.set_result(None)

    theirs.send(b"x")
    reading = when_readable(ours, lambda: calls.append("read"))
    writing = when_writable(ours, write)
    await over
    assert calls == ["read", "write"]


async def test_the_end_of_the_connection_is_told_to_who_writes_where_nobody_reads(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    fill(ours)
    failed: Waiter[type[OSError]] = new_waiter()

    def write() -> None:
        try:
            ours.send(b"x")
        except OSError as error:
            watch.cancel()
            failed.set_result(type(error))

    watch = when_writable(ours, write)
    theirs.close()
    assert await failed in (BrokenPipeError, ConnectionResetError)


async def test_another_socket_with_the_same_number_is_not_taken_for_the_one_before(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """What is ready is looked up at once for many sockets; while they are told, one may go, and its number with it."""
    others = [socket.socketpair() for _ in range(2)]
    calls: list[str] = []
    over = new_waiter()
    ours, theirs = pair
    watches: list[Watch] = []
    idle = when_readable(theirs, list)  # so that the watching goes on

    def first(name: str) -> None:
        """Whichever is told first closes the other, in whose place comes a socket that nobody has written to."""
        calls.append(name)
        for watch in watches:
            watch.cancel()
        closed = others[1 if name == "0" else 0][0]
        number = closed.fileno()
        closed.close()
        os.dup2(ours.fileno(), number)
        again = socket.socket(fileno=number)
        again.setblocking(False)
        others.append((again, theirs))
        watches.append(when_readable(again, lambda: second(again)))

    def second(again: socket.socket) -> None:
        try:
            calls.append(again.recv(100).decode())
        except BlockingIOError:
            calls.append("for nothing")
        else:
            watches[-1].cancel()
            over.set_result(None)

    for number, (one, other) in enumerate(others):
        one.setblocking(False)
        other.send(b"x")
        watches.append(when_readable(one, partial(first, str(number))))
    await turns()
    theirs.send(b"hello")
    await over
    idle.cancel()
    assert calls[1:] == ["hello"]
    for one, other in others:
        one.close()
        if other is not theirs:
            other.close()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_call_that_fails_is_reported_and_does_not_end_the_watch(
    backend: str, pair: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = pair
    seen: list[bytes] = []

    async def test(_: TestScope) -> None:
        failed, over = new_waiter(), new_waiter()

        def receive() -> None:
            seen.append(ours.recv(100))
            if len(seen) == 1:
                failed.set_result(None)
                raise ValueError("the first one fails")
            over.set_result(None)

        watch = when_readable(ours, receive)
        theirs.send(b"1")
        await failed
        theirs.send(b"2")
        await over
        watch.cancel()

    with pytest.raises(ValueError, match="the first one fails"):
        run_test(test, backend=backend)
    assert seen == [b"1", b"2"]

"""`SocketWatches`: what one task for all sockets must not make of them, on trio where there is epoll."""

from __future__ import annotations

import os
import socket
import sys
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

import pytest
import trio

from flowws._core import Watch, new_waiter, when_readable, when_writable
from tests.core.observing import turns

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a matter of epoll")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "trio"


async def test_as_many_tasks_are_left_as_there_were(pair: tuple[socket.socket, socket.socket]) -> None:
    """On trio one task watches all sockets; without any, there is none."""
    ours, theirs = pair
    before = trio.lowlevel.current_statistics().tasks_living
    for _ in range(2):
        watches = [when_readable(ours, list), when_readable(theirs, list), when_writable(ours, list)]
        await turns()
        assert trio.lowlevel.current_statistics().tasks_living == before + 1
        for watch in watches:
            watch.cancel()
            watch.cancel()
        await turns()
        assert trio.lowlevel.current_statistics().tasks_living == before


def test_a_run_that_ends_while_something_is_watched(pair: tuple[socket.socket, socket.socket]) -> None:
    async def main() -> Watch:
        watch = when_readable(pair[0], list)
        await turns()
        return watch

    trio.run(main).cancel()  # harmless
    trio.run(main).cancel()


def open_a_file() -> BinaryIO:
    return Path(os.devnull).open("rb")


async def test_what_cannot_be_watched_leaves_nothing_behind() -> None:
    before = trio.lowlevel.current_statistics().tasks_living
    closed, other = socket.socketpair()
    closed.close()
    other.close()
    for _ in range(2):
        with pytest.raises(ValueError, match="-1"):
            when_readable(closed, list)
    with open_a_file() as file:
        with pytest.raises(PermissionError):
            when_readable(cast("socket.socket", file), list)
        await turns()
        assert trio.lowlevel.current_statistics().tasks_living == before
        number = file.fileno()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert number in (ours.fileno(), theirs.fileno())
        for each in (ours, theirs):
            when_readable(each, list).cancel()


@pytest.mark.parametrize("both", [False, True])
async def test_a_socket_that_was_closed_while_it_was_watched(both: bool) -> None:
    """Its number is free for another one, and to cancel its watch does no harm, before or after that."""
    for is_reused in (False, True):
        heard: list[str] = []
        first, other = socket.socketpair()
        first.setblocking(False)
        stale = [when_readable(first, partial(heard.append, "the first"))]
        if both:
            stale.append(when_writable(first, partial(heard.append, "the first")))
        number = first.fileno()
        first.close()
        other.close()
        if is_reused:
            ours, theirs = socket.socketpair()
            assert number in (ours.fileno(), theirs.fileno())
            if ours.fileno() != number:
                ours, theirs = theirs, ours
            ours.setblocking(False)
            with ours, theirs:
                over = new_waiter()
                watch = when_readable(ours, partial(over.set_result, None))
                theirs.send(b"x")
                await over
                watch.cancel()
                for each in stale:
                    each.cancel()
        else:
            for each in stale:
                each.cancel()
        await turns()
        assert heard == []


async def test_what_is_watched_later_takes_no_descriptor(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There may be none left when a server begins to listen again."""
    when_readable(pair[0], list).cancel()
    await turns()

    def refuse() -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("select.epoll", refuse)
    when_readable(pair[0], list).cancel()

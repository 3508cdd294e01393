"""How the picows engine's connections write, wait and end, on asyncio and uvloop; no sessions."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import anyio
import pytest

from flowws.websocket.engines import _picows
from flowws.websocket.engines._picows_connection import end_our_side

from .picows_ground import (
    BOTH_LOOPS,
    Certificates,
    Probe,
    dialled,
    opening_for,
    port_of,
    raw_peer,
    serving,
    two_ends,
    until,
    upgrading,
)


@pytest.fixture(scope="module", params=BOTH_LOOPS)
def anyio_backend(request):
    return request.param


# Writing


async def test_flushed_at_once_where_nothing_waits():
    async with two_ends() as (ours, _):
        calls = []
        ours.connection.write(1, "x")
        ours.connection.on_flushed(lambda: calls.append(1))
        assert calls == [1]


async def test_flushed_when_all_has_left():
    """W45, for an engine"""
    async with two_ends() as (ours, theirs):
        theirs.connection.pause_reading()
        for _ in range(200):
            ours.connection.write(2, b"x" * 65536)
        assert not ours.connection.is_writable
        calls: list[object] = []
        ours.connection.on_flushed(lambda: calls.append(len(theirs.frames)))
        ours.connection.on_flushed(lambda: calls.append("second"))
        await anyio.wait_all_tasks_blocked()
        assert calls == []
        theirs.connection.resume_reading()
        await until(lambda: len(theirs.frames) == 200)
        assert calls[1:] == ["second"]
        assert ours.news == ["paused", "resumed"]
        assert ours.connection.is_writable
        # A little that waits is no reason to pause any more.
        assert ours.connection._tcp.get_write_buffer_limits()[1] > 1000


async def test_flushed_where_nothing_can_leave_any_more():
    async with two_ends() as (ours, theirs):
        theirs.connection.pause_reading()
        for _ in range(200):
            ours.connection.write(2, b"x" * 65536)
        calls = []
        ours.connection.on_flushed(lambda: calls.append("flushed"))
        ours.connection.abort()
        await until(lambda: ours.lost)
        assert calls == ["flushed"]
        ours.connection.on_flushed(lambda: calls.append("later"))
        assert calls == ["flushed", "later"]


async def test_a_pause_of_reading_holds_the_other_side_back():
    """W107, for an engine"""
    async with two_ends() as (ours, theirs):
        theirs.connection.pause_reading()
        for _ in range(300):
            ours.connection.write(2, b"x" * 65536)
        await anyio.wait_all_tasks_blocked()
        assert not ours.connection.is_writable
        assert len(theirs.frames) < 100


# Endings


async def test_signs_of_life():
    probe = Probe()
    async with raw_peer(probe) as peer:
        assert not probe.connection.heard
        for _ in range(2):
            probe.connection.listen_for_life()
            assert not probe.connection.heard
            await peer.write(peer.frame(1, b"x")[:1])
            await until(lambda: probe.connection.heard)
            await peer.write(peer.frame(1, b"x")[1:])
        await until(lambda: probe.texts == ["x", "x"])


async def test_w71_the_end_of_tcp_without_a_word():
    """W71"""
    probe = Probe()
    async with raw_peer(probe) as peer:
        await peer.hang_up()
        await until(lambda: probe.lost)
    assert probe.news == ["eof"]
    assert [type(cause) for cause in probe.lost] == [EOFError]


async def test_w71_a_reset():
    """W71"""
    probe = Probe()
    async with raw_peer(probe) as peer:
        await peer.reset()
        await until(lambda: probe.lost)
    assert [type(cause) for cause in probe.lost] == [ConnectionResetError]


async def test_w71_a_reset_that_is_noticed_by_writing():
    """W71"""
    probe = Probe()
    async with raw_peer(probe) as peer:
        probe.connection.pause_reading()
        await peer.reset()

        def is_noticed():
            probe.connection.write(1, "x")
            return probe.lost

        await until(is_noticed)
    assert [type(cause) for cause in probe.lost] == [ConnectionResetError]


@pytest.mark.parametrize("is_proper", [True, False])
async def test_w71_the_end_of_tls(is_proper):
    """W71: with TLS's own goodbye, and without"""
    certificates = Certificates()
    probe = Probe()
    async with raw_peer(probe, ssl=certificates.server, client_ssl=certificates.client) as peer:
        if is_proper:
            await peer.hang_up()
        else:
            await peer.stream.transport_stream.aclose()
        await until(lambda: probe.lost)
    assert [type(cause) for cause in probe.lost] == [EOFError]


async def test_an_end_of_ours_has_no_cause():
    async with two_ends() as (ours, theirs):
        ours.connection.close()
        await until(lambda: ours.lost and theirs.lost)
        assert ours.lost == [None]


async def test_nothing_of_a_connection_is_left_for_the_collector():
    ours, theirs = Probe(), Probe()
    async with serving(upgrading(ours)) as listening:
        gc.collect()
        gc.disable()
        try:
            url = f"ws://127.0.0.1:{port_of(listening)}/"
            await _picows.connect(opening_for(theirs, url=url), await dialled(listening))
            theirs.connection.write(1, "x")
            await until(lambda: ours.texts)
            kept = [weakref.ref(probe.connection) for probe in (ours, theirs)]
            ours.connection.close()
            await until(lambda: ours.lost and theirs.lost)
            ours.connection = theirs.connection = None
            await anyio.wait_all_tasks_blocked()
            assert [reference() for reference in kept] == [None, None]
        finally:
            gc.enable()


def test_the_end_of_our_side_where_the_peer_is_gone_already():
    """A reset may have arrived that nobody has read yet."""
    calls = []

    class Gone:
        def can_write_eof(self):
            return True

        def write_eof(self):
            raise OSError(107, "not connected")

        def abort(self):
            calls.append("abort")

    tcp: Any = Gone()
    assert end_our_side(tcp)
    assert calls == ["abort"]

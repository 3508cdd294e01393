"""`dial`: a socket to the first address that answers, on asyncio and trio."""

from __future__ import annotations

import errno
import socket

import anyio
import pytest
from anyio.abc import SocketAttribute

from flowws.websocket.client import _dial
from flowws.websocket.client._dial import dial, dial_unix


@pytest.fixture(scope="module", params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> object:
    """No engine has a hand in this."""
    return request.param


def listening(host="127.0.0.1", backlog=10):
    listener = socket.create_server((host, 0), backlog=backlog)
    listener.setblocking(False)
    return listener


def closed_port(host="127.0.0.1"):
    with socket.create_server((host, 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def addresses(monkeypatch):
    """What the name service says, whatever it is asked."""
    found: list[tuple[str, int]] = []

    async def look_up(host, port):
        return [
            _dial._Address(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, at or port))
            for address, at in found
        ]

    monkeypatch.setattr(_dial, "_look_up", look_up)
    return found


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_connected_socket(host):
    with listening() as listener, await dial(host, listener.getsockname()[1]) as line:
        assert line.getpeername() == listener.getsockname()
        assert line.getblocking() is False
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_w12_nobody_answers():
    """W12: the error names the address, and is of the kind of the system's."""
    port = closed_port()
    with pytest.raises(ConnectionRefusedError, match=f"cannot connect to '127.0.0.1' at port {port}: .*refused"):
        await dial("127.0.0.1", port)


async def test_w12_no_such_host():
    """W12"""
    with pytest.raises(socket.gaierror, match=r"'no-such-host\.invalid' has no address"):
        await dial("no-such-host.invalid", 80)


async def test_the_next_address_is_tried(addresses):
    with listening() as listener:
        addresses += [("127.0.0.1", closed_port()), ("127.0.0.1", listener.getsockname()[1])]
        with await dial("twice", 80) as line:
            assert line.getpeername() == listener.getsockname()


async def test_an_error_names_every_address(addresses):
    addresses += [("127.0.0.1", closed_port()), ("127.0.0.2", closed_port())]
    with pytest.raises(ConnectionRefusedError) as caught:
        await dial("twice", 80)
    assert str(caught.value).count("refused") == 2
    assert "'twice' at port 80: 127.0.0.1: " in str(caught.value)
    assert "; 127.0.0.2: " in str(caught.value)


@pytest.fixture
def silent():
    """An address that does not answer: its queue is full."""
    with listening("127.0.0.2", backlog=0) as listener:
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()
        for filler in fillers:
            filler.close()


async def test_a_silent_address_holds_nobody_up(addresses, silent, monkeypatch):
    monkeypatch.setattr(_dial, "HEAD_START", 0.01)
    with listening() as listener:
        addresses += [silent, listener.getsockname()]
        with await dial("twice", 80) as line:
            assert line.getpeername() == listener.getsockname()


async def test_two_that_answer_at_once(addresses, monkeypatch):
    monkeypatch.setattr(_dial, "HEAD_START", 0)
    with listening() as one, listening() as other:
        addresses += [one.getsockname(), other.getsockname()]
        with await dial("twice", 80) as line:
            assert line.getpeername() in (one.getsockname(), other.getsockname())


async def test_a_cancelled_dial_leaves_no_socket(silent):
    """A socket that was not closed would say so: warnings are errors."""
    with anyio.move_on_after(0.01) as scope:
        await dial(*silent)
    assert scope.cancelled_caught


async def test_families_take_turns():
    """RFC 8305, section 4."""
    if not socket.has_dualstack_ipv6():
        pytest.skip("there is no IPv6 here")
    found = await _dial._look_up("localhost", 80)
    assert found[0].family != found[-1].family or len({each.family for each in found}) == 1


async def test_a_unix_socket(tmp_path):
    path = str(tmp_path / "socket")
    async with await anyio.create_unix_listener(path):
        with await dial_unix(path) as line:
            assert line.getpeername() == path
    with pytest.raises(OSError, match="nobody") as caught:
        await dial_unix(str(tmp_path / "nobody"))
    assert caught.value.errno == errno.ENOENT


async def test_an_ipv6_address():
    try:
        listener = await anyio.create_tcp_listener(local_host="::1")
    except OSError:
        pytest.skip("there is no IPv6 here")
    async with listener:
        with await dial("::1", listener.extra(SocketAttribute.local_port)) as line:
            assert line.family == socket.AF_INET6

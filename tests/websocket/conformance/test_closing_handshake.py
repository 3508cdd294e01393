"""RFC 6455, sections 5.5.1 and 7: how a session ends, as a server and as a client."""

from __future__ import annotations

import anyio
import pytest

from flowws.websocket import CloseReason, SessionClosedError

TRAVEL = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]
DO_NOT = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535]


def close(code: int, text: bytes = b"") -> bytes:
    return code.to_bytes(2, "big") + text


async def test_a_close_is_answered_with_its_code(meet):
    """5.5.1, 7.1.5, 7.1.6, 7.4; W47, W56: by exactly one Close frame, and nothing behind it."""
    for code in TRAVEL:
        other = await meet()
        await other.say(8, close(code, "grüße".encode()))
        assert await other.next_close() == (code, "grüße")
        reason = await other.session.close_reason
        assert (reason.code, reason.message, reason.by) == (code, "grüße", "peer")
        await other.ends_with_nothing_more()


async def test_a_close_without_a_code(meet):
    """7.1.5; W58, W59: is 1005 for who asks, which never travels."""
    other = await meet()
    await other.say(8)
    opcode, payload = await other.next()
    assert opcode == 8
    assert payload in (b"", close(1000))
    assert (await other.session.close_reason).code == 1005


async def test_no_close_at_all(meet):
    """7.1.5; W66: is 1006 for who asks, and not a clean end."""
    other = await meet()
    await other.hang_up()
    reason = await other.session.close_reason
    assert (reason.code, reason.by) == (1006, "network")


async def test_codes_that_a_peer_must_not_send(meet):
    """7.4; W101"""
    for code in DO_NOT:
        other = await meet()
        await other.say(8, close(code))
        assert await other.fails() == 1002, code


async def test_codes_that_we_do_not_send(meet):
    """7.4; W48: refused at the door, and the session lives on."""
    other = await meet()
    for code in DO_NOT:
        with pytest.raises(ValueError, match=str(code)):
            await other.session.close(CloseReason(code))
    await other.all_received()


@pytest.mark.parametrize(
    ("payload", "answer"),
    [
        pytest.param(b"\x03", 1002, id="half a code"),
        pytest.param(close(1000, b"\xff"), 1007, id="a text that is not UTF-8"),
        pytest.param(close(1000, b"\xc3"), 1007, id="half a character"),
    ],
)
async def test_a_close_that_says_nonsense(meet, payload, answer):
    """5.5.1, 8.1; W101"""
    other = await meet()
    await other.say(8, payload)
    assert await other.fails() == answer


async def test_after_our_close_nothing_is_sent(meet):
    """5.5.1; W40: neither messages nor pongs; what the peer still sends is not an error."""
    other = await meet()
    await other.session.send("last")

    async def closing() -> None:
        await other.session.close(CloseReason(4000, "enough"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(closing)
        assert await other.next() == (1, b"last")
        assert await other.next_close() == (4000, "enough")
        with pytest.raises(SessionClosedError):
            await other.session.send("too late")
        await other.write(other.put(1, b"late") + other.put(9, b"late") + other.put(8, close(4000)))
        await other.ends_with_nothing_more()
    assert other.got == []


async def test_two_closes_meet(meet):
    """5.5.1, 7.1.6; W65: each side has sent one, and it is over; the first reason counts."""
    other = await meet()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(other.session.close, CloseReason(4001))
        await other.say(8, close(4002))
        code, _ = await other.next_close()
        await other.ends_with_nothing_more()
    assert (await other.session.close_reason).code == code
    assert code in (4001, 4002)


async def test_a_message_that_is_half_here_ends_with_the_close(meet):
    """5.5.1, 7.1.1: it is not delivered, and its end changes nothing."""
    other = await meet()
    await other.write(other.put(1, b"half", fin=False) + other.put(8, close(1000)) + other.put(0, b"late"))
    assert await other.next_close() == (1000, "")
    await other.ends_with_nothing_more()
    assert other.got == []


async def test_the_server_hangs_up_first(meet, role):
    """7.1.1: at once when both have said Close; a client waits for that, up to its limit."""
    other = await meet()
    await other.say(8, close(1000))
    await other.next_close()
    if role == "client":
        with anyio.move_on_after(0.02) as patience:
            await other.session.ended()
        assert patience.cancelled_caught
        await other.stream.send_eof()
    assert not await other.read_to_end()
    await other.session.ended()


@pytest.mark.parametrize("payload", [b"", b"nobody asked"])
async def test_a_pong_that_nobody_asked_for(meet, payload):
    """5.5.3; W87: means nothing, and has no answer."""
    other = await meet()
    await other.say(10, payload)
    await other.say(9, b"a ping")
    assert await other.next() == (10, b"a ping")
    assert not other.session.close_reason.is_completed


async def test_pongs_repeat_their_pings_in_order(meet):
    """5.5.2, 5.5.3; W81, W82, W83"""
    other = await meet()
    pings = [b"", b"x", bytes(range(125)), b"\xff" * 125]
    await other.write(b"".join(other.put(9, ping) for ping in pings))
    assert [await other.next() for _ in pings] == [(10, ping) for ping in pings]

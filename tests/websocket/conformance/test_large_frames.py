"""RFC 6455, sections 5 and 8, for messages so large that engines read them in a way of their own."""

from __future__ import annotations

import struct

import pytest

from flowws.websocket import WebSockets

LARGE = 70_000  # bytes: a length of 64 bits
MEDIUM = 20_000  # of 16 bits
MESSAGES = [
    (1, b"x" * LARGE),
    (2, b"\xff" * LARGE),
    (1, "é".encode() * LARGE),
    (1, b"short"),
    (2, b"\x00" * MEDIUM),
    (1, b"x" * MEDIUM),
    (2, b"y" * 300_000),
    (2, b""),
]


async def test_one_after_the_other(meet):
    """6.2"""
    other = await meet()
    for opcode, payload in MESSAGES * 3:
        await other.say(opcode, payload)
        await other.all_received()
    assert [(frame.opcode, frame.data) for frame in other.got] == MESSAGES * 3
    assert [frame.read_text() for frame in other.got if frame.opcode == 1] == [
        payload.decode() for opcode, payload in MESSAGES * 3 if opcode == 1
    ]


@pytest.mark.parametrize("cut", [1, 2, 3, 9, 13, 14, 15, 40_000, -1])
async def test_cut_in_two(meet, cut):
    """6.2: however TCP cuts it, and whatever comes behind it."""
    other = await meet()
    await other.say(2, b"x" * LARGE)
    await other.all_received()
    for _ in range(3):
        whole = other.put(1, b"y" * LARGE)
        await other.write(whole[:cut])
        await other.write(whole[cut:] + other.put(9, b"!") + other.put(1, b"short"))
        await other.all_received()
    assert [frame.data for frame in other.got] == [b"x" * LARGE, *[b"y" * LARGE, b"short"] * 3]


@pytest.mark.parametrize("size", [LARGE, MEDIUM])
@pytest.mark.parametrize(
    ("opcode", "rsv", "payload", "code"),
    [
        pytest.param(1, 0, b"\xff", 1007, id="no UTF-8"),
        pytest.param(1, 0, "é".encode()[:1], 1007, id="half a character"),
        pytest.param(1, 4, b"x", 1002, id="a reserved bit in a text"),
        pytest.param(2, 1, b"x", 1002, id="a reserved bit"),
        pytest.param(0, 0, b"x", 1002, id="a continuation of nothing"),
        pytest.param(3, 0, b"x", 1002, id="an opcode without a meaning"),
    ],
)
async def test_what_is_wrong_behind_a_large_one(meet, size, opcode, rsv, payload, code):
    """5.2, 5.4, 8.1"""
    other = await meet()
    for _ in range(2):
        await other.say(2, b"x" * size)
        await other.all_received()
    await other.say(opcode, b"x" * (size - len(payload)) + payload, rsv=rsv)
    assert await other.fails() == code
    assert len(other.got) == 2


async def test_a_new_message_inside_a_fragmented_one(meet):
    """5.4"""
    other = await meet()
    await other.say(2, b"x" * LARGE)
    await other.all_received()
    await other.say(2, b"x" * LARGE, fin=False)
    await other.all_received()
    await other.say(2, b"x" * LARGE)
    assert await other.fails() == 1002


async def test_fragments(meet):
    """5.4"""
    other = await meet()
    for _ in range(2):
        await other.say(1, b"x" * LARGE, fin=False)
        await other.all_received()
        await other.say(0, b"y" * LARGE, fin=False)
        await other.all_received()
        await other.say(0, b"z" * LARGE)
        await other.all_received()
    assert other.texts() == ["x" * LARGE + "y" * LARGE + "z" * LARGE] * 2


async def test_masks_are_for_clients(meet, role):
    """5.1"""
    other = await meet()
    await other.say(2, b"x" * LARGE)
    await other.all_received()
    await other.write(other.frame(2, b"x" * LARGE, masked=role == "client"))
    assert await other.fails() == 1002


@pytest.mark.parametrize("kind", [126, 127])
async def test_a_length_is_as_short_as_can_be(meet, role, kind):
    """5.2: also where the next read is expected to bring a large message."""
    other = await meet()
    await other.say(2, b"x" * MEDIUM)
    await other.all_received()
    size = 100 if kind == 126 else MEDIUM
    bit = 0x80 if role == "server" else 0
    head = bytes((0x82, bit | kind)) + struct.pack("!H" if kind == 126 else "!Q", size)
    await other.write(head + (bytes(4) if role == "server" else b"") + b"x" * size)
    assert await other.fails() == 1002


async def test_there_is_a_limit(meet):
    """10.4: one that was lowered in the open session, too."""
    other = await meet(WebSockets(max_frame_size=LARGE))
    await other.say(1, b"x" * LARGE)
    await other.all_received()
    other.session.max_frame_size = MEDIUM
    await other.say(1, b"x" * MEDIUM)
    await other.all_received()
    await other.say(1, b"x" * (MEDIUM + 1))
    assert await other.fails() == 1009
    assert [len(frame.data) for frame in other.got] == [LARGE, MEDIUM]

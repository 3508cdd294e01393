"""RFC 6455, sections 5 and 8: frames, read and written, as a server and as a client."""

from __future__ import annotations

import struct

import anyio
import pytest

from flowws.websocket import FrameTooBigError, ProtocolViolationError, WebSockets


@pytest.mark.parametrize(
    "length",
    [
        pytest.param(lambda bit: struct.pack("!BH", bit | 126, 5), id="16 bits for 5 bytes"),
        pytest.param(lambda bit: struct.pack("!BH", bit | 126, 125), id="16 bits for 125 bytes"),
        pytest.param(lambda bit: struct.pack("!BQ", bit | 127, 5), id="64 bits for 5 bytes"),
        pytest.param(lambda bit: struct.pack("!BQ", bit | 127, 65535), id="64 bits for 65535 bytes"),
        pytest.param(lambda bit: struct.pack("!BQ", bit | 127, 1 << 63), id="the highest of 64 bits"),
    ],
)
async def test_a_length_is_as_short_as_can_be(meet, role, length):
    """5.2: and the highest bit of a long one is 0."""
    other = await meet()
    head = b"\x82" + length(0x80 if role == "server" else 0)
    await other.write(head + (bytes(4) if role == "server" else b"") + b"x" * 65535)
    assert await other.fails() == 1002


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536])
async def test_our_lengths_are_as_short_as_can_be(meet, role, size):
    """5.2, 5.3: and our payloads are masked where we are the client, and only there."""
    other = await meet()
    await other.session.send(b"x" * size)
    first, second = await other.read(2)
    assert (first, bool(second & 0x80)) == (0x82, role == "client")
    kind = size if size < 126 else 126 if size < 65536 else 127
    assert second & 0x7F == kind
    if kind > 125:
        assert int.from_bytes(await other.read(2 if kind == 126 else 8), "big") == size
    key = await other.read(4) if role == "client" else bytes(4)
    assert bytes(byte ^ key[at % 4] for at, byte in enumerate(await other.read(size))) == b"x" * size


@pytest.mark.parametrize("inside", [False, True])
async def test_opcodes_without_a_meaning(meet, inside):
    """5.2; W94"""
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        other = await meet()
        if inside:
            await other.say(1, b"half", fin=False)
        await other.say(opcode)
        assert await other.fails() == 1002, opcode
        assert other.got == []


@pytest.mark.parametrize("opcode", [1, 2, 8, 9, 10])
async def test_reserved_bits_without_an_extension(meet, opcode):
    """5.2; W99"""
    for rsv in range(1, 8):
        other = await meet()
        await other.say(opcode, rsv=rsv)
        assert await other.fails() == 1002, rsv
        assert isinstance(other.raised, ProtocolViolationError)


async def test_the_wrong_masking(meet, role):
    """5.1; W100: a client masks, a server does not."""
    other = await meet()
    await other.send(1, b"x", masked=role == "client")
    assert await other.fails() == 1002


@pytest.mark.parametrize("wrong", [{"fin": False}, {"payload": b"x" * 126}])
async def test_control_frames_are_whole_and_short(meet, wrong):
    """5.4, 5.5; W95, W96"""
    for opcode in (8, 9, 10):
        other = await meet()
        await other.say(opcode, **wrong)
        assert await other.fails() == 1002, opcode


async def test_control_frames_of_125_bytes_between_fragments(meet):
    """5.4, 5.5.2; W21, W22: answered at once, and the message arrives whole."""
    other = await meet()
    await other.say(1, b"one ", fin=False)
    for payload in (b"", b"x" * 125):
        await other.say(9, payload)
        await other.say(10, payload)
        assert await other.next() == (10, payload)
        await other.say(0, fin=False)
    await other.say(0, b"message")
    await other.all_received()
    assert other.texts() == ["one message"]


async def test_fragments_of_any_number_and_size_even_of_none(meet):
    """5.4; W23"""
    other = await meet()
    await other.say(2, fin=False)
    for size in (0, 1, 126, 0, 65536):
        await other.say(0, b"x" * size, fin=False)
    await other.say(0)
    await other.say(1, fin=False)
    await other.say(0)
    await other.say(2)
    await other.all_received()
    assert [(frame.frame_type.name, len(frame.data)) for frame in other.got] == [
        ("BINARY", 1 + 126 + 65536),
        ("TEXT", 0),
        ("BINARY", 0),
    ]


@pytest.mark.parametrize("opcode", [1, 2])
@pytest.mark.parametrize("fin", [True, False])
async def test_messages_do_not_interleave(meet, opcode, fin):
    """5.4; W97"""
    other = await meet()
    await other.say(1, b"half", fin=False)
    await other.say(opcode, b"another", fin=fin)
    assert await other.fails() == 1002


@pytest.mark.parametrize("fin", [True, False])
async def test_a_continuation_of_nothing(meet, fin):
    """5.4; W98: neither at first nor behind a message that is complete."""
    other = await meet()
    await other.say(1, b"a", fin=False)
    await other.say(0, b"b")
    await other.say(0, b"c", fin=fin)
    assert await other.fails() == 1002
    assert other.texts() == ["ab"]


TEXT = "κόσμε 😀".encode()


async def test_characters_may_be_cut_by_fragments(meet):
    """5.6: the text is that of the whole message."""
    other = await meet()
    for at in range(len(TEXT) + 1):
        await other.write(other.put(1, TEXT[:at], fin=False) + other.put(0, TEXT[at:]))
    await other.all_received()
    assert other.texts() == [TEXT.decode()] * (len(TEXT) + 1)


BAD_TEXTS = {
    "a lone continuation": b"\x80",
    "a beginning without an end": b"\xc3",
    "too long for what it says": b"\xc0\xaf",
    "the same, of three bytes": b"\xe0\x80\xaf",
    "a surrogate": b"\xed\xa0\x80",
    "beyond Unicode": b"\xf4\x90\x80\x80",
    "of five bytes": b"\xf8\x88\x80\x80\x80",
    "no byte of UTF-8 at all": b"\xfe",
}


@pytest.mark.parametrize("cut", [False, True])
async def test_text_that_is_not_utf8(meet, cut):
    """8.1; W38, W39: whole or in fragments."""
    for what, bad in BAD_TEXTS.items():
        other = await meet()
        if cut:
            await other.say(1, b"good ", fin=False)
        await other.say(0 if cut else 1, bad)
        assert await other.fails() == 1007, what
        assert other.got == []


async def test_text_fails_with_its_first_bad_byte(meet):
    """8.1; W39: and not with the last fragment, which may never come."""
    other = await meet()
    await other.say(1, b"good \xf4\x90", fin=False)
    assert await other.fails() == 1007


async def test_noncharacters_and_null_are_text(meet):
    """8.1: what is valid UTF-8 is text, whatever it means."""
    other = await meet()
    text = "\0 \ufffe \uffff \U0010ffff \ufeff"
    await other.say(1, text.encode())
    await other.all_received()
    assert other.texts() == [text]


@pytest.mark.parametrize("parts", [[1001], [500, 501], [0, 1000, 1]])
async def test_there_is_a_limit(meet, parts):
    """10.4; W32, W33: for a frame and for all fragments of a message."""
    other = await meet(WebSockets(max_frame_size=1000))
    for at, size in enumerate(parts):
        await other.say(2 if at == 0 else 0, bytes(size), fin=at == len(parts) - 1)
    assert await other.fails() == 1009
    assert isinstance(other.raised, FrameTooBigError)


async def test_nothing_is_looked_at_behind_a_violation(meet):
    """7.1.7: no message and no ping, whole or cut; what came before is received first."""
    other = await meet()
    behind = other.put(1, b"never") + other.put(9, b"never") + other.put(8, b"\x03\xe8")
    await other.write(other.put(1, b"before") + other.put(3) + behind)
    assert await other.fails() == 1002
    with anyio.move_on_after(2):  # our side has ended, or waits for the peer's
        try:
            await other.write(behind)
        except OSError:
            pass
    assert other.texts() == ["before"]
    await other.hang_up()
    await other.session.ended()
    assert other.texts() == ["before"]
    assert bytes(other.received) == b""


@pytest.mark.parametrize(("opcode", "size", "code"), [(3, 0, 1002), (0, 1, 1002), (2, 1001, 1009), (1, 126, 1007)])
async def test_nothing_is_looked_at_behind_a_violation_in_the_packet_of_the_handshake(house, raw, opcode, size, code):
    """7.1.7: however much of it there is."""
    got, done = [], anyio.Event()

    async def handler(session):
        try:
            while True:
                got.append((await session.incoming.receive()).data)
        finally:
            got.append((await session.close_reason).code)
            done.set()

    server = await house.serve(handler, WebSockets(max_frame_size=1000))
    behind = raw.frame(1, b"never") * 1000
    peer = await house.open(server.port, more=raw.frame(1, b"before") + raw.frame(opcode, b"\xff" * size) + behind)
    assert (await peer.next_close())[0] == code
    with anyio.fail_after(5):
        await done.wait()
    assert got == [b"before", code]

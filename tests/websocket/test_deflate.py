"""permessage-deflate without a connection: what is agreed on, and what the two ends make of messages."""

from __future__ import annotations

import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as some

from flowws.websocket import Frame, FrameTooBigError, PerMessageDeflate, ProtocolViolationError
from flowws.websocket.extensions import accept, agreed, offer

KIB, MIB = 1 << 10, 1 << 20
TAIL = b"\x00\x00\xff\xff"


def pair(client=None, server=None):
    """The two ends of one connection: client, server."""
    client, server = client or PerMessageDeflate(), server or PerMessageDeflate()
    (ours,), answer = accept([server], [offer([client]) or ""])
    (theirs,) = agreed([client], [answer or ""])
    return theirs, ours


def answered(line, server=None):
    return accept([server or PerMessageDeflate()], [line])[1]


def raw(data, *, flush=zlib.Z_SYNC_FLUSH, bits=15, dictionary=None):
    """A payload of a peer's own making."""
    stream = zlib.compressobj(wbits=-bits, **({} if dictionary is None else {"zdict": dictionary}))
    packed = stream.compress(data) + stream.flush(flush)
    return packed[:-4] if packed.endswith(TAIL) else packed


def packed(data):
    return Frame.Binary(data, rsv1=True)


# The agreement


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({}, "permessage-deflate; client_max_window_bits"),
        ({"client_no_context_takeover": True}, "client_no_context_takeover; client_max_window_bits"),
        ({"server_no_context_takeover": True}, "server_no_context_takeover; client_max_window_bits"),
        ({"client_max_window_bits": 10}, "permessage-deflate; client_max_window_bits=10"),
        ({"server_max_window_bits": 9}, "permessage-deflate; server_max_window_bits=9; client_max_window_bits"),
    ],
)
def test_o3_what_is_offered(settings, line):
    """O3, O8"""
    offered = offer([PerMessageDeflate(**settings)])
    assert offered is not None
    assert offered.startswith("permessage-deflate; ")
    assert offered.endswith(line)


@pytest.mark.parametrize(
    ("offered", "settings", "answer"),
    [
        ("", {}, "server_max_window_bits=12"),
        ("; client_max_window_bits", {}, "server_max_window_bits=12; client_max_window_bits=12"),
        ("; client_max_window_bits=10", {}, "server_max_window_bits=12; client_max_window_bits=10"),
        ("; server_max_window_bits=9", {}, "server_max_window_bits=9"),
        ("; server_max_window_bits=15", {"server_max_window_bits": 15}, "server_max_window_bits=15"),
        ("; client_no_context_takeover", {}, "client_no_context_takeover; server_max_window_bits=12"),
        ("; server_no_context_takeover", {}, "server_no_context_takeover; server_max_window_bits=12"),
        # Its own wish, which the client did not ask for:
        ("", {"server_no_context_takeover": True}, "server_no_context_takeover; server_max_window_bits=12"),
        ("", {"client_no_context_takeover": True}, "client_no_context_takeover; server_max_window_bits=12"),
    ],
)
def test_w112_a_server_answers(offered, settings, answer):
    """W112, O3, O8: wishes of the client are honoured, and so are the server's own"""
    assert answered(f"permessage-deflate{offered}", PerMessageDeflate(**settings)) == f"permessage-deflate; {answer}"


@pytest.mark.parametrize(
    "line",
    [
        "permessage-deflate; unknown",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=08",
        "permessage-deflate; server_max_window_bits=8",  # zlib cannot
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
        "x-webkit-deflate-frame",
    ],
)
def test_w116_what_is_declined(line):
    """W116, O9: what RFC 7692 does not know is declined (section 7.1), and the next offer gets its chance"""
    assert answered(line) is None
    assert answered(f"{line}, permessage-deflate") == "permessage-deflate; server_max_window_bits=12"


PIECES = [
    "permessage-deflate",
    "client_max_window_bits",
    "server_no_context_takeover",
    "x",
    ";",
    ",",
    "=",
    '"',
    "9",
    "16",
]
LINES = some.text(max_size=30) | some.lists(some.sampled_from([*PIECES, " "])).map("".join)


@given(LINES)
def test_any_line_at_all_is_read_or_refused(line):
    for read in (accept, agreed):
        try:
            read([PerMessageDeflate()], [line])
        except ValueError:
            pass


@pytest.mark.parametrize(
    ("settings", "answer", "problem"),
    [
        ({}, "server_max_window_bits=9; server_max_window_bits=9", "duplicate parameter: server_max_window_bits"),
        ({}, "unknown", "invalid parameter name: unknown"),
        ({}, "client_max_window_bits", "value for parameter client_max_window_bits"),
        ({"client_max_window_bits": 10}, "client_max_window_bits=11", "unsupported client_max_window_bits"),
        ({"server_max_window_bits": 10}, "server_max_window_bits=11", "unsupported server_max_window_bits"),
        ({"server_max_window_bits": 10}, "client_no_context_takeover", "expected server_max_window_bits"),
        ({"server_no_context_takeover": True}, "client_no_context_takeover", "expected server_no_context_takeover"),
    ],
)
def test_a_client_does_not_agree_to_something_else(settings, answer, problem):
    """RFC 7692, section 7.1: the client fails the connection"""
    with pytest.raises(ValueError, match=problem):
        agreed([PerMessageDeflate(**settings)], [f"permessage-deflate; {answer}"])


def test_a_client_takes_less_than_it_could():
    """A server need not keep what it remembers, and may ask for a small window unasked"""
    answer = "permessage-deflate; server_no_context_takeover; server_max_window_bits=9; client_max_window_bits=9"
    (extension,) = agreed([PerMessageDeflate()], [answer])
    assert repr(extension) == "<permessage-deflate, out: 512 bytes, in: 512 bytes of the same message>"


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"level": 10}, ValueError, "level must be -1 to 9, not 10"),
        ({"level": "high"}, TypeError, "level must be a number, not 'high'"),
        ({"threshold": -1}, ValueError, "threshold must be 0 or more, not -1"),
        ({"threshold": True}, TypeError, "threshold must be a number, not True"),
        ({"compress_if": 100}, TypeError, "compress_if is a function of a frame, not 100"),
        ({"client_max_window_bits": 8}, ValueError, "client_max_window_bits must be 9 to 15, not 8"),
        ({"server_max_window_bits": 16}, ValueError, "server_max_window_bits must be 9 to 15, not 16"),
        ({"max_inflated_size": 0}, ValueError, "max_inflated_size must be 1 or more, not 0"),
    ],
)
def test_settings_that_make_no_sense(settings, error, message):
    with pytest.raises(error, match=message):
        PerMessageDeflate(**settings)


def test_settings_show_what_was_said():
    assert repr(PerMessageDeflate()) == "PerMessageDeflate()"
    assert repr(PerMessageDeflate(level=9, threshold=10)) == "PerMessageDeflate(level=9, threshold=10)"


# Messages


def test_o10_messages_have_a_past():
    """O10: the second message refers to the first, and both come out; the kind of the frame stays"""
    client, server = pair()
    text = Frame.Text("the same words again, " * 3)
    first, second = client.transform_out(text), client.transform_out(text)
    assert len(second.data) < len(first.data) < len(text.data)
    assert (first.rsv1, first.rsv2, first.rsv3, first.fin) == (True, False, False, True)
    for sent in (first, second):
        received = server.transform_in(sent)
        assert received == text
        assert received.bits == text.bits


@pytest.mark.parametrize("side", ["client", "server"])
def test_w112_no_context_takeover(side):
    """W112: without takeover each message stands for itself, in the direction that was agreed on"""
    settings = {f"{side}_no_context_takeover": True}
    client, server = pair(PerMessageDeflate(**settings))  # type: ignore[arg-type]  # one of two names
    sender, receiver = (client, server) if side == "client" else (server, client)
    text = Frame.Text("the same words again, " * 3)
    first, second = sender.transform_out(text), sender.transform_out(text)
    assert first == second
    assert receiver.transform_in(second) == text
    back = [receiver.transform_out(text), receiver.transform_out(text)]
    assert len(back[1].data) < len(back[0].data), "the other direction still has a past"


def test_w113_random_messages():
    """W113, O13: what cannot be compressed, and nothing at all"""
    for bits in (9, 15):
        client, server = pair(PerMessageDeflate(client_max_window_bits=bits, server_max_window_bits=bits))
        chance = random.Random(bits)
        for size in [0, *(chance.randrange(5000) for _ in range(100)), 300 * KIB]:
            frame = Frame.Binary(chance.randbytes(size))
            assert server.transform_in(client.transform_out(frame)) == frame
            assert client.transform_in(server.transform_out(frame)) == frame


@given(some.lists(some.binary(max_size=300)), some.integers(9, 15), some.booleans(), some.integers(-1, 9))
def test_whatever_is_sent_comes_out(messages, bits, forgetful, level):
    settings = PerMessageDeflate(level=level, client_max_window_bits=bits, client_no_context_takeover=forgetful)
    client, server = pair(settings)
    for message in messages:
        assert server.transform_in(client.transform_out(Frame.Binary(message))).data == message


def test_o13_an_empty_message_that_is_compressed():
    """O13; RFC 7692, section 7.2.3.6: one byte"""
    _, server = pair()
    assert server.transform_in(Frame.Text(b"\x00", rsv1=True)) == Frame.Text("")
    assert server.transform_in(packed(raw(b""))) == Frame.Binary(b"")


def test_w115_below_the_threshold():
    """W115, O4, O5: strictly more than the threshold, and only where `compress_if` says so"""
    client, server = pair(PerMessageDeflate(threshold=10, compress_if=lambda frame: isinstance(frame, Frame.Text)))
    small, large, binary = Frame.Text("x" * 10), Frame.Text("x" * 11), Frame.Binary(b"x" * 100)
    for frame, compressed in ((small, False), (large, True), (binary, False)):
        sent = client.transform_out(frame)
        assert sent.rsv1 is compressed
        assert (sent is frame) is not compressed
        assert server.transform_in(sent) == frame
    assert not pair()[0].transform_out(Frame.Text("")).rsv1


def test_o2_levels():
    """O2"""
    frame = Frame.Text(" ".join(str(number) for number in range(2000)))
    sizes = []
    for level in (0, 1, 9):
        client, server = pair(PerMessageDeflate(level=level))
        sent = client.transform_out(frame)
        sizes.append(len(sent.data))
        assert server.transform_in(sent) == frame
    assert sizes[0] > len(frame.data) > 2 * max(sizes[1:])
    assert sizes[1] != sizes[2]


def test_bits_of_others_are_left_alone():
    client, server = pair()
    sent = client.transform_out(Frame.Text("hello", rsv2=True))
    assert (sent.rsv1, sent.rsv2) == (True, True)
    received = server.transform_in(sent)
    assert (received.rsv1, received.rsv2, received.read_text()) == (False, True, "hello")


# What a peer may do wrong


@pytest.mark.parametrize("takeover", [True, False])
def test_w114_more_than_is_allowed(takeover):
    """W114, O7, W34: exactly the limit is fine, one byte more is not, and of a bomb no more is inflated"""
    settings = PerMessageDeflate(client_no_context_takeover=not takeover)
    for size in (1, 1000, 64 * KIB):
        _, server = pair(settings)
        server.max_size = size
        assert len(server.transform_in(packed(raw(bytes(size)))).data) == size
        with pytest.raises(FrameTooBigError) as caught:
            server.transform_in(packed(raw(bytes(size + 1))))
        assert caught.value.limit == size


def test_w114_a_bomb():
    """W114, O7: 32 MiB of zeros, where 1 MiB is allowed, cost little more than 1 MiB"""
    import tracemalloc

    bomb = packed(raw(bytes(32 * MIB)))
    assert len(bomb.data) < 64 * KIB
    _, server = pair(server=PerMessageDeflate(max_inflated_size=MIB))
    server.max_size = 16 * MIB
    tracemalloc.start()
    try:
        with pytest.raises(FrameTooBigError, match=f"a message where {MIB} are allowed"):
            server.transform_in(bomb)
        assert tracemalloc.get_traced_memory()[1] < 4 * MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"\xff\xff\xff\xff", id="no deflate at all"),
        pytest.param(b"hello", id="plain text"),
        pytest.param(zlib.compress(b"hello"), id="with a header of zlib"),
        pytest.param(raw(b"hello hello hello", dictionary=b"hello " * 9), id="with a dictionary that we have not"),
        pytest.param(b"\x03\x00" * 100, id="streams that end and end"),
    ],
)
def test_o12_what_cannot_be_inflated(payload):
    """O12: an error at once, which closes with 1007"""
    _, server = pair()
    with pytest.raises(ProtocolViolationError, match="compressed data that cannot be inflated") as caught:
        server.transform_in(packed(payload))
    assert caught.value.code == 1007


@given(some.binary(max_size=200))
def test_any_bytes_at_all_do_no_harm(payload):
    _, server = pair()
    server.max_size = KIB
    try:
        received = server.transform_in(packed(payload))
    except (ProtocolViolationError, FrameTooBigError):
        return
    assert len(received.data) <= KIB


# RFC 7692, section 7.2.3: the examples


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param("f248cdc9c90700", id="7.2.3.1 one compressed block"),
        pytest.param("000500faff48656c6c6f00", id="7.2.3.3 a block without compression"),
        pytest.param("f348cdc9c9070000", id="7.2.3.4 a block that calls itself the last"),
        pytest.param("f248050000" + "00ffff" + "cac9c90700", id="7.2.3.5 two blocks"),
    ],
)
@pytest.mark.parametrize("takeover", [True, False])
def test_the_examples_of_the_rfc(payload, takeover):
    _, server = pair(PerMessageDeflate(client_no_context_takeover=not takeover))
    for _ in range(3):
        assert server.transform_in(Frame.Text(bytes.fromhex(payload), rsv1=True)) == Frame.Text("Hello")


def test_the_example_of_a_shared_window():
    """RFC 7692, section 7.2.3.2"""
    _, server = pair()
    for payload in ("f248cdc9c90700", "f200110000"):
        assert server.transform_in(Frame.Text(bytes.fromhex(payload), rsv1=True)) == Frame.Text("Hello")


def test_a_last_block_ends_the_stream_and_not_the_window():
    """Section 7.2.3.4 allows it: what follows in the same message, and in the next, is not lost"""
    _, server = pair()
    final = raw(b"one ", flush=zlib.Z_FINISH)
    assert server.transform_in(packed(final + raw(b"two", dictionary=b"one "))).data == b"one two"
    assert server.transform_in(packed(raw(b"one two", dictionary=b"one two"))).data == b"one two"
    server.max_size = 5
    with pytest.raises(FrameTooBigError, match="where 5 are allowed"):
        server.transform_in(packed(final + raw(b"two")))

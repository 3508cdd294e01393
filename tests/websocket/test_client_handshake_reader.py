"""What a client makes of the bytes of a server's answer."""

from __future__ import annotations

import pytest
from websockets.utils import accept_key

from flowws.websocket.engines import Opening, RefusedError
from flowws.websocket.engines._client_handshake import MAX_HEAD, ClientHandshake


def handshake(url="ws://a.example:81/x?y=z", headers=()):
    def unused(*_):
        raise AssertionError

    return ClientHandshake(Opening(url, headers, unused, unused, None, None, 1 << 20))


def proper(made, **changed):
    key = dict(line.split(": ", 1) for line in made.request.decode().split("\r\n") if ": " in line)["Sec-WebSocket-Key"]
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": accept_key(key)}
    for name, value in changed.items():
        headers.pop(name.replace("_", "-"), None)
        if value is not None:
            headers[name.replace("_", "-")] = value
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 101 Switching Protocols\r\n{lines}\r\n".encode()


def in_pieces(made, data, size):
    answer = None
    for start in range(0, len(data), size):
        assert answer is None
        answer = made.feed(data[start : start + size])
    return answer


def test_the_request():
    made = handshake(headers=[("Host", "other.example"), ("X-One", "1"), ("Sec-WebSocket-Protocol", "a, b")])
    first, *lines = made.request.decode().split("\r\n")
    assert first == "GET /x?y=z HTTP/1.1"
    assert [line for line in lines if line.startswith("Host")] == ["Host: other.example"]
    assert {"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "X-One: 1"} <= set(lines)
    assert "Host: a.example:81" in handshake().request.decode()
    assert handshake().request != handshake().request  # another key each time


@pytest.mark.parametrize("size", [1, 3, 10_000])
def test_a_proper_answer_in_pieces_of_any_size(size):
    made = handshake()
    answer = in_pieces(made, proper(made, X_Two="2"), size)
    assert answer["x-two"] == "2"
    assert made.rest == b""


@pytest.mark.parametrize("connection", ["upgrade", "keep-alive, Upgrade", "UPGRADE,keep-alive"])
def test_w5_tokens_match_in_a_list_and_in_any_case(connection):
    """W5, as a client"""
    made = handshake()
    assert made.feed(proper(made, Connection=connection, Upgrade="WebSocket") + b"\x81\x00") is not None
    assert made.rest == b"\x81\x00"


def test_interim_answers_are_passed_over():
    made = handshake()
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    assert in_pieces(made, interim + proper(made), 5) is not None


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"Sec_WebSocket_Accept": "bm9uc2Vuc2U="}, id="W9 another accept value"),
        pytest.param({"Sec_WebSocket_Accept": None}, id="W9 no accept value"),
        pytest.param({"Upgrade": "h2c"}, id="another upgrade"),
        pytest.param({"Upgrade": None}, id="no upgrade"),
        pytest.param({"Connection": "keep-alive"}, id="no connection token"),
        pytest.param({"Connection": None}, id="no connection header"),
    ],
)
def test_w9_a_101_that_is_not_in_order(changed):
    """W9"""
    made = handshake()
    with pytest.raises(RefusedError, match="not in order") as caught:
        made.feed(proper(made, **changed))
    assert caught.value.status == 101


@pytest.mark.parametrize("before", [b"", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_w9_a_101_by_http_1_0(before):
    """W9"""
    made = handshake()
    with pytest.raises(RefusedError, match=r"not in order: .* not of HTTP/1\.0") as caught:
        in_pieces(made, before + proper(made).replace(b"HTTP/1.1", b"HTTP/1.0"), 7)
    assert caught.value.status == 101


@pytest.mark.parametrize("size", [1, 10_000])
@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 401 Unauthorized\r\nX-Why: because\r\nContent-Length: 4\r\n\r\nbody", b"body"),
        (
            b"HTTP/1.1 401 No\r\nX-Why: because\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n",
            b"body",
        ),
        (b"HTTP/1.0 401 No\r\nX-Why: because\r\nContent-Length: 0\r\n\r\n", b""),
    ],
)
def test_w10_a_refusal_carries_status_headers_and_body(answer, body, size):
    """W10"""
    made = handshake()
    with pytest.raises(RefusedError, match="expected status 101, the server answered 401 Unauthorized") as caught:
        in_pieces(made, answer, size)
    refused = caught.value
    assert (refused.status, refused.headers["x-why"], refused.body) == (401, "because", body)


def test_a_refusal_whose_body_ends_with_the_connection():
    made = handshake()
    assert made.feed(b"HTTP/1.1 500 Oops\r\n\r\nall of ") is None
    assert made.waits_for_body
    assert made.feed(b"it") is None
    with pytest.raises(RefusedError) as caught:
        made.feed_eof()
    assert (caught.value.status, caught.value.body) == (500, b"all of it")


def test_a_body_that_does_not_come_whole():
    made = handshake()
    made.feed(b"HTTP/1.1 500 Oops\r\nContent-Length: 10\r\n\r\nhalf")
    assert (made.give_up().status, made.give_up().body) == (500, b"half")
    with pytest.raises(RefusedError) as caught:
        made.feed_eof()
    assert (caught.value.status, caught.value.body) == (500, b"half")


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 99999999999\r\n\r\n",
        b"Content-Length: x\r\n\r\n",
        b"Transfer-Encoding: gzip\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nz\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n",
    ],
)
def test_a_body_that_cannot_be_read_does_not_hide_the_refusal(head):
    made = handshake()
    with pytest.raises(RefusedError) as caught:
        made.feed(b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\n" + head)
    assert (caught.value.status, caught.value.headers["retry-after"]) == (503, "1")


@pytest.mark.parametrize(
    "data",
    [b"nonsense\r\n\r\n", b"SSH-2.0-x\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 101 x\r\nno colon\r\n\r\n", b"\x00\n"],
)
def test_what_is_no_answer(data):
    with pytest.raises(RefusedError, match="not in order") as caught:
        handshake().feed(data)
    assert caught.value.status is None


def test_a_head_that_does_not_end():
    made = handshake()
    made.feed(b"HTTP/1.1 101 x\r\n")
    for _ in range(120):
        made.feed(b"X: " + b"y" * 500 + b"\r\n")
    with pytest.raises(RefusedError, match="does not end"):
        made.feed(b"X: " + b"y" * (MAX_HEAD - 60_000))


def test_a_connection_that_ends_before_the_answer():
    made = handshake()
    made.feed(b"HTTP/1.1 101 Swi")
    with pytest.raises(ConnectionResetError, match="ended the connection"):
        made.feed_eof()

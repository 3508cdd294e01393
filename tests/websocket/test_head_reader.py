"""What a server makes of the bytes of a request, before anybody decides about it."""

from __future__ import annotations

import pytest
from websockets.http11 import Request as RequestHead

from flowws.websocket.engines import Response
from flowws.websocket.engines._head_reader import HeadReader

GET = b"GET /people?name=x HTTP/1.1\r\nHost: a.example\r\nX-Twice: 1\r\nX-Twice: 2\r\n\r\n"


def read(data, *, at_a_time, max_size=65536):
    """What comes of the bytes, cut like this, and what is left behind the head."""
    reader = HeadReader(max_size)
    for start in range(0, len(data), at_a_time):
        found = reader.feed(data[start : start + at_a_time])
        if found is not None:
            return found, reader.rest + data[start + at_a_time :]
    return None, b""


@pytest.mark.parametrize("at_a_time", [1, 2, 7, 10_000])
@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_a_head_in_pieces_of_any_size(at_a_time, method):
    head, rest = read(GET.replace(b"GET", method) + b"\x81\x80abcd", at_a_time=at_a_time)
    assert isinstance(head, RequestHead)
    assert (head.method, head.path) == (method.decode(), "/people?name=x")
    assert head.headers.get_all("x-twice") == ["1", "2"]
    assert rest == b"\x81\x80abcd"


def test_values_beyond_ascii_are_latin_1():
    head, _ = read(b"GET / HTTP/1.1\r\nX-Name: \xe9\xff\r\n\r\n", at_a_time=3)
    assert head.headers["x-name"] == "éÿ"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\n\r\n", 405, id="another method"),
        pytest.param(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 405, id="no method of ours"),
        pytest.param(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n", 400, id="HTTP/1.0"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, id="HTTP/2"),
        pytest.param(b"GET /\r\n\r\n", 400, id="HTTP/0.9"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\n", 400, id="TLS where there is none"),
        pytest.param(b"\r\nGET / HTTP/1.1\r\n\r\n", 400, id="an empty line first"),
        pytest.param(b"GET / HTTP/1.1\nHost: a\n\n", 400, id="bare line feeds"),
        pytest.param(b"GET /\xc3\xa9 HTTP/1.1\r\n\r\n", 400, id="a target that is not ASCII"),
        pytest.param(b"GET / HTTP/1.1\r\nHost a\r\n\r\n", 400, id="no colon"),
        pytest.param(b"GET / HTTP/1.1\r\nHo st: a\r\n\r\n", 400, id="a space in a name"),
        pytest.param(b"GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n", 400, id="a folded line"),
        pytest.param(b"GET / HTTP/1.1\r\nX: a\0b\r\n\r\n", 400, id="a null"),
        pytest.param(b"GET / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 400, id="a body"),
        pytest.param(b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, id="a body in chunks"),
        pytest.param(b"GET /" + b"x" * 3000, 431, id="a line without an end"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"x" * 3000 + b"\r\n\r\n", 431, id="a large header"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 300 + b"\r\n", 431, id="many headers"),
    ],
)
@pytest.mark.parametrize("at_a_time", [1, 10_000])
def test_what_is_no_request_for_us(data, status, at_a_time):
    answer, _ = read(data, at_a_time=at_a_time, max_size=2048)
    assert isinstance(answer, Response)
    assert answer.status == status
    assert (("Allow", "GET, HEAD") in answer.headers) == (status == 405)


def test_the_limit_counts_the_head_and_not_what_follows():
    assert isinstance(read(GET + b"x" * 5000, at_a_time=10_000, max_size=len(GET))[0], RequestHead)
    assert read(GET, at_a_time=10_000, max_size=len(GET) - 1)[0].status == 431


def test_a_line_may_use_the_whole_budget():
    head, _ = read(b"GET / HTTP/1.1\r\nCookie: " + b"x" * 50_000 + b"\r\n\r\n", at_a_time=1 << 20)
    assert len(head.headers["cookie"]) == 50_000


def test_it_knows_whether_anything_has_come():
    reader = HeadReader(100)
    assert not reader.has_begun
    reader.feed(b"G")
    assert reader.has_begun

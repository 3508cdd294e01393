"""The bytes of answers."""

from __future__ import annotations

import pytest
from websockets.http11 import Response as Parsed
from websockets.streams import StreamReader

from flowws.websocket.engines import Response, Upgrade
from flowws.websocket.engines._answers import response_bytes, upgrade_bytes


def unused(connection):
    raise AssertionError(connection)


def parsed(data):
    """The answer as `websockets` reads it, and what is left."""
    stream = StreamReader()
    stream.feed_data(data)
    stream.feed_eof()
    try:
        next(Parsed.parse(stream.read_line, stream.read_exact, stream.read_to_eof))
    except StopIteration as done:
        return done.value
    raise AssertionError


def test_a_page():
    answer = parsed(response_bytes(Response(200, (("Content-Type", "text/html"),), b"<p>")))
    assert (answer.status_code, answer.reason_phrase, answer.body) == (200, "OK", b"<p>")
    assert answer.headers["content-type"] == "text/html"
    assert (answer.headers["content-length"], answer.headers["connection"]) == ("3", "close")
    assert answer.headers["date"].endswith("GMT")


@pytest.mark.parametrize("body", [b"", b"\r\n\r\n\0"])
def test_a_body_has_its_length_even_an_empty_one(body):
    answer = parsed(response_bytes(Response(404, (("Content-Length", "9"), ("connection", "keep-alive")), body)))
    assert (answer.headers.get_all("Content-Length"), answer.body) == ([str(len(body))], body)
    assert answer.headers.get_all("Connection") == ["close"]


def test_an_answer_to_head_has_the_length_and_not_the_body():
    data = response_bytes(Response(200, (), b"body"), "HEAD")
    assert b"Content-Length: 4\r\n" in data
    assert data.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("status", [204, 304])
def test_some_statuses_have_no_body(status):
    data = response_bytes(Response(status, (), b"x"))
    assert b"Content-Length" not in data
    assert data.endswith(b"\r\n\r\n")


def test_a_header_may_come_twice_and_a_status_may_have_no_name():
    answer = parsed(response_bytes(Response(499, (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")))))
    assert (answer.status_code, answer.reason_phrase) == (499, "")
    assert answer.headers.get_all("set-cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize("value", ["a\r\nX-Injected: yes", "a\nb", "a\0b", "snow\N{SNOWMAN}"])
def test_what_cannot_be_written_becomes_a_500_and_tells_nothing(value, caplog):
    data = response_bytes(Response(200, (("X-Echo", value),), b"secret"))
    answer = parsed(data)
    assert answer.status_code == 500
    assert b"Injected" not in data
    assert b"secret" not in data
    assert "cannot be written" in caplog.text


def test_the_accept_value_of_an_upgrade():
    """W9; RFC 6455, section 1.3"""
    upgrade = Upgrade(unused, (("Sec-WebSocket-Protocol", "chat"),), "chat")
    answer = parsed(upgrade_bytes(upgrade, "dGhlIHNhbXBsZSBub25jZQ=="))
    assert (answer.status_code, answer.reason_phrase) == (101, "Switching Protocols")
    assert answer.headers["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert answer.headers["Sec-WebSocket-Protocol"] == "chat"
    assert (answer.headers["upgrade"], answer.headers["connection"]) == ("websocket", "Upgrade")


def test_an_upgrade_that_cannot_be_written(caplog):
    assert upgrade_bytes(Upgrade(unused, (("X", "a\r\nb"),)), "key") is None
    assert "cannot be written" in caplog.text


@pytest.mark.parametrize("headers", [(), [["Set-Cookie", "a=1"]], (("Set-Cookie", "a=%d"), ("Set-Cookie", "b=1"))])
def test_upgrades_of_one_second_share_only_what_is_the_same(headers):
    for key, accept in (
        ("dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ("AAAAAAAAAAAAAAAAAAAAAA==", "ICX+Yqv66kxgM0FcWaLWlFLwTAI="),
    ):
        data = upgrade_bytes(Upgrade(unused, headers), key) or b""
        assert data.count(b"\r\n\r\n") == 1
        answer = parsed(data)
        assert (answer.status_code, answer.headers["sec-websocket-accept"]) == (101, accept)
        assert (answer.headers["upgrade"], answer.headers["connection"]) == ("websocket", "Upgrade")
        assert answer.headers.get_all("set-cookie") == [value for _, value in headers]

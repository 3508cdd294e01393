"""`ConnectOptions`: refused at the door, put together with the client's, and turned into headers."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import timedelta
from http.cookiejar import Cookie, CookieJar
from pathlib import Path

import pytest
from websockets.datastructures import Headers

from flowws.websocket import ConnectOptions, WebSocketClient
from flowws.websocket.client._plan import plan_for
from flowws.websocket.client._target import target_of

BAD = [
    ({"headers": {"Upgrade": "x"}}, ValueError, "'Upgrade' belongs to the handshake"),
    ({"headers": {"Sec-WebSocket-Protocol": "x"}}, ValueError, "belongs to the handshake"),
    ({"headers": {"Transfer-Encoding": "chunked"}}, ValueError, "belongs to the handshake"),
    ({"headers": {"X": "a\r\nY: b"}}, ValueError, "one line of Latin-1, not 'a"),
    ({"headers": {"X": "€"}}, ValueError, "one line of Latin-1, not '€'"),
    ({"headers": {"X Y": "a"}}, ValueError, "'X Y' is no name"),
    ({"headers": {"": "a"}}, ValueError, "'' is no name"),
    ({"headers": {"X": 1}}, TypeError, "not 'X': 1"),
    ({"headers": "X: y"}, TypeError, "not the text 'X: y'"),
    ({"cookies": {"a b": "x"}}, ValueError, "'a b' is no name"),
    ({"cookies": {"a": "x; b=y"}}, ValueError, "'x; b=y'"),
    ({"cookies": {"a": 1}}, TypeError, "not 'a': 1"),
    ({"cookies": "a=b"}, TypeError, "not 'a=b'"),
    ({"cookies": {"a": "b"}, "headers": {"Cookie": "c=d"}}, ValueError, "beside the option cookies"),
    ({"subprotocols": "chat"}, TypeError, "not the text 'chat'"),
    ({"subprotocols": ["a b"]}, ValueError, r"not \['a b'\]"),
    ({"subprotocols": ["a", "a"]}, ValueError, r"not \['a', 'a'\]"),
    ({"auth": "Bearer x"}, TypeError, "not 'Bearer x'"),
    ({"ssl": True}, TypeError, "ssl is an ssl.SSLContext, not True"),
    ({"proxy_ssl": "x"}, TypeError, "proxy_ssl is an ssl.SSLContext, not 'x'"),
    ({"server_hostname": b"x"}, TypeError, "not b'x'"),
    ({"proxy": "ftp://h"}, ValueError, "not 'ftp://h'"),
    ({"proxy": "http://"}, ValueError, "not 'http://'"),
    ({"proxy": "http://h:port"}, ValueError, "not 'http://h:port'"),
    ({"proxy": "http://a..b"}, ValueError, r"not 'http://a\.\.b'"),
    ({"proxy": "http://user@h"}, ValueError, r"'http://\.\.\.@h'"),
    ({"proxy": True}, TypeError, "not True"),
    ({"proxy": "http://h", "uds": "/x"}, ValueError, "without a proxy: uds='/x'"),
    ({"uds": 1}, TypeError, "uds is a path, not 1"),
    ({"cookies": None}, TypeError, "not None"),
    ({"subprotocols": None}, TypeError, "not None"),
    ({"max_redirects": None}, TypeError, "not None"),
    ({"max_redirects": -1}, ValueError, "not -1"),
    ({"max_redirects": True}, TypeError, "not True"),
    ({"open_timeout": "soon"}, TypeError, "not 'soon'"),
    ({"open_timeout": 0}, ValueError, "not 0"),
    ({"open_timeout": float("inf")}, ValueError, "not inf"),
    ({"heders": {}}, TypeError, "'heders' is no option"),
]


@pytest.mark.parametrize(("options", "error", "words"), BAD, ids=[str(options) for options, _, _ in BAD])
def test_bad_options_are_refused_at_the_door(options, error, words):
    with pytest.raises(error, match=words):
        WebSocketClient(**options)
    with pytest.raises(error, match=words):
        WebSocketClient().websocket("ws://h/", **options)


def test_a_bad_address_is_refused_at_the_door():
    with pytest.raises(ValueError, match="not 'h/'"):
        WebSocketClient().websocket("h/")
    with pytest.raises(ValueError, match="not 'http://h/'"):
        WebSocketClient(base_url="http://h/")
    with pytest.raises(ValueError, match="beside the user in the address"):
        WebSocketClient().websocket("ws://a:b@h/", headers={"Authorization": "x"})


def headers_of(
    url: str,
    defaults: ConnectOptions | None = None,
    own: ConnectOptions | None = None,
    *,
    at: str | None = None,
    credentials: Sequence[tuple[str, str]] = (),
) -> list[tuple[str, str]]:
    plan = plan_for(url, None, defaults or {}, own or {})
    return plan.headers_for(plan.target if at is None else target_of(at), list(credentials))


def test_headers_of_a_call_replace_those_of_the_client_by_name():
    """Q6"""
    defaults: ConnectOptions = {"headers": [("X-A", "1"), ("X-A", "2"), ("X-B", "3")]}
    assert headers_of("ws://h/", defaults, {"headers": {"x-a": "4"}}) == [("X-B", "3"), ("x-a", "4")]
    many = Headers([("X-A", "5"), ("X-A", "6")])
    assert headers_of("ws://h/", defaults, {"headers": many}) == [("X-B", "3"), ("X-A", "5"), ("X-A", "6")]


def test_cookies_of_a_call_replace_those_of_the_client_by_name():
    """Q6, W15"""
    cookies = headers_of("ws://h/", {"cookies": {"a": "1", "b": "2"}}, {"cookies": {"b": "3", "c": "x=y"}})
    assert cookies == [("Cookie", "a=1; b=3; c=x=y")]
    assert headers_of("ws://h/") == []


def test_other_options_of_a_call_replace_those_of_the_client():
    plan = plan_for(
        "ws://h/", None, {"open_timeout": 1, "uds": "/a"}, {"open_timeout": timedelta(minutes=1), "uds": Path("/b")}
    )
    assert (plan.open_timeout, plan.uds) == (60.0, "/b")
    assert plan_for("ws://h/", None, {"open_timeout": 1}, {"open_timeout": None}).open_timeout is None


def cookie(name, value, *, domain="h.example", secure=False):
    return Cookie(
        0, name, value, None, False, domain, True, domain.startswith("."), "/", True, secure, None, True, None, None, {}
    )


def jar_of(*cookies):
    jar = CookieJar()
    for each in cookies:
        jar.set_cookie(each)
    return jar


def test_w15_a_jar_sends_secure_cookies_over_wss_only():
    """W15"""
    jar = jar_of(cookie("plain", "1"), cookie("safe", "2", secure=True), cookie("other", "3", domain="i.example"))
    assert headers_of("ws://h.example/", {"cookies": jar}) == [("Cookie", "plain=1")]
    ((name, line),) = headers_of("wss://h.example/", {"cookies": jar})
    assert (name, set(line.split("; "))) == ("Cookie", {"plain=1", "safe=2"})
    assert headers_of("ws://j.example/", {"cookies": jar}) == []
    assert headers_of("ws://h.example/", {"cookies": jar}, at="ws://i.example/") == [("Cookie", "other=3")]


def test_a_jar_that_is_filled_later():
    """By `auth`, for instance, which is asked once the options are known."""
    jar = jar_of()
    plan = plan_for("ws://h.example/", None, {}, {"cookies": jar})
    jar.set_cookie(cookie("a", "1"))
    assert plan.headers_for(plan.target, []) == [("Cookie", "a=1")]
    with pytest.raises(ValueError, match="a jar of cookies"):
        headers_of("ws://h/", {"cookies": jar_of()}, {"cookies": {"b": "2"}})


def test_a_jar_and_single_cookies_do_not_mix():
    with pytest.raises(ValueError, match="a jar of cookies"):
        headers_of("ws://h/", {"cookies": jar_of(cookie("a", "1"))}, {"cookies": {"b": "2"}})


def test_the_user_of_an_address_becomes_basic_credentials():
    """RFC 7617"""
    basic = "Basic " + base64.b64encode(b"me:se:cret").decode()
    assert headers_of("ws://me:se%3Acret@h/") == [("Authorization", basic)]


def test_secrets_stay_with_their_host():
    options: ConnectOptions = {
        "headers": {"Authorization": "x", "X-Trace": "1", "Host": "virtual", "Proxy-Authorization": "y"},
        "cookies": {"a": "1"},
    }
    credentials = [("X-Key", "secret")]
    assert ("X-Key", "secret") in headers_of("ws://h/", options, credentials=credentials)
    assert headers_of("ws://h/", options, at="ws://i/", credentials=credentials) == [("X-Trace", "1")]
    assert headers_of("ws://a:b@h/", at="ws://i/") == []
    assert len(headers_of("ws://h/", options, at="wss://h/y")) == 5


def test_credentials_replace_headers_of_the_same_name():
    fresh = [("authorization", "fresh")]
    assert headers_of("ws://h/", {"headers": {"Authorization": "stale"}}, credentials=fresh) == fresh
    assert headers_of("ws://a:b@h/", credentials=fresh) == fresh

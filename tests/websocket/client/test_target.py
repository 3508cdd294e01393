"""`Target`: the address of a session, and where a redirect leads from it."""

from __future__ import annotations

import pytest

from flowws.websocket.client._target import target_of


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        pytest.param("wss://example.org", (True, "example.org", 443, "/"), id="W13: wss is at port 443"),
        ("ws://example.org", (False, "example.org", 80, "/")),
        pytest.param("ws://h:8080/a/b?x=1&y=%20", (False, "h", 8080, "/a/b?x=1&y=%20"), id="Q6: a query is kept"),
        ("wss://[::1]:9/x", (True, "::1", 9, "/x")),
        ("WSS://Example.ORG/X", (True, "example.org", 443, "/X")),
        ("ws://bücher.example/ü?ö", (False, "xn--bcher-kva.example", 80, "/%C3%BC?%C3%B6")),
    ],
)
def test_its_parts(url, parts):
    uri = target_of(url).uri
    assert (uri.secure, uri.host, uri.port, uri.resource_name) == parts
    assert target_of(url).url.isascii()


def test_a_user_is_kept_apart():
    target = target_of("wss://me:se%20cret@example.org/x")
    assert (target.url, target.user) == ("wss://example.org/x", ("me", "se cret"))
    assert "cret" not in repr(target)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "http://example.org/",
        "ws:///x",
        "ws://h/#part",
        "ws://h:port/",
        "ws://h:99999/",
        "ws://[::1/",
        "ws://h/a b",
        "ws://h/a\r\nX: y",
        "ws://user@h/",
        "ws://a..b/",
        f"ws://{'a' * 64}.example/",
    ],
)
def test_an_address_that_leads_to_no_session(url):
    with pytest.raises(ValueError, match="the address of a session is"):
        target_of(url)


def test_an_error_does_not_tell_the_password():
    for url in ("ws://me:secret@h/#part", "ws://me:secret@/", "http://me:secret@h/", "ws://me:secret@h/a b"):
        with pytest.raises(ValueError, match=r"://\.\.\.@") as caught:
            target_of(url)
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("updates", "wss://h/api/updates"),
        ("/updates?x=1", "wss://h/updates?x=1"),
        ("?x=1", "wss://h/api/?x=1"),
        ("", "wss://h/api/"),
        ("ws://other/", "ws://other/"),
    ],
)
def test_a_relative_address(url, whole):
    assert target_of(url, "wss://h/api/").url == whole


@pytest.mark.parametrize(
    ("location", "there"),
    [
        ("/y", "ws://h:81/y"),
        ("z?q", "ws://h:81/a/z?q"),
        ("wss://other/", "wss://other/"),
        ("https://other:4/x", "wss://other:4/x"),
        ("http://other/x#part", "ws://other/x"),
        ("//other/x", "ws://other/x"),
        ("ws://me:secret@other/", "ws://other/"),
    ],
)
def test_where_a_location_leads(location, there):
    target = target_of("ws://h:81/a/b").to(location)
    assert (target.url, target.user) == (there, None)


def test_a_location_that_leads_to_no_session():
    with pytest.raises(ValueError, match="scheme"):
        target_of("ws://h/").to("ftp://h/")


@pytest.mark.parametrize(
    ("here", "there", "is_safe"),
    [
        ("ws://h/a", "ws://h/b", True),
        ("ws://h/", "wss://h/", True),
        ("wss://h/", "ws://h/", False),
        ("ws://h/", "ws://h:81/", False),
        ("ws://h:81/", "wss://h/", False),
        ("ws://h/", "ws://i/", False),
    ],
)
def test_where_secrets_may_go(here, there, is_safe):
    assert target_of(there).is_safe_from(target_of(here)) is is_safe

from __future__ import annotations

import pytest
from websockets.datastructures import Headers

from flowws.websocket import TrustedProxies
from flowws.websocket.engines import Request, Tls

TLS = Tls("TLSv1.3", None, None)


def seen(proxies, *headers, peer=("10.0.0.1", 5000), tls=None):
    return proxies.seen_by(Request("/", Headers(headers), client_address=peer, tls=tls))


X_FORWARDED = TrustedProxies(["10.0.0.0/8", "2001:db8::/32", "unix"])
FORWARDED = TrustedProxies(["10.0.0.0/8", "2001:db8::/32"], header="Forwarded")


@pytest.mark.parametrize(
    ("headers", "client"),
    [
        ([], (("10.0.0.1", 5000), "ws")),
        ([("X-Forwarded-For", "192.0.2.1")], (("192.0.2.1", 0), "ws")),
        ([("X-Forwarded-For", "192.0.2.1:4711")], (("192.0.2.1", 4711), "ws")),
        ([("X-Forwarded-For", "2001:db9::1")], (("2001:db9::1", 0), "ws")),
        ([("X-Forwarded-For", "[2001:db9::1]:80")], (("2001:db9::1", 80), "ws")),
        ([("X-Forwarded-For", "[2001:db9::1]")], (("2001:db9::1", 0), "ws")),
        ([("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Proto", "https")], (("192.0.2.1", 0), "wss")),
        ([("X-Forwarded-Proto", "https")], (("10.0.0.1", 5000), "ws")),
        ([("X-Forwarded-For", "192.0.2.9, 192.0.2.1")], (("192.0.2.1", 0), "ws")),
        ([("X-Forwarded-For", "192.0.2.9, 192.0.2.1, 10.1.1.1")], (("192.0.2.1", 0), "ws")),
        ([("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-For", "10.1.1.1")], (("192.0.2.1", 0), "ws")),
        (
            [("X-Forwarded-For", "192.0.2.1, 10.1.1.1"), ("X-Forwarded-Proto", "https, http")],
            (("192.0.2.1", 0), "wss"),
        ),
        ([("X-Forwarded-For", "10.2.2.2")], (("10.2.2.2", 0), "ws")),
        ([("X-Forwarded-For", "192.0.2.1, nonsense")], (("10.0.0.1", 5000), "ws")),
        ([("X-Forwarded-For", "")], (("10.0.0.1", 5000), "ws")),
        ([("Forwarded", "for=192.0.2.1")], (("10.0.0.1", 5000), "ws")),
    ],
)
def test_x_forwarded_for(headers, client):
    assert seen(X_FORWARDED, *headers) == client


@pytest.mark.parametrize(
    ("value", "client"),
    [
        ("for=192.0.2.1", (("192.0.2.1", 0), "ws")),
        ("For=192.0.2.1;Proto=HTTPS;by=10.0.0.1", (("192.0.2.1", 0), "wss")),
        ('for="[2001:db9::1]:4711";proto=https', (("2001:db9::1", 4711), "wss")),
        ('for="192.0.2.1:80", for=10.1.1.1', (("192.0.2.1", 80), "ws")),
        ('for=192.0.2.1;by="a,b;c"', (("192.0.2.1", 0), "ws")),
        ("for=unknown", (("10.0.0.1", 5000), "ws")),
        ("for=_hidden, for=10.1.1.1", (("10.1.1.1", 0), "ws")),
        ("proto=https", (("10.0.0.1", 5000), "wss")),
        ("", (("10.0.0.1", 5000), "ws")),
        (';=,"', (("10.0.0.1", 5000), "ws")),
        (", for=192.0.2.1 , ", (("192.0.2.1", 0), "ws")),
        ("for=192.0.2.1:80;host=a", (("192.0.2.1", 80), "ws")),
        ('for="[fe80::1%eth0 or so]"', (("fe80::1", 0), "ws")),
        ("for*=utf-8''x, for*0=y", (("10.0.0.1", 5000), "ws")),
        (r'for=192.0.2.1;host="a\",for=192.0.2.9;x=\""', (("192.0.2.1", 0), "ws")),
        ('for=192.0.2.1;x="' + "," * 60_000 + '"', (("10.0.0.1", 5000), "ws")),
    ],
)
def test_forwarded(value, client):
    assert seen(FORWARDED, ("Forwarded", value)) == client


@pytest.mark.parametrize(
    "made_up", ['for=192.0.2.9;proto=https;x="', 'for="', '"', '\\"', "for=192.0.2.9;", 'for="192.0.2.9']
)
@pytest.mark.parametrize("written", ["for=192.0.2.1", 'for="192.0.2.1:0";by="_a"', 'for=192.0.2.1;host="a,b"'])
@pytest.mark.parametrize("line", [True, False])
def test_a_client_cannot_swallow_what_the_proxy_says(made_up, written, line):
    said = [made_up, written] if line else [f"{made_up}, {written}"]
    assert seen(FORWARDED, *(("Forwarded", each) for each in said)) == (("192.0.2.1", 0), "ws")


def test_only_one_of_the_two_headers_is_believed():
    assert seen(FORWARDED, ("X-Forwarded-For", "192.0.2.1")) == (("10.0.0.1", 5000), "ws")


def test_whoever_is_not_on_the_list_is_not_believed():
    stranger = ("192.0.2.77", 1)
    said = ("X-Forwarded-For", "192.0.2.1")
    assert seen(X_FORWARDED, said, peer=stranger) == (stranger, "ws")
    assert seen(TrustedProxies(), said, peer=stranger, tls=TLS) == (stranger, "wss")
    assert seen(TrustedProxies(), said, peer=None) == (None, "ws")
    assert seen(X_FORWARDED, said, peer=("testclient", 1)) == (("testclient", 1), "ws")


def test_a_proxy_at_a_unix_socket_or_at_an_address_in_other_words():
    said = ("X-Forwarded-For", "192.0.2.1")
    for peer in (None, ("::ffff:10.0.0.1", 1), ("2001:db8::5%eth0", 1)):
        assert seen(X_FORWARDED, said, peer=peer) == (("192.0.2.1", 0), "ws")


def test_bad_lists_are_refused_and_quoted():
    with pytest.raises(TypeError, match=r"'10\.0\.0\.1'"):
        TrustedProxies("10.0.0.1")
    with pytest.raises(ValueError, match="somewhere"):
        TrustedProxies(["somewhere"])
    with pytest.raises(ValueError, match="X-Real-Ip"):
        TrustedProxies(header="X-Real-Ip")  # type: ignore[arg-type]  # wrong on purpose

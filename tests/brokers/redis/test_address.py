"""Where a server is, and who we are there."""

from __future__ import annotations

import ssl

import pytest

from flowws.brokers import RedisBroker, open_broker
from flowws.brokers.redis._address import Address, without_password


def parse(url: str) -> Address:
    return Address.parse(url, None, None, None)


@pytest.mark.parametrize(
    ("url", "host", "port", "db"),
    [
        ("redis://localhost", "localhost", 6379, 0),
        ("redis://localhost/", "localhost", 6379, 0),
        ("redis://example.org:1234/5", "example.org", 1234, 5),
        ("redis://example.org?db=5", "example.org", 6379, 5),
        ("rediss://[::1]:1234", "::1", 1234, 0),
    ],
)
def test_a_host(url: str, host: str, port: int, db: int):
    address = parse(url)
    assert (address.host, address.port, address.db) == (host, port, db)
    assert (address.ssl_context is not None) == url.startswith("rediss")


def test_certificates_are_checked_by_default():
    context = parse("rediss://example.org").ssl_context
    assert context is not None
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_socket():
    address = parse("unix:///run/my%20redis/sock?db=2")
    assert (address.host, address.path, address.db) == ("", "/run/my redis/sock", 2)


@pytest.mark.parametrize(
    ("url", "username", "password"),
    [
        ("redis://localhost", None, None),
        ("redis://ada:l%2Fove@localhost", "ada", "l/ove"),
        ("redis://:love@localhost", None, "love"),
        ("redis://:l@ve@localhost", None, "l@ve"),
        ("unix://ada:love@/run/sock", "ada", "love"),
    ],
)
def test_who(url: str, username: str | None, password: str | None):
    address = parse(url)
    assert (address.username, address.password) == (username, password)
    given = Address.parse(url, "bob", "hate", None)
    assert (given.username, given.password) == ("bob", "hate")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "it should be like redis://"),
        ("localhost:6379", "it should be like redis://"),
        ("http://localhost", "it should be like redis://"),
        ("redis://", "it names no host"),
        ("redis://localhost:port", "the port must be a number"),
        ("redis://localhost:70000", "the port must be a number"),
        ("redis://localhost/db", "the database must be a number"),
        ("redis://localhost/1?db=2", "it names the database twice"),
        ("redis://localhost?timeout=2", "the only option is 'db'"),
        ("redis://localhost#1", "nothing may follow a '#'"),
        ("unix://run/sock", "three slashes"),
        ("unix:///", "three slashes"),
        ("redis://[::1", "Invalid IPv6 URL"),
    ],
)
def test_what_is_no_address_is_quoted(url: str, why: str):
    with pytest.raises(ValueError, match="is no address of a broker") as refusal:
        RedisBroker(url)
    assert str(refusal.value).startswith(f"{url!r} is no address of a broker: ")
    assert why in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis://ada:secret@localhost:port",
        "redis://ada:secret@localhost/x",
        "redis://:sec/secret@localhost",
        "redis://:secret:secret@secret@localhost/x",
        "redis://ada:secret/1?secret#secret@localhost",
        "ada:secret@localhost",
        "http://:secret@localhost",
    ],
)
def test_a_password_is_never_said(url: str):
    with pytest.raises(ValueError, match=r"\*\*\*@localhost") as refusal:
        RedisBroker(url)
    assert "sec" not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__


def test_a_broker_shows_no_password():
    for shown in (repr(RedisBroker("redis://ada:secret@localhost")), repr(parse("redis://ada:secret@localhost"))):
        assert "secret" not in shown
        assert "ada:***@localhost" in shown
    assert without_password("redis://localhost/1") == "redis://localhost/1"


def test_other_arguments_are_refused_at_the_door():
    with pytest.raises(TypeError, match="must be a string, not 1"):
        RedisBroker(1)  # type: ignore[arg-type]  # that is the mistake
    with pytest.raises(TypeError, match="prefix must be a text, not None"):
        RedisBroker("redis://localhost", prefix=None)  # type: ignore[arg-type]  # that is the mistake
    with pytest.raises(ValueError, match=r"without braces, not 'a\{b'"):
        RedisBroker("redis://localhost", prefix="a{b")
    with pytest.raises(ValueError, match="timeout must be above 0 seconds, not 0"):
        RedisBroker("redis://localhost", timeout=0)
    with pytest.raises(ValueError, match="connect_timeout must be"):
        RedisBroker("redis://localhost", connect_timeout=-1)
    with pytest.raises(ValueError, match="an ssl_context asks for rediss://"):
        RedisBroker("redis://localhost", ssl_context=ssl.create_default_context())


def test_open_broker_passes_options_on():
    broker = open_broker("rediss://example.org", prefix="shop", password="secret")
    assert isinstance(broker, RedisBroker)
    assert repr(broker) == "<RedisBroker rediss://example.org>"

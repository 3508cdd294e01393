"""The headers of a request, as its session keeps them."""

from __future__ import annotations

import copy
import gc
import pickle

import pytest
from websockets.datastructures import Headers, MultipleValuesError

from flowws.websocket.server._kept_headers import KeptHeaders

SENT = [("Host", "flowws.example"), ("Accept-Language", "en"), ("accept-language", "fr"), ("X-Ünusual", "ø\x01")]


@pytest.fixture
def headers() -> Headers:
    headers = Headers()
    for name, value in SENT:
        headers.set_insecure(name, value)  # as what came over the network
    return headers


def test_they_say_what_was_sent(headers: Headers) -> None:
    kept = KeptHeaders(headers)
    assert kept == headers
    assert headers == kept
    assert kept["host"] == kept.get("HOST") == "flowws.example"
    assert kept.get_all("Accept-Language") == ["en", "fr"]
    assert kept.get_all("Cookie") == []
    assert "x-ünusual" in kept
    assert "Cookie" not in kept
    assert (len(kept), list(kept)) == (3, ["host", "accept-language", "x-ünusual"])
    assert list(kept.raw_items()) == SENT
    assert (repr(kept), str(kept), kept.serialize()) == (repr(headers), str(headers), headers.serialize())
    with pytest.raises(MultipleValuesError):
        kept["accept-language"]
    with pytest.raises(KeyError):
        kept["cookie"]


def test_they_are_those_of_one_request(headers: Headers) -> None:
    kept = KeptHeaders(headers)
    headers["Host"] = "another.example"
    kept.get_all("Host").append("yet.another.example")
    assert kept["Host"] == "flowws.example"


def test_they_cannot_be_changed_and_copies_can(headers: Headers) -> None:
    kept = KeptHeaders(headers)
    for change in (
        lambda: kept.__setitem__("Host", "x"),
        lambda: kept.__delitem__("Host"),
        lambda: kept.update(Host="x"),
        lambda: kept.pop("Host"),
        lambda: kept.set_insecure("Host", "x"),
        kept.clear,
    ):
        with pytest.raises(TypeError, match=r"cannot be changed; headers\.copy\(\) can"):
            change()
    copy = kept.copy()
    copy["X-More"] = "1"
    assert copy["x-more"] == "1"
    assert kept == headers


def test_the_garbage_collector_takes_no_notice_of_them(headers: Headers) -> None:
    kept = KeptHeaders(headers)
    gc.collect()
    assert not gc.is_tracked(kept._items)


def test_they_can_be_copied(headers: Headers) -> None:
    kept = KeptHeaders(headers)
    for each in (copy.copy(kept), copy.deepcopy(kept), pickle.loads(pickle.dumps(kept))):
        assert type(each) is KeptHeaders
        assert list(each.raw_items()) == SENT

"""Bad arguments are refused at the door, quoting the value."""

from __future__ import annotations

from typing import Any

import pytest

from flowws import Lag, MutableSharedFlow, MutableStateFlow, flow_of
from flowws.feeds import BadFilterError, Feed, FeedEndpoint, MemoryLog, ServedFeed
from flowws.websocket import JsonConverter, MsgspecConverter, Router, WebSockets, WebSocketServer

SOURCE = MutableSharedFlow[int]()


async def wait_and_say(_: object) -> bool:
    return True


@pytest.mark.parametrize(
    ("options", "kind", "problem"),
    [
        ({"filter": {"even": wait_and_say}}, TypeError, "the filter 'even' must be a function"),
        ({"filter": {"even": True}}, TypeError, "the filter 'even' must be a function"),
        ({"filter": {7: bool}}, BadFilterError, "the name of a filter is a text, not 7"),
        ({"fields": "city"}, TypeError, "fields are several texts, not one: 'city'"),
        ({"snapshot": []}, TypeError, r"snapshot must be a function, not \[\]"),
        ({"revision": "revision"}, TypeError, "revision must be a function that answers at once, not 'revision'"),
        ({"revision": wait_and_say}, TypeError, "revision must be a function that answers at once"),
        ({"lag": "drop"}, TypeError, "lag must be a Lag, not 'drop'"),
        ({"lag": Lag.SUSPEND}, ValueError, "Lag.SUSPEND is not for feeds: a slow client must not delay the others"),
        ({"backlog": 0}, ValueError, "backlog must be at least 1, not 0"),
        ({"backlog": "many"}, TypeError, "backlog must be a whole number, not 'many'"),
        ({"resume": -1}, ValueError, "resume must be at least 0, not -1"),
        ({"resume": True}, TypeError, "resume must be a whole number, not True"),
        ({"resume": []}, TypeError, r"resume must be a whole number, not \[\]"),
        ({"converter": "json"}, TypeError, "converter must be a ContentConverter, not 'json'"),
        ({"converter": MsgspecConverter("msgpack")}, ValueError, "a feed is JSON"),
    ],
    ids=str,
)
def test_options_that_make_no_sense(options: dict[str, Any], kind: type[Exception], problem: str) -> None:
    for make in (lambda: Feed(SOURCE, **options), lambda: WebSocketServer().feed("/feed", SOURCE, **options)):
        with pytest.raises(kind, match=problem):
            make()
    assert SOURCE.subscription_count.value == 0


def test_a_source_is_hot() -> None:
    with pytest.raises(TypeError, match="a feed is made of a SharedFlow or a StateFlow, not flow_of"):
        Feed(flow_of(1, 2))  # type: ignore[arg-type]  # what an untyped caller may do


def test_a_source_that_cannot_be_tapped_is_refused() -> None:
    derived = MutableStateFlow(1).map_state(str)
    with pytest.raises(TypeError, match="cannot be tapped"):
        WebSocketServer().feed("/feed", derived)


@pytest.mark.parametrize(
    ("feeds", "problem"),
    [
        ([Feed(SOURCE)], "feeds is a mapping of topics to feeds"),
        ({7: Feed(SOURCE)}, "a topic is a text, not 7"),
        ({"people": SOURCE}, "the topic 'people' has to have a Feed, not "),
    ],
)
def test_topics_have_feeds(feeds: Any, problem: str) -> None:
    with pytest.raises(TypeError, match=problem):
        FeedEndpoint(feeds)
    with pytest.raises(TypeError, match=problem):
        WebSocketServer().feeds("/feeds", feeds)
    assert SOURCE.subscription_count.value == 0


def test_a_path_that_is_taken_is_refused_and_nothing_is_tapped() -> None:
    app = WebSocketServer()
    app.feed("/feed", MutableSharedFlow[int]())
    with pytest.raises(ValueError, match="there is a handler for '/feed'"):
        app.feed("/feed", SOURCE)
    with pytest.raises(ValueError, match="slash"):
        app.feed("feed", SOURCE)
    with pytest.raises(TypeError, match=r"config is made by WebSockets\(...\)"):
        app.feed("/other", SOURCE, config=7)  # type: ignore[arg-type]  # what an untyped caller may do
    assert SOURCE.subscription_count.value == 0


def test_a_router_has_feeds_too() -> None:
    app, router = WebSocketServer(), Router()
    feed = router.feed("/numbers", MutableSharedFlow[int](), config=WebSockets(ping_interval=1))
    app.include("/live", router)
    (route,) = app.routes
    assert route.path == "/live/numbers"
    assert route.config.ping_interval == 1
    assert set(route.page_files) == {"/flowws.js", "/flowws.d.ts"}
    assert isinstance(feed, ServedFeed)


def test_what_they_show() -> None:
    source = MutableSharedFlow[int]()
    log = MemoryLog[int](5)
    served = WebSocketServer().feed("/feed", source, resume=log, converter=JsonConverter())
    source.try_emit(1)
    assert repr(served) == f"<ServedFeed at {log.epoch}-1, 0 clients>"
    assert repr(Feed(source)) == "<Feed of <SharedFlow of 1 subscribers>, filters: none>"
    assert repr(FeedEndpoint({})) == "<FeedEndpoint of 0 feeds>"
    assert served.stats.delivered == 0
    assert repr(served._hub).startswith("<Hub at ")

from __future__ import annotations

import pytest

from flowws.websocket import Router, WebSockets, WebSocketServer
from flowws.websocket.server._route import RouteTable, choose


async def handler(session):
    pass


def router_of(*paths, subprotocol=None):
    router = Router()
    for path in paths:
        router.websocket(path, subprotocol=subprotocol)(handler)
    return router


def found(router, path):
    return [match.route.path for match in RouteTable(router.routes).find(path)]


def test_a_path_without_places_comes_first_then_the_first_added():
    router = router_of("/{any}", "/{other}", "/echo")
    assert found(router, "/echo") == ["/echo", "/{any}", "/{other}"]


def test_a_decorator_gives_the_handler_back():
    assert Router().websocket("/")(handler) is handler


@pytest.mark.parametrize("subprotocol", ["", "a b", "a, b", "(a)"])
def test_bad_subprotocols_are_refused_and_quoted(subprotocol):
    with pytest.raises(ValueError, match="one token"):
        Router().websocket("/", subprotocol=subprotocol)(handler)


def test_a_route_is_added_once():
    router = Router()
    for subprotocol in ("a", "b", None):
        router.websocket("/", subprotocol=subprotocol)(handler)
    with pytest.raises(ValueError, match="'/' with the subprotocol 'a' already"):
        router.websocket("/", subprotocol="a")(handler)
    assert repr(router) == "<Router 3 handlers>"
    assert repr(router.routes[0]) == "<Route / a>"


def test_the_order_of_the_client_decides():
    router = Router()
    for subprotocol in (None, "a", "b"):
        router.websocket("/", subprotocol=subprotocol)(handler)
    matches = RouteTable(router.routes).find("/")
    chosen, fallback = choose(matches, ["b", "a"]), choose(matches, ["c"])
    assert chosen is not None
    assert chosen.route.subprotocol == "b"
    assert fallback is not None
    assert fallback.route.subprotocol is None
    assert choose([match for match in matches if match.route.subprotocol], ["c"]) is None


def test_prefixes_and_places_of_prefixes():
    inner = router_of("", "/{room:int}")
    middle = router_of("/")
    middle.include("/rooms", inner)
    app = WebSocketServer()
    app.include("/t/{tenant}", middle)
    assert [route.path for route in app.routes] == ["/t/{tenant}/", "/t/{tenant}/rooms", "/t/{tenant}/rooms/{room:int}"]
    (match,) = RouteTable(app.routes).find("/t/acme/rooms/7")
    assert match.path_parameters == {"tenant": "acme", "room": 7}
    assert found(app, "/t/acme/rooms") == ["/t/{tenant}/rooms"]


def test_a_router_may_be_included_before_it_is_filled_and_more_than_once():
    router, app = Router(), WebSocketServer()
    app.include("/a", router)
    app.include("/b", router)
    app.include("", router)
    router.websocket("/x")(handler)
    assert [route.path for route in app.routes] == ["/a/x", "/b/x", "/x"]


def test_what_a_router_configures_is_for_what_is_below_it():
    small, large = WebSockets(max_frame_size=1), WebSockets(max_frame_size=2)
    inner = Router(small)
    inner.websocket("/inner")(handler)
    inner.websocket("/own", config=large)(handler)
    app = WebSocketServer()
    app.include("/r", inner)
    app.websocket("/app")(handler)
    assert [route.config for route in app.routes] == [small, large, app.config]


def test_bad_prefixes_are_refused_and_quoted():
    for prefix in ("rooms", "/rooms/", "/", "/{a"):
        with pytest.raises(ValueError, match=prefix):
            Router().include(prefix, Router())


def test_twins_are_refused_where_they_are_seen_first():
    app = WebSocketServer()
    app.websocket("/a/b")(handler)
    with pytest.raises(ValueError, match="'/a/b'"):
        app.include("/a", router_of("/b"))
    late = Router()
    app.include("/a", late)
    late.websocket("/b")(handler)
    with pytest.raises(ValueError, match="'/a/b'"):
        RouteTable(app.routes)


def test_two_places_of_one_name_are_seen_when_the_server_starts():
    app = WebSocketServer()
    app.include("/{id}", router_of("/{id}"))
    with pytest.raises(ValueError, match="name of its own"):
        RouteTable(app.routes)


def test_a_circle_is_refused():
    a, b = Router(), Router()
    a.include("/b", b)
    for router in (a, b):
        with pytest.raises(ValueError, match="below"):
            b.include("/x", router) if router is a else b.include("/y", b)


def test_a_server_has_no_empty_path():
    with pytest.raises(ValueError, match="''"):
        WebSocketServer().websocket("")(handler)


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (lambda any_: WebSocketServer(any_(["https://example.org"])), "made by WebSockets"),
        (lambda any_: Router(any_({"timeout": 3})), "made by WebSockets"),
        (lambda any_: Router().websocket("/", config=any_("fast")), "made by WebSockets"),
        (lambda any_: Router().websocket("/")(any_(None)), "a handler is .* not None"),
        (lambda any_: Router().websocket_raw("/")(any_("echo")), "a handler is .* not 'echo'"),
        (lambda any_: Router().middleware(any_(3)), "a middleware is .* not 3"),
    ],
)
def test_what_would_fail_with_the_first_client_is_refused_at_the_door(wrong, problem):
    with pytest.raises(TypeError, match=problem):
        wrong(lambda value: value)

from __future__ import annotations

import pytest

from flowws.websocket._router import Router, choose


async def handler(session):
    pass


def found(router, path):
    return [(match.route.path, match.path_parameters) for match in router.find(path)]


def test_places():
    router = Router()
    router.add("/rooms/{room}", None, handler)
    assert found(router, "/rooms/blue") == [("/rooms/{room}", {"room": "blue"})]
    assert found(router, "/rooms/a%2Fb") == [("/rooms/{room}", {"room": "a/b"})]
    assert found(router, "/rooms/") == []
    assert found(router, "/rooms/a/b") == []
    assert found(router, "/rooms") == []


def test_a_path_without_places_comes_first():
    router = Router()
    router.add("/{any}", None, handler)
    router.add("/echo", None, handler)
    assert [path for path, _ in found(router, "/echo")] == ["/echo", "/{any}"]


def test_signs_of_regular_expressions_are_plain():
    router = Router()
    router.add("/a.b+(c)", None, handler)
    assert found(router, "/a.b+(c)")
    assert not found(router, "/axb+(c)")


@pytest.mark.parametrize("path", ["", "echo", "/{a b}", "/{a}/{a}", "/{", "/a}", "/{}"])
def test_bad_paths_are_refused_and_quoted(path):
    with pytest.raises(ValueError, match=r"path|brace"):
        Router().add(path, None, handler)


@pytest.mark.parametrize("subprotocol", ["", "a b", "a, b", "(a)"])
def test_bad_subprotocols_are_refused_and_quoted(subprotocol):
    with pytest.raises(ValueError, match="one token"):
        Router().add("/", subprotocol, handler)


def test_a_route_is_added_once():
    router = Router()
    router.add("/", "a", handler)
    router.add("/", "b", handler)
    router.add("/", None, handler)
    with pytest.raises(ValueError, match="already"):
        router.add("/", "a", handler)
    assert len(router) == 3
    assert repr(router.find("/")[0].route) == "<Route / a>"


def test_the_order_of_the_client_decides():
    router = Router()
    router.add("/", None, handler)
    router.add("/", "a", handler)
    router.add("/", "b", handler)
    matches = router.find("/")
    chosen, fallback = choose(matches, ["b", "a"]), choose(matches, ["c"])
    assert chosen is not None
    assert chosen.route.subprotocol == "b"
    assert fallback is not None
    assert fallback.route.subprotocol is None
    assert choose([match for match in matches if match.route.subprotocol], ["c"]) is None

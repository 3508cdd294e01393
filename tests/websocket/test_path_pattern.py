from __future__ import annotations

import re
from uuid import UUID

import pytest

from flowws.websocket import WebSocketServer
from flowws.websocket.server._path_pattern import PathPattern, normal


@pytest.mark.parametrize(
    ("pattern", "path", "places"),
    [
        ("/echo", "/echo", {}),
        ("/echo", "/echo/", None),
        ("/echo", "/ECHO", None),
        ("/rooms/{room}", "/rooms/blue", {"room": "blue"}),
        ("/rooms/{room}", "/rooms/", None),
        ("/rooms/{room}", "/rooms/a/b", None),
        ("/rooms/{room}", "/rooms/a%2Fb", {"room": "a/b"}),
        ("/rooms/{room}", "/rooms/%FF", {"room": "\ufffd"}),
        ("/rooms/{room}", "/rooms/\udcff", {"room": "?"}),
        ("/{a}/{b}", "/1/2", {"a": "1", "b": "2"}),
        ("/v{version:int}", "/v12", {"version": 12}),
        ("/v{version:int}", "/v-1", None),
        ("/v{version:int}", "/v\u0661", None),
        ("/v{version:int}", "/v" + "9" * 5000, None),
        ("/{ratio:float}", "/0.5", {"ratio": 0.5}),
        (
            "/{key:uuid}",
            "/00000000-0000-0000-0000-000000000007",
            {"key": UUID(int=7)},
        ),
        ("/files/{rest:path}", "/files/a/b%20c", {"rest": "a/b c"}),
        ("/files/{rest:path}", "/files/", {"rest": ""}),
        ("/café", "/caf%C3%A9", {}),
        ("/caf%c3%a9", "/caf%C3%A9", {}),
        ("/a b", "/a%20b", {}),
        ("/~me", "/%7Eme", {}),
        ("/a.b+(c)", "/a.b+(c)", {}),
        ("/a.b+(c)", "/axb+(c)", None),
    ],
)
def test_w14_what_stands_in_the_places(pattern, path, places):
    """W14"""
    assert PathPattern(pattern).match(normal(path)) == places


@pytest.mark.parametrize(
    "path", ["", "echo", "/{a b}", "/{a}/{a}", "/{", "/a}", "/{}", "/{1}", "/{a:number}", "/{a:}", "/{a:int:int}"]
)
def test_bad_paths_are_refused_and_quoted(path):
    with pytest.raises(ValueError, match=re.escape(repr(path))):
        PathPattern(path)


def test_what_has_places():
    assert PathPattern("/{a}").has_places
    assert not PathPattern("/a").has_places


def test_a_decorator_without_its_path_says_so():
    with pytest.raises(TypeError, match="'/updates', not <function"):

        @WebSocketServer().websocket  # type: ignore[arg-type]  # wrong on purpose
        async def handler(session):
            pass

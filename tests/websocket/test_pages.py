from __future__ import annotations

from pathlib import Path

import pytest

from flowws.websocket import Router, WebSocketServer
from flowws.websocket.server._pages import Pages
from flowws.websocket.server._route import Route


@pytest.fixture
def folder(tmp_path):
    page = tmp_path / "page"
    (page / "deep").mkdir(parents=True)
    (page / "index.html").write_text("<p>home</p>")
    (page / "app.js").write_text("1")
    (page / "style.css").write_text("p {}")
    (page / "logo.svg").write_text("<svg/>")
    (page / "data.bin").write_bytes(b"\0")
    (page / "empty.txt").write_text("")
    (page / ".hidden").write_text("secret")
    (page / "deep" / "index.html").write_text("<p>deep</p>")
    (page / "a b.txt").write_text("space")
    (tmp_path / "secret.txt").write_text("secret")
    (page / "link.txt").symlink_to(tmp_path / "secret.txt")
    (page / "loop.txt").symlink_to(page / "loop.txt")
    return page


@pytest.fixture
def pages(folder):
    pages = Pages()
    pages.add("/", folder)
    return pages


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("/", b"<p>home</p>", "text/html; charset=utf-8"),
        ("/index.html", b"<p>home</p>", "text/html; charset=utf-8"),
        ("/deep/", b"<p>deep</p>", "text/html; charset=utf-8"),
        ("/app.js", b"1", "text/javascript; charset=utf-8"),
        ("/style.css", b"p {}", "text/css; charset=utf-8"),
        ("/logo.svg", b"<svg/>", "image/svg+xml; charset=utf-8"),
        ("/data.bin", b"\0", "application/octet-stream"),
        ("/empty.txt", b"", "text/plain; charset=utf-8"),
        ("/a%20b.txt", b"space", "text/plain; charset=utf-8"),
    ],
)
def test_files_and_their_types(pages, path, body, kind):
    response = pages.get(path)
    headers = dict(response.headers)
    assert (response.status, response.body, headers["Content-Type"]) == (200, body, kind)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'self'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/deep",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/..%5csecret.txt",
        "/deep/../../secret.txt",
        "//etc/passwd",
        "/.hidden",
        "/link.txt",
        "/index.html%00",
        "/C:/secret.txt",
        "/./index.html",
        "*",
        "",
        "/" + "a" * 300,
        "/" + "a/" * 3000,
        "/loop.txt",
    ],
)
def test_nothing_leads_out(pages, path):
    assert pages.get(path).status == 404


def test_a_file_that_cannot_be_read_is_not_there(pages, monkeypatch):
    """Nobody may read it, or it goes at this very moment."""

    def refuse(_):
        raise PermissionError

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert pages.get("/app.js").status == 404


def test_the_longest_prefix_counts(pages, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "index.html").write_text("other")
    pages.add("/deep", other)
    assert pages.get("/deep/").body == b"other"


def test_health():
    assert (Pages().get("/healthz").status, Pages().get("/healthz").body) == (200, b"ok\n")


def test_bad_folders_are_refused(folder, pages):
    with pytest.raises(ValueError, match="begins with a slash"):
        pages.add("page", folder)
    with pytest.raises(ValueError, match="already"):
        pages.add("/", folder)
    with pytest.raises(TypeError, match=r"Path\('page'\)"):
        pages.add("/x", "page")
    with pytest.raises(ValueError, match="no folder"):
        pages.add("/x", folder / "index.html")


def test_files_that_are_lent_stand_behind_those_of_the_folders(folder, pages, tmp_path):
    (tmp_path / "types.d.ts").write_text("// lent")
    for path in "/app.js", "/none.js", "/deep/types.d.ts":
        pages.lend({path: tmp_path / "types.d.ts"})
    assert pages.get("/app.js").body == b"1"
    assert pages.get("/none.js").body == pages.get("/deep/types.d.ts").body == b"// lent"
    assert dict(pages.get("/none.js").headers)["Content-Type"] == "text/plain; charset=utf-8"
    assert pages.get("/other.js").status == 404


async def test_what_a_route_lends_is_served_wherever_the_route_is(house, folder):
    app, router = WebSocketServer(), Router()
    router._add(Route("/feed", lambda session: session.close(), page_files={"/app.js": folder / "app.js"}))
    app.include("/live", router)
    server = await house.start(app)
    peer = await house.connect(server.port)
    await peer.request("/app.js", {"Host": "localhost"})
    assert (peer.status, await peer.read_to_end()) == (200, b"1")


async def test_pages_over_http(house, folder):
    app = WebSocketServer()
    app.static("/", folder)
    server = await house.start(app)
    for path, status, body in (
        ("/?x=1", 200, b"<p>home</p>"),
        ("/empty.txt", 200, b""),
        ("/none", 404, b"not found\n"),
        ("/healthz", 200, b"ok\n"),
    ):
        peer = await house.connect(server.port)
        await peer.request(path, {"Host": "localhost"})
        assert (peer.status, await peer.read_to_end()) == (status, body)
        assert peer.headers["content-length"] == str(len(body))
        assert peer.headers["connection"] == "close"

"""`Pages`: plain GETs on the server's port: static files and ``/healthz``."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from http import HTTPStatus
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from ..engines import Response

_TYPES: Final = mimetypes.MimeTypes()  # not the machine's: the same answer everywhere
_TYPES.add_type("text/javascript", ".js")
_TYPES.add_type("text/javascript", ".mjs")
_TYPES.add_type("image/svg+xml", ".svg")
_TYPES.add_type("font/woff2", ".woff2")
_TYPES.add_type("application/wasm", ".wasm")

_SECURITY: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)
_PAGE_POLICY: Final = (
    "Content-Security-Policy",
    (
        "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
        "object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
)


class Pages:
    """Folders of files, each under a prefix of the path; the longest prefix that fits counts."""

    def __init__(self) -> None:
        self._folders: dict[str, Traversable] = {}
        self._lent: dict[str, Traversable] = {}

    def add(self, prefix: str, folder: Traversable) -> None:
        """Serve the files of a folder, ``index.html`` at its root included."""
        if not prefix.startswith("/"):
            raise ValueError(f"a prefix begins with a slash, not like {prefix!r}")
        if isinstance(folder, str):
            raise TypeError(f"a folder is a path, such as Path({folder!r}), not a text")
        if not folder.is_dir():
            raise ValueError(f"there is no folder {folder}")
        prefix = prefix if prefix.endswith("/") else f"{prefix}/"
        if prefix in self._folders:
            raise ValueError(f"{prefix!r} has a folder already: {self._folders[prefix]}")
        self._folders[prefix] = folder.resolve() if isinstance(folder, Path) else folder

    def lend(self, files: Mapping[str, Traversable]) -> None:
        """Serve these files, too, each at its path. A file that a folder has there goes first."""
        self._lent.update(files)

    def get(self, path: str) -> Response:
        """The answer to a GET; `path` is as it was sent, without its query."""
        if path == "/healthz":
            return text(200, "ok")
        answer = self._from_folder(path)
        return _page(self._lent[path]) if answer.status == 404 and path in self._lent else answer

    def _from_folder(self, path: str) -> Response:
        for prefix in sorted(self._folders, key=len, reverse=True):
            if path.startswith(prefix):
                return _answer(self._folders[prefix], path[len(prefix) :])
        return text(404)


def text(status: int, problem: str = "", headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """An answer in words."""
    words = problem or HTTPStatus(status).phrase.lower()
    plain = (("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store"))
    return Response(status, (*plain, *_SECURITY, *headers), f"{words}\n".encode())


def _answer(folder: Traversable, path: str) -> Response:
    try:
        found = _find(folder, path)
        return text(404) if found is None else _page(found)
    except (OSError, RuntimeError):  # too long a name, a file that nobody may read; links in a circle, up to 3.12
        return text(404)


def _find(folder: Traversable, path: str) -> Traversable | None:
    """The file of a path below the folder. Each segment is a plain name: nothing leads up, out, or to a hidden file."""
    segments = (path or "index.html").split("/")
    if segments[-1] == "":
        segments[-1] = "index.html"
    found = folder
    for segment in map(unquote, segments):
        if not segment or segment.startswith(".") or any(sign in segment for sign in "/\\:\0"):
            return None
        found = found / segment
    if isinstance(found, Path) and isinstance(folder, Path) and not found.resolve().is_relative_to(folder):
        return None  # a link that leads out
    return found if found.is_file() else None


def _page(file: Traversable) -> Response:
    # Read on the loop: these are the few small files of a page. A server of many or large files is another program.
    body = file.read_bytes()
    kind, encoding = _TYPES.guess_type(file.name.replace(".d.ts", ".txt"))  # .ts alone is a video
    kind = "application/octet-stream" if kind is None or encoding is not None else kind
    if kind.startswith("text/") or kind in ("application/json", "image/svg+xml"):
        kind = f"{kind}; charset=utf-8"
    headers = (("Content-Type", kind), ("Cache-Control", "no-cache"), *_SECURITY, _PAGE_POLICY)
    # picows takes an empty body for none at all, and would not say its length.
    return Response(200, headers if body else (*headers, ("Content-Length", "0")), body)

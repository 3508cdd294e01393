"""`Router`: which handler a path belongs to."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

from websockets.headers import parse_subprotocol

Handler: TypeAlias = "Callable[[Any], Awaitable[object]]"

_PLACE: Final = re.compile(r"\{([^{}/]*)\}")


class Route:
    """A path with places, ``/rooms/{room}``, a subprotocol if it needs one, and a handler."""

    def __init__(self, path: str, subprotocol: str | None, handler: Callable[[Any], Awaitable[object]]) -> None:
        self.path = path
        self.subprotocol = subprotocol
        self.handler = handler
        self.places = _PLACE.findall(path)
        self._pattern = _compile(path, self.places)

    def match(self, path: str) -> dict[str, str] | None:
        """What stands in the places of the path, None if the path is another one. `path` is as it was sent."""
        found = self._pattern.fullmatch(path)
        return None if found is None else {name: unquote(value) for name, value in found.groupdict().items()}

    def __repr__(self) -> str:
        return f"<Route {self.path}{f' {self.subprotocol}' if self.subprotocol else ''}>"


@dataclass(frozen=True, slots=True)
class Match:
    """A route, and what stood in its places."""

    route: Route
    path_parameters: dict[str, str]


class Router:
    """The routes of a server. Of several that fit, one without places comes first, then the one that was added
    first.
    """

    def __init__(self) -> None:
        self._routes: list[Route] = []

    def add(self, path: str, subprotocol: str | None, handler: Callable[[Any], Awaitable[object]]) -> Route:
        """Add a route. Raises `ValueError` for a path or a subprotocol that can never match, or that is taken."""
        if not path.startswith("/"):
            raise ValueError(f"a path begins with a slash, not like {path!r}")
        if subprotocol is not None:
            _check_subprotocol(subprotocol)
        if any(route.path == path and route.subprotocol == subprotocol for route in self._routes):
            raise ValueError(f"there is a handler for {path!r} with the subprotocol {subprotocol!r} already")
        route = Route(path, subprotocol, handler)
        self._routes.append(route)
        self._routes.sort(key=lambda each: bool(each.places))  # stable: of two alike, the first stays first
        return route

    def __len__(self) -> int:
        return len(self._routes)

    def find(self, path: str) -> list[Match]:
        """The routes of a path, the best first."""
        found = ((route, route.match(path)) for route in self._routes)
        return [Match(route, places) for route, places in found if places is not None]


def choose(matches: Sequence[Match], offered: Sequence[str]) -> Match | None:
    """The route to take for a client that offers these subprotocols, in its order of preference; None: none of these.

    A route with a subprotocol is for clients that offer it, and goes before one without, which is for everybody.
    """
    for subprotocol in offered:
        for match in matches:
            if match.route.subprotocol == subprotocol:
                return match
    return next((match for match in matches if match.route.subprotocol is None), None)


def _compile(path: str, places: list[str]) -> re.Pattern[str]:
    for place in places:
        if not place.isidentifier() or places.count(place) > 1:
            raise ValueError(f"each place of a path has a name of its own, not {place!r} in {path!r}")
    pieces = _PLACE.split(path)  # text, name, text, name, ..., text
    if any("{" in text or "}" in text for text in pieces[::2]):
        raise ValueError(f"a brace without its counterpart in {path!r}")
    texts = [re.escape(text) if index % 2 == 0 else f"(?P<{text}>[^/]+)" for index, text in enumerate(pieces)]
    return re.compile("".join(texts))


def _check_subprotocol(subprotocol: str) -> None:
    try:
        alone = parse_subprotocol(subprotocol) == [subprotocol]
    except Exception as error:
        raise ValueError(f"a subprotocol is one token, not {subprotocol!r}") from error
    if not alone:
        raise ValueError(f"a subprotocol is one token, not {subprotocol!r}")

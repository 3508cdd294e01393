"""`Route`: a path, the clients that it is for, and a handler. `RouteTable` finds the one that a request means."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.resources.abc import Traversable
from typing import Any, TypeAlias

from websockets.headers import parse_subprotocol

from .._config import WebSockets
from ._middleware import Middleware
from ._path_pattern import PathPattern, normal

Handler: TypeAlias = Callable[[Any], Awaitable[object]]


@dataclass(frozen=True, eq=False)
class Route:
    """One registration of a handler."""

    path: str
    handler: Handler
    subprotocol: str | None = None
    """Whose clients it is for; None: for everybody."""
    own_config: WebSockets | None = None
    """How its sessions behave; None: as its router says."""
    is_raw: bool = False
    """Whether the handler sees every frame."""
    middleware: tuple[Middleware, ...] = ()
    """Around its upgrades, the outermost first."""
    page_files: Mapping[str, Traversable] = field(default_factory=dict[str, Traversable])
    """What a page needs to talk to it, by the path of the server at which it is found, wherever the route is."""

    @property
    def config(self) -> WebSockets:
        """How its sessions behave, once a server has it."""
        assert self.own_config is not None  # a server gives its own to those who have none
        return self.own_config

    @property
    def named(self) -> str:
        """How an error names it."""
        return repr(self.path)

    @cached_property
    def pattern(self) -> PathPattern:
        """The path, ready to be compared."""
        return PathPattern(self.path)

    def under(self, prefix: str, config: WebSockets | None, middleware: Sequence[Middleware]) -> Route:
        """This route as a router with these settings has it."""
        return replace(
            self,
            path=prefix + self.path,
            own_config=config if self.own_config is None else self.own_config,
            middleware=(*middleware, *self.middleware),
        )

    def __repr__(self) -> str:
        return f"<Route {self.path}{f' {self.subprotocol}' if self.subprotocol else ''}>"


@dataclass(frozen=True, slots=True)
class Match:
    """A route, and what stood in its places."""

    route: Route
    path_parameters: dict[str, Any]


class RouteTable:
    """Routes by path. Of several that fit, one without places comes first, then the one that was added first.

    Raises `ValueError` where two routes are for the same clients of the same path.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = sorted(routes, key=lambda each: each.pattern.has_places)  # stable: the first added stays first
        refuse_twins(self.routes)

    def find(self, path: str) -> list[Match]:
        """The routes of a path, the best first. `path` is as it was sent."""
        path = normal(path)
        found = ((route, route.pattern.match(path)) for route in self.routes)
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


def refuse_twins(routes: Iterable[Route]) -> None:
    """Raise `ValueError` where two routes are for the same clients of the same path."""
    seen: set[tuple[str, str | None]] = set()
    for route in routes:
        if (route.path, route.subprotocol) in seen:
            raise ValueError(
                f"there is a handler for {route.path!r} with the subprotocol {route.subprotocol!r} already"
            )
        seen.add((route.path, route.subprotocol))


def check_subprotocol(subprotocol: str) -> None:
    """Raise `ValueError` for what no client can offer."""
    try:
        alone = parse_subprotocol(subprotocol) == [subprotocol]
    except Exception as error:
        raise ValueError(f"a subprotocol is one token, not {subprotocol!r}") from error
    if not alone:
        raise ValueError(f"a subprotocol is one token, not {subprotocol!r}")

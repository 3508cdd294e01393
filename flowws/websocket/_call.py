"""`Call`: what the opening request said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from http.cookies import CookieError, SimpleCookie
from typing import Literal
from urllib.parse import parse_qsl, unquote

from websockets.datastructures import Headers


class QueryParameters(dict[str, str]):
    """The parameters behind the ``?``: by name, and of a name that comes twice the last; `get_all` gives each.

    >>> QueryParameters("room=blue&tag=a&tag=b").get_all("tag")
    ['a', 'b']
    """

    def __init__(self, query: str) -> None:
        self._pairs = parse_qsl(query, keep_blank_values=True)
        super().__init__(self._pairs)

    def get_all(self, name: str) -> list[str]:
        """Every value of the name, in order."""
        return [value for key, value in self._pairs if key == name]


@dataclass(frozen=True, eq=False)
class Call:
    """The request that opened a session, seen from the server. Kotlin: `ApplicationCall`, as far as it is a request."""

    target: str
    """Path and query as they were sent."""
    headers: Headers
    """By name without regard to case; ``get_all(name)`` where one may come twice."""
    path_parameters: Mapping[str, str]
    """What stood in the places of the route: ``{room}``."""
    client_address: tuple[str, int] | None
    """Host and port of the client; None where there is none."""
    subprotocol: str | None
    """The subprotocol that was agreed on."""
    scheme: Literal["ws", "wss"]

    @cached_property
    def path(self) -> str:
        """The path, decoded."""
        return unquote(path_of(self.target))

    @cached_property
    def query_parameters(self) -> QueryParameters:
        """The parameters behind the ``?``, decoded."""
        return QueryParameters(self.target.partition("?")[2])

    @cached_property
    def cookies(self) -> Mapping[str, str]:
        """The cookies of the client, by name. None at all if their header cannot be read."""
        jar = SimpleCookie()
        for line in self.headers.get_all("Cookie"):
            try:
                jar.load(line)
            except CookieError:
                return {}
        return {name: morsel.value for name, morsel in jar.items()}


def path_of(target: str) -> str:
    """The path of a request, as it was sent."""
    return target.partition("?")[0]

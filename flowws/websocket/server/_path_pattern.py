"""`PathPattern`: a path with places, ``/rooms/{room}``, in Starlette's notation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from starlette.convertors import Convertor

_AS_IT_IS: Final = "-._~!$&'()*+,;=:@{}"  # what stands in a path without being escaped, and the braces of a place
_PLAIN: Final = re.compile(rf"[\w{re.escape(_AS_IT_IS)}/]*", re.ASCII)
_BRACES: Final = re.compile("[{}]")


def normal(path: str) -> str:
    """The one way to write this path, of all that mean the same (RFC 3986, section 6.2.2)."""
    if _PLAIN.fullmatch(path):
        return path
    return "/".join(quote(unquote(segment), safe=_AS_IT_IS, errors="replace") for segment in path.split("/"))


class PathPattern:
    """Says whether a path fits, and what stands in its places.

    ``{room}`` is one segment, ``{id:int}``, ``{ratio:float}`` and ``{key:uuid}`` are converted, ``{rest:path}`` is
    everything that follows. Two ways to escape the same path are the same path; an escaped slash is a letter of its
    segment. Raises `ValueError` or `TypeError`, quoting the path, for what is no pattern.
    """

    def __init__(self, path: str) -> None:
        if not isinstance(path, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # as in `@app.websocket`, without ()
            raise TypeError(f"a path is a text, such as '/updates', not {path!r}")
        if not path.startswith("/"):
            raise ValueError(f"a path begins with a slash, not like {path!r}")
        self._regex, self._converters = _compile(path)

    @property
    def has_places(self) -> bool:
        """Whether there is more than one path that fits."""
        return bool(self._converters)

    def match(self, path: str) -> dict[str, Any] | None:
        """What stands in the places of a `normal` path, None if the path is another one."""
        found = self._regex.fullmatch(path)
        if found is None:
            return None
        places = found.groupdict()
        try:
            return {name: self._converters[name].convert(unquote(places[name])) for name in places}
        except ValueError:  # more digits than Python makes a number of
            return None


def _compile(path: str) -> tuple[re.Pattern[str], dict[str, Convertor[Any]]]:
    from starlette.convertors import CONVERTOR_TYPES  # here: a client needs no routes, and this takes its time to load
    from starlette.routing import compile_path

    try:
        regex, plain, converters = compile_path(normal(path))
    except ValueError as error:
        raise ValueError(f"each place of a path has a name of its own, unlike in {path!r}") from error
    except (AssertionError, KeyError) as error:
        kinds = ", ".join(CONVERTOR_TYPES)
        raise ValueError(f"a place of {path!r} is of a kind that does not exist; these do: {kinds}") from error
    for name in converters:
        plain = plain.replace(f"{{{name}}}", "")
    if _BRACES.search(plain):
        raise ValueError(f"a place of a path is like {{name}} or {{name:int}}, unlike in {path!r}")
    return regex, converters

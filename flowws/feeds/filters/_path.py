"""Reading fields of values: the declared ones, and nothing else that an object has."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, cast

from flowws.feeds._errors import BadFilterError

from ._scalar import checked_text

MAX_STEPS: Final = 8


def checked_path(path: object) -> str:
    """The path to a field, such as ``person.city``. Raises `BadFilterError`."""
    steps = checked_text(path, "the path of a field").split(".")
    if not all(steps):
        raise BadFilterError(f"a path of a field is names with dots between them, not {path!r:.80}")
    if len(steps) > MAX_STEPS:
        raise BadFilterError(f"a path of a field has at most {MAX_STEPS} steps, not {len(steps)}")
    return ".".join(steps)


def reader(path: str) -> Callable[[object], object]:
    """The function that reads the field at `path`: None where there is none."""
    first, *others = map(_step, path.split("."))
    if not others:
        return first

    def read(value: object) -> object:
        value = first(value)
        for step in others:
            if value is None:
                return None
            value = step(value)
        return value

    return read


def _step(name: str) -> Callable[[object], object]:
    def read(value: object) -> object:
        kind: Any = type(value)
        if kind is dict:
            return cast("dict[object, object]", value).get(name)
        if (attribute := _declared(kind).get(name)) is not None:
            return getattr(value, attribute, None)
        return cast("Mapping[object, object]", value).get(name) if isinstance(value, Mapping) else None

    return read


@lru_cache(maxsize=1024)
def _declared(kind: Any) -> dict[str, str]:
    """The attributes that are fields, by the names that a message may give them.

    A name that the type declares for messages counts beside the attribute's own. What is not in any message is no
    field here: a filter would tell, guess by guess, what it says.
    """
    if (models := getattr(kind, "__pydantic_fields__", None)) is not None:
        return _of_model(models)
    if dataclasses.is_dataclass(kind):
        return {each.name: each.name for each in dataclasses.fields(kind) if not each.name.startswith("_")}
    if (attributes := getattr(kind, "__struct_fields__", None)) is not None:
        return _both(attributes, kind.__struct_encode_fields__)
    if tuple in kind.__mro__ and (places := getattr(kind, "_fields", None)):  # a NamedTuple
        return _both(places, places)
    return {}


def _of_model(models: dict[str, Any]) -> dict[str, str]:
    shown = [name for name, about in models.items() if not about.exclude and not name.startswith("_")]
    return _both(shown, [models[name].serialization_alias or name for name in shown])


def _both(attributes: Any, names: Any) -> dict[str, str]:
    own = dict(zip(attributes, attributes, strict=True))
    return own | dict(zip(names, attributes, strict=True))

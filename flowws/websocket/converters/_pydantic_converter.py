"""`PydanticConverter`: values as JSON, by pydantic."""

from __future__ import annotations

from functools import lru_cache
from types import NoneType
from typing import TYPE_CHECKING, Any, Final

from flowws.websocket._errors import ContentMismatchError, DeserializeError, MalformedContentError, SerializeError
from flowws.websocket._frame import Frame

from ._content_converter import not_applicable
from ._extras import load

if TYPE_CHECKING:
    import pydantic

_AT_MOST: Final = 3  # problems that are named


class PydanticConverter:
    """Values as JSON text, written and validated by pydantic: models, and whatever else a `TypeAdapter` takes.

    Writes text messages, reads text and binary ones.

    Args:
        strict: whether ``"12"`` is not a number, and so on; None: as the models say, and leniently where they do not.
        by_alias: whether fields are written under their alias, which is the name that they are read by.

    Raises `ImportError` where pydantic is missing: it comes with the extra ``flowws[pydantic]``.

    >>> PydanticConverter().serialize({"name": "Ada"})
    <Frame.Text '{"name":"Ada"}'>
    """

    def __init__(self, *, strict: bool | None = None, by_alias: bool = True) -> None:
        self._pydantic: Final = load("pydantic", self)
        self._to_json: Final = load("pydantic_core", self).to_json
        self._strict: Final = strict
        self._by_alias: Final = by_alias
        self._adapter: Final = lru_cache(maxsize=1024)(self._make_adapter)

    def serialize(self, value: object) -> Frame:
        """The message for a value. Raises `SerializeError`."""
        return Frame.Text(self.to_bytes(value))

    def deserialize(self, frame: Frame, kind: Any) -> Any:
        """The value of type `kind` that a message says.

        Raises `DeserializeError`, which says what is wrong and where, and `TypeError` for a type that pydantic cannot
        read.
        """
        if not self.is_applicable(frame):
            raise not_applicable(self, frame)
        asked: Any = NoneType if kind is None else kind
        adapter = self._adapter(asked)
        try:
            return adapter.validate_json(frame.payload, strict=self._strict)
        except self._pydantic.ValidationError as error:
            raise _refusal(error, frame) from error
        except Exception as error:  # a validator may raise anything
            raise ContentMismatchError(str(error) or repr(error), frame) from error

    def is_applicable(self, frame: Frame) -> bool:
        """Whether it reads frames of this kind: texts and bytes."""
        return not frame.is_control

    def to_bytes(self, value: object) -> bytes:
        """The content of the message for a value: how brokers write. Raises `SerializeError`."""
        try:
            written: bytes = self._to_json(value, by_alias=self._by_alias)
        except Exception as error:  # a serializer of a model may raise anything
            raise SerializeError(f"{value!r:.100} cannot be written as JSON: {error}") from error
        return written

    def from_bytes(self, data: bytes, kind: Any) -> Any:
        """The value of type `kind` that such a content says: how brokers read. Raises what pydantic does, and
        `TypeError` for a type that it cannot read.
        """
        asked: Any = NoneType if kind is None else kind
        return self._adapter(asked).validate_json(data, strict=self._strict)

    def _make_adapter(self, kind: Any) -> pydantic.TypeAdapter[Any]:
        try:
            adapter: pydantic.TypeAdapter[Any] = self._pydantic.TypeAdapter(kind)
        except Exception as error:
            raise TypeError(f"{kind!r} cannot be read by pydantic: {error}") from error
        return adapter

    def __repr__(self) -> str:
        return "PydanticConverter()"


def _refusal(error: pydantic.ValidationError, frame: Frame) -> DeserializeError:
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    if problems[0]["type"] == "json_invalid":
        return MalformedContentError(f"this is not JSON: {problems[0]['msg']}", frame)
    named = [f"{_place(each['loc'])}{each['msg'][:1].lower()}{each['msg'][1:]}" for each in problems[:_AT_MOST]]
    more = f"; and {len(problems) - _AT_MOST} more" if len(problems) > _AT_MOST else ""
    return ContentMismatchError("; ".join(named) + more, frame)


def _place(steps: tuple[int | str, ...]) -> str:
    """Where it is, as one would write it: ``children[0].name: ``."""
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")
    return f"{place}: " if place else ""

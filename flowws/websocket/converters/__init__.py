"""Converters: values into frames and back."""

from ._content_converter import ContentConverter, read
from ._json_converter import JsonConverter
from ._msgspec_converter import MsgspecConverter
from ._pydantic_converter import PydanticConverter

__all__ = ["ContentConverter", "JsonConverter", "MsgspecConverter", "PydanticConverter", "read"]

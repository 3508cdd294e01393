"""Converters: values into frames and back."""

from ._content_converter import ContentConverter
from ._json_converter import JsonConverter

__all__ = ["ContentConverter", "JsonConverter"]

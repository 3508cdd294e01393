"""What is wrong with a piece of JSON, or with a value that has no form in it."""

from __future__ import annotations


class JsonError(ValueError):
    """What was read does not say a value of the type that was asked for. Its text says what is wrong, and where."""


class MalformedJsonError(JsonError):
    """It is not JSON at all."""


class JsonMismatchError(JsonError):
    """It is JSON, but says something else."""

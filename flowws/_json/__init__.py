"""Below floor 4: values as JSON and back, strictly. Sessions and brokers speak it alike."""

from flowws._core import at_home as _at_home

from ._errors import JsonError, JsonMismatchError, MalformedJsonError
from ._json_codec import JsonCodec

__all__ = ["JsonCodec", "JsonError", "JsonMismatchError", "MalformedJsonError"]

_at_home(__name__, __all__, globals())

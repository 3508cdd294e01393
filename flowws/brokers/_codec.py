"""`Codec`: what a broker needs in order to speak in values."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from flowws._json import JsonCodec


@runtime_checkable
class Codec(Protocol):
    """Turns values into bytes and back. Stateless: one serves every flow.

    The usual one is `JsonCodec`; the converters of `flowws.websocket` are codecs, too. One of your own is a class with
    these two methods.
    """

    def to_bytes(self, value: Any) -> bytes:
        """The bytes for a value. Whatever this raises, `emit` raises."""
        ...

    def from_bytes(self, data: bytes, kind: Any) -> Any:
        """The value of type `kind` that the bytes say. What this raises makes the entry unreadable for this process.
        `TypeError` is for a type that it cannot read at all.
        """
        ...


_json_codec: JsonCodec | None = None


def codec_for(kind: Any, converter: Codec | None) -> Codec:
    """The codec to use for values of type `kind`. Raises `TypeError` for what is no codec, and for a type that
    it cannot read.
    """
    codec = _json() if converter is None else converter
    if not isinstance(codec, Codec):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise TypeError(f"a converter for brokers has to_bytes and from_bytes, which {codec!r} has not")
    try:
        codec.from_bytes(b"", kind)
    except TypeError:
        raise
    except Exception:  # noqa: BLE001  # of course nothing is no value; but the type is one that it reads
        return codec
    return codec


def _json() -> JsonCodec:
    global _json_codec  # noqa: PLW0603  # made once, when first needed
    if _json_codec is None:
        _json_codec = JsonCodec()
    return _json_codec

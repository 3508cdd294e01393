"""`PerMessageDeflate`: messages that travel compressed (RFC 7692)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from sys import maxsize
from typing import Final, NamedTuple

from websockets.exceptions import NegotiationError
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory
from websockets.extensions.permessage_deflate import PerMessageDeflate as Agreement

from flowws.websocket._frame import Frame

from ._deflation import Compressor, Inflater
from ._extension import ExtensionParameters, WebSocketExtension, WebSocketExtensionFactory

NAME: Final = "permessage-deflate"
RSV1: Final = 4

_MODERATE_WINDOW: Final = 12  # bits: 4 KiB hold what messages of a feed have in common, for a sixth of the memory


@dataclass(frozen=True, kw_only=True, repr=False)
class PerMessageDeflate(WebSocketExtensionFactory):
    """Compression of messages: ``WebSockets(extensions=[PerMessageDeflate()])``. Every browser knows it; with a peer
    that does not, messages travel as they are.

    Without more, a connection that has compressed and inflated costs about 50 KiB, and remembers from message to
    message what they have in common. It takes CPU time on the loop: think of `threshold` and `compress_if` for
    messages that gain nothing.

    Args:
        level: how hard to try, from 0 (not at all) to 9; -1 is what zlib takes for a good balance.
        threshold: messages of more bytes than this are compressed.
        compress_if: which messages are compressed, of those beyond the threshold; None: each of them.
        client_no_context_takeover: whether the client begins anew with each message, which saves memory on both sides.
            A client says so; a server demands it.
        server_no_context_takeover: the same for the server. A server says so; a client demands it.
        client_max_window_bits: how far back the client may refer, as a power of two, 9 to 15. None: 12 from a server,
            which is a wish, and what the server wishes from a client.
        server_max_window_bits: the same for the server. None: 12 from a server, and what it likes from a client; with
            a number, a client takes a server that keeps to it, and no compression otherwise.
        max_inflated_size: how many bytes a message may have once it is inflated, if that is to be less than the
            session's `max_frame_size`. Beyond: close with 1009, and no more than that was inflated.

    Ktor: `WebSocketDeflateExtension`, where the server does not look at its own settings for context takeover.
    """

    level: int = -1
    threshold: int = 0
    compress_if: Callable[[Frame], bool] | None = None
    client_no_context_takeover: bool = False
    server_no_context_takeover: bool = False
    client_max_window_bits: int | None = None
    server_max_window_bits: int | None = None
    max_inflated_size: int | None = None

    name: str = field(default=NAME, init=False)
    rsv: int = field(default=RSV1, init=False)

    def __post_init__(self) -> None:
        _check_number("level", self.level, -1, 9)
        _check_number("threshold", self.threshold, 0)
        if self.compress_if is not None and not callable(self.compress_if):
            raise TypeError(f"compress_if is a function of a frame, not {self.compress_if!r}")
        for side in ("client_max_window_bits", "server_max_window_bits"):
            if (bits := getattr(self, side)) is not None:
                _check_number(side, bits, 9, 15)  # zlib cannot compress with 8
        if self.max_inflated_size is not None:
            _check_number("max_inflated_size", self.max_inflated_size, 1)

    def offers(self) -> Sequence[ExtensionParameters]:
        """One offer, which leaves the client's window to the server where it was not said."""
        return (self._as_client().get_request_params(),)

    def accept(self, offered: ExtensionParameters) -> tuple[WebSocketExtension, ExtensionParameters]:
        """Take what both sides can do; an offer with what RFC 7692 does not know is declined."""
        try:
            confirmed, agreement = self._as_server().process_request_params(list(offered), ())
        except NegotiationError as error:
            raise ValueError(str(error)) from error
        return Deflate(agreement, self), confirmed

    def agree(self, chosen: ExtensionParameters) -> WebSocketExtension:
        """Take what the server chose, if it is within what was offered."""
        try:
            return Deflate(self._as_client().process_response_params(list(chosen), ()), self)
        except NegotiationError as error:
            raise ValueError(str(error)) from error

    def __repr__(self) -> str:
        said = [each.name for each in fields(self) if each.init and getattr(self, each.name) != each.default]
        return f"PerMessageDeflate({', '.join(f'{name}={getattr(self, name)!r}' for name in said)})"

    def _as_client(self) -> ClientPerMessageDeflateFactory:
        return ClientPerMessageDeflateFactory(
            self.server_no_context_takeover,
            self.client_no_context_takeover,
            self.server_max_window_bits,
            self.client_max_window_bits or True,
        )

    def _as_server(self) -> ServerPerMessageDeflateFactory:
        return ServerPerMessageDeflateFactory(
            self.server_no_context_takeover,
            self.client_no_context_takeover,
            self.server_max_window_bits or _MODERATE_WINDOW,
            self.client_max_window_bits or _MODERATE_WINDOW,
        )


class Terms(NamedTuple):
    """What decides about the bytes of a message that is compressed for itself."""

    window_bits: int
    level: int
    threshold: int
    compress_if: Callable[[Frame], bool] | None


class Deflate(WebSocketExtension):
    """Compression in one connection, as it was agreed on."""

    name = NAME
    rsv = RSV1
    may_skip = True

    def __init__(self, agreement: Agreement, settings: PerMessageDeflate) -> None:
        self.terms: Terms = Terms(
            agreement.local_max_window_bits, settings.level, settings.threshold, settings.compress_if
        )
        """By what it compresses a message that is compressed for itself."""
        self._own_limit = settings.max_inflated_size or maxsize
        self._compressor = Compressor(
            agreement.local_max_window_bits,
            takeover=not agreement.local_no_context_takeover,
            level=settings.level,
        )
        self._inflater = Inflater(agreement.remote_max_window_bits, takeover=not agreement.remote_no_context_takeover)

    def transform_out(self, frame: Frame) -> Frame:
        """Compress the message, if it is one of those that are."""
        return self._transformed(frame, self._compressor.compress)

    def transform_apart(self, frame: Frame) -> Frame:
        """The same without a look at what was before: for a message that goes to many connections with equal `terms`.

        RFC 7692, section 7.2.3: a message need not refer to those before it, whatever was agreed on.
        """
        return self._transformed(frame, self._compressor.compress_apart)

    def begin_anew(self) -> None:
        """Messages have been sent that this has not seen. The peer remembers them, so nothing before them can be
        referred to.
        """
        self._compressor.begin_anew()

    def _transformed(self, frame: Frame, compress: Callable[[bytes], bytes]) -> Frame:
        data, terms = frame.data, self.terms
        if len(data) <= terms.threshold or (terms.compress_if is not None and not terms.compress_if(frame)):
            return frame
        return _with(frame, compress(data), frame.bits | RSV1)

    def transform_in(self, frame: Frame) -> Frame:
        """Inflate the message, if it is compressed."""
        if not frame.bits & RSV1:
            return frame
        limit = min(self.max_size, self._own_limit)
        return _with(frame, self._inflater.inflate(frame.data, limit), frame.bits & ~RSV1)

    def __repr__(self) -> str:
        return f"<{NAME}, out: {self._compressor!r}, in: {self._inflater!r}>"


def _with(frame: Frame, data: bytes, bits: int) -> Frame:
    kind = type(frame)
    other = kind.__new__(kind)  # nothing to check again: benchmarks/bench_session.py
    other.payload, other.bits = data, bits
    return other


def _check_number(name: str, value: object, least: int, most: int = maxsize) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be a number, not {value!r}")
    if not least <= value <= most:
        allowed = f"{least} or more" if most == maxsize else f"{least} to {most}"
        raise ValueError(f"{name} must be {allowed}, not {value!r}")

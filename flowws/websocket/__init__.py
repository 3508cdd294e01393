"""Floor 4: WebSocket sessions, a server and a client, after Ktor."""

from flowws._core import at_home as _at_home

from ._call import Call, QueryParameters
from ._client import WebSocketClient, WebSocketClientSession
from ._close_reason import CloseReason
from ._config import ChannelConfig, ChannelsConfig, Liveness, WebSockets, bounded, channels, unlimited
from ._errors import (
    ContentConvertError,
    ConverterNotFoundError,
    DeserializeError,
    FrameTooBigError,
    HandshakeError,
    PingTimeoutError,
    ProtocolViolationError,
    SerializeError,
    SessionClosedError,
    WebSocketError,
)
from ._frame import Frame
from ._server import Serving, WebSocketServer
from ._server_session import WebSocketServerSession
from ._session import DefaultWebSocketSession
from .converters import ContentConverter, JsonConverter

__all__ = [
    "Call",
    "ChannelConfig",
    "ChannelsConfig",
    "CloseReason",
    "ContentConvertError",
    "ContentConverter",
    "ConverterNotFoundError",
    "DefaultWebSocketSession",
    "DeserializeError",
    "Frame",
    "FrameTooBigError",
    "HandshakeError",
    "JsonConverter",
    "Liveness",
    "PingTimeoutError",
    "ProtocolViolationError",
    "QueryParameters",
    "SerializeError",
    "Serving",
    "SessionClosedError",
    "WebSocketClient",
    "WebSocketClientSession",
    "WebSocketError",
    "WebSocketServer",
    "WebSocketServerSession",
    "WebSockets",
    "bounded",
    "channels",
    "unlimited",
]

_at_home(__name__, __all__, globals())

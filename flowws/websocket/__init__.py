"""Floor 4: WebSocket sessions, a server and a client, after Ktor."""

from flowws._core import at_home as _at_home

from ._asgi_application import AsgiApplication
from ._asgi_endpoint import AsgiEndpoint, asgi_endpoint
from ._binding import Address
from ._call import Call, QueryParameters
from ._channels_config import ChannelConfig, ChannelsConfig, bounded, channels, unlimited
from ._client import WebSocketClient
from ._client_session import RawWebSocketClientSession, WebSocketClientSession
from ._close_reason import CloseReason
from ._config import Liveness, WebSockets
from ._connect_options import ConnectOptions
from ._default_session import DefaultWebSocketSession
from ._errors import (
    ChannelOverflowError,
    ContentConvertError,
    ContentMismatchError,
    ConverterNotFoundError,
    DeserializeError,
    FrameNotApplicableError,
    FrameTooBigError,
    HandshakeError,
    MalformedContentError,
    PingTimeoutError,
    ProtocolViolationError,
    ProxyError,
    SerializeError,
    SessionClosedError,
    WebSocketError,
)
from ._frame import Frame
from ._frame_type import FrameType
from ._memory_server import Dialled, MemoryEngine, MemoryServer
from ._middleware import Middleware, Proceed, refuse
from ._overflow import ChannelOverflow
from ._raw_session import RawWebSocketSession
from ._router import Router
from ._server import WebSocketServer
from ._server_observer import ServerObserver
from ._server_session import RawWebSocketServerSession, ServerSession, WebSocketServerSession
from ._serving import Serving
from ._session import WebSocketSession
from ._stats import SessionStats
from ._telemetry import OpenTelemetry
from ._trusted_proxies import TrustedProxies
from .converters import ContentConverter, JsonConverter, MsgspecConverter, PydanticConverter
from .engines import Answer, Request, Response, Tls, Upgrade
from .extensions import (
    ExtensionParameters,
    LocalExtension,
    PerMessageDeflate,
    WebSocketExtension,
    WebSocketExtensionFactory,
)

__all__ = [
    "Address",
    "Answer",
    "AsgiApplication",
    "AsgiEndpoint",
    "Call",
    "ChannelConfig",
    "ChannelOverflow",
    "ChannelOverflowError",
    "ChannelsConfig",
    "CloseReason",
    "ConnectOptions",
    "ContentConvertError",
    "ContentConverter",
    "ContentMismatchError",
    "ConverterNotFoundError",
    "DefaultWebSocketSession",
    "DeserializeError",
    "Dialled",
    "ExtensionParameters",
    "Frame",
    "FrameNotApplicableError",
    "FrameTooBigError",
    "FrameType",
    "HandshakeError",
    "JsonConverter",
    "Liveness",
    "LocalExtension",
    "MalformedContentError",
    "MemoryEngine",
    "MemoryServer",
    "Middleware",
    "MsgspecConverter",
    "OpenTelemetry",
    "PerMessageDeflate",
    "PingTimeoutError",
    "Proceed",
    "ProtocolViolationError",
    "ProxyError",
    "PydanticConverter",
    "QueryParameters",
    "RawWebSocketClientSession",
    "RawWebSocketServerSession",
    "RawWebSocketSession",
    "Request",
    "Response",
    "Router",
    "SerializeError",
    "ServerObserver",
    "ServerSession",
    "Serving",
    "SessionClosedError",
    "SessionStats",
    "Tls",
    "TrustedProxies",
    "Upgrade",
    "WebSocketClient",
    "WebSocketClientSession",
    "WebSocketError",
    "WebSocketExtension",
    "WebSocketExtensionFactory",
    "WebSocketServer",
    "WebSocketServerSession",
    "WebSocketSession",
    "WebSockets",
    "asgi_endpoint",
    "bounded",
    "channels",
    "refuse",
    "unlimited",
]

_at_home(__name__, __all__, globals())

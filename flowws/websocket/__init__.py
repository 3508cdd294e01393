"""Floor 4: WebSocket sessions, a server and a client, after Ktor."""

from flowws._core import at_home as _at_home

from ._channels_config import ChannelConfig, ChannelsConfig, bounded, channels, unlimited
from ._close_reason import CloseReason
from ._config import Liveness, WebSockets
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
from ._overflow import ChannelOverflow
from .client._client import WebSocketClient
from .client._client_session import RawWebSocketClientSession, WebSocketClientSession
from .client._connect_options import ConnectOptions
from .converters import ContentConverter, JsonConverter, MsgspecConverter, PydanticConverter
from .engines import Answer, Request, Response, Tls, Upgrade
from .extensions import (
    ExtensionParameters,
    LocalExtension,
    PerMessageDeflate,
    WebSocketExtension,
    WebSocketExtensionFactory,
)
from .server._asgi_application import AsgiApplication
from .server._asgi_endpoint import AsgiEndpoint, asgi_endpoint
from .server._binding import Address
from .server._call import Call, QueryParameters
from .server._memory_server import Dialled, MemoryEngine, MemoryServer
from .server._middleware import Middleware, Proceed, refuse
from .server._router import Router
from .server._server import WebSocketServer
from .server._server_observer import ServerObserver
from .server._server_session import RawWebSocketServerSession, ServerSession, WebSocketServerSession
from .server._serving import Serving
from .server._telemetry import OpenTelemetry
from .server._trusted_proxies import TrustedProxies
from .session._default_session import DefaultWebSocketSession
from .session._raw_session import RawWebSocketSession
from .session._session import WebSocketSession
from .session._shared_message import SharedMessage
from .session._stats import SessionStats

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
    "SharedMessage",
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

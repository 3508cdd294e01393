"""Extensions: what two peers may agree on beyond RFC 6455."""

from ._deflate import Deflate, PerMessageDeflate
from ._extension import ExtensionParameters, LocalExtension, WebSocketExtension, WebSocketExtensionFactory
from ._negotiation import accept, agreed, checked, offer

__all__ = [
    "Deflate",
    "ExtensionParameters",
    "LocalExtension",
    "PerMessageDeflate",
    "WebSocketExtension",
    "WebSocketExtensionFactory",
    "accept",
    "agreed",
    "checked",
    "offer",
]

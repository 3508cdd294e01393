"""Floor 2: channels, queues between tasks that suspend and that can be closed."""

from flowws._core import at_home as _at_home

from ._buffer_overflow import BufferOverflow
from ._channel import Channel
from ._channel_result import ChannelResult
from ._errors import ClosedReceiveChannelError, ClosedSendChannelError
from ._receive_channel import ReceiveChannel
from ._send_channel import SendChannel

__all__ = [
    "BufferOverflow",
    "Channel",
    "ChannelResult",
    "ClosedReceiveChannelError",
    "ClosedSendChannelError",
    "ReceiveChannel",
    "SendChannel",
]

_at_home(__name__, __all__, globals())

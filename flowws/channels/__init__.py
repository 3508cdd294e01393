"""Floor 2: channels, queues between tasks that suspend and that can be closed."""

from typing import TYPE_CHECKING

from flowws._core import at_home as _at_home
from flowws._core import when_asked as _when_asked

from ._buffer_overflow import BufferOverflow
from ._channel import Channel
from ._channel_result import ChannelResult
from ._errors import ClosedReceiveChannelError, ClosedSendChannelError
from ._receive_channel import ReceiveChannel
from ._send_channel import SendChannel

if TYPE_CHECKING:
    from ._actor import actor
    from ._actor_scope import ActorScope
    from ._produce import produce
    from ._producer_scope import ProducerScope
    from ._select import select, select_unbiased, while_select
    from ._ticker import TickerMode, ticker
    from ._timeout_clause import on_timeout

__all__ = [
    "ActorScope",
    "BufferOverflow",
    "Channel",
    "ChannelResult",
    "ClosedReceiveChannelError",
    "ClosedSendChannelError",
    "ProducerScope",
    "ReceiveChannel",
    "SendChannel",
    "TickerMode",
    "actor",
    "on_timeout",
    "produce",
    "select",
    "select_unbiased",
    "ticker",
    "while_select",
]

_at_home(__name__, __all__, globals())

if not TYPE_CHECKING:
    __getattr__, __dir__ = _when_asked(
        __name__,
        {
            "._actor": ("actor",),
            "._actor_scope": ("ActorScope",),
            "._produce": ("produce",),
            "._producer_scope": ("ProducerScope",),
            "._select": ("select", "select_unbiased", "while_select"),
            "._ticker": ("TickerMode", "ticker"),
            "._timeout_clause": ("on_timeout",),
        },
        globals(),
    )

"""Floor 3: flows, asynchronous streams of values with operators, cold and hot."""

from flowws._core import at_home as _at_home

from ._builders import as_flow, empty_flow, flow, flow_of
from ._channel_flows import consume_as_flow, receive_as_flow
from ._flow import Flow
from ._shared_flow import MutableSharedFlow, SharedFlow
from ._sharing_started import SharingCommand, SharingStarted
from ._state_flow import MutableStateFlow, StateFlow

__all__ = [
    "Flow",
    "MutableSharedFlow",
    "MutableStateFlow",
    "SharedFlow",
    "SharingCommand",
    "SharingStarted",
    "StateFlow",
    "as_flow",
    "consume_as_flow",
    "empty_flow",
    "flow",
    "flow_of",
    "receive_as_flow",
]

_at_home(__name__, __all__, globals())

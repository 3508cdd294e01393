"""Floor 3: flows, asynchronous streams of values with operators, cold and hot."""

from typing import TYPE_CHECKING

from flowws._core import at_home as _at_home
from flowws._core import when_asked as _when_asked

from ._builders import as_flow, empty_flow, flow, flow_of
from ._channel_builders import callback_flow, channel_flow
from ._channel_flows import consume_as_flow, receive_as_flow
from ._derived_state import combine_states
from ._errors import LaggedError
from ._flow import Flow
from ._interval import interval
from ._lag import Lag
from ._mailbox import Mailbox
from ._mutable_shared_flow import MutableSharedFlow
from ._mutable_state_flow import MutableStateFlow
from ._observable_flow import from_observable
from ._shared_flow import SharedFlow
from ._sharing_started import SharingCommand, SharingStarted
from ._state_flow import StateFlow
from ._subscription import Subscription
from ._tap import Tap
from .operators._limit import StopFlow
from .operators._merge import DEFAULT_CONCURRENCY
from .operators._notification import Complete, Error, Next, Notification
from .operators._transform import IndexedValue

if TYPE_CHECKING:
    from ._backoff import Backoff
    from ._combined_flow import combine, combine_transform
    from ._grouped_flow import GroupedFlow
    from ._merged_flow import merge
    from ._race import race

__all__ = [
    "DEFAULT_CONCURRENCY",
    "Backoff",
    "Complete",
    "Error",
    "Flow",
    "GroupedFlow",
    "IndexedValue",
    "Lag",
    "LaggedError",
    "Mailbox",
    "MutableSharedFlow",
    "MutableStateFlow",
    "Next",
    "Notification",
    "SharedFlow",
    "SharingCommand",
    "SharingStarted",
    "StateFlow",
    "StopFlow",
    "Subscription",
    "Tap",
    "as_flow",
    "callback_flow",
    "channel_flow",
    "combine",
    "combine_states",
    "combine_transform",
    "consume_as_flow",
    "empty_flow",
    "flow",
    "flow_of",
    "from_observable",
    "interval",
    "merge",
    "race",
    "receive_as_flow",
]

_at_home(__name__, __all__, globals())

if not TYPE_CHECKING:
    __getattr__, __dir__ = _when_asked(
        __name__,
        {
            "._backoff": ("Backoff",),
            "._combined_flow": ("combine", "combine_transform"),
            "._grouped_flow": ("GroupedFlow",),
            "._merged_flow": ("merge",),
            "._race": ("race",),
        },
        globals(),
    )

"""Floor 5: live feeds over WebSockets: filtered per client, resumable, and never slowed by one of them."""

from flowws._core import at_home as _at_home

from ._errors import (
    BadFilterError,
    BadMessageError,
    BadRecordingError,
    FeedClosedError,
    FeedError,
    ReplayedError,
    SourceFailedError,
    SubscriptionRefusedError,
)
from ._position import Position
from ._snapshot import Snapshot
from .client._feed_connection import FeedConnection
from .client._feed_state import FeedState
from .client._live_feed import LiveFeed
from .client._markers import Gap, Reconnected
from .client._reconnect_policy import ReconnectPolicy
from .client._reconnecting import reconnecting
from .filters import Field, Filter, field, named, parse_filter
from .recording import RecordedRun, read_runs, record, record_sessions, replay, replay_session
from .server._counts import FeedStats
from .server._feed import Feed, TakeSnapshot
from .server._feed_endpoint import FeedEndpoint
from .server._feed_log import FeedLog, MemoryLog, SharedLog
from .server._served_feed import ServedFeed

__all__ = [
    "BadFilterError",
    "BadMessageError",
    "BadRecordingError",
    "Feed",
    "FeedClosedError",
    "FeedConnection",
    "FeedEndpoint",
    "FeedError",
    "FeedLog",
    "FeedState",
    "FeedStats",
    "Field",
    "Filter",
    "Gap",
    "LiveFeed",
    "MemoryLog",
    "Position",
    "ReconnectPolicy",
    "Reconnected",
    "RecordedRun",
    "ReplayedError",
    "ServedFeed",
    "SharedLog",
    "Snapshot",
    "SourceFailedError",
    "SubscriptionRefusedError",
    "TakeSnapshot",
    "field",
    "named",
    "parse_filter",
    "read_runs",
    "reconnecting",
    "record",
    "record_sessions",
    "replay",
    "replay_session",
]

_at_home(__name__, __all__, globals())

"""Floor 4: flows that several processes share, by way of a broker."""

from typing import TYPE_CHECKING

from flowws._core import at_home as _at_home
from flowws._core import when_asked as _when_asked
from flowws._json import JsonCodec

from ._broker import Broker
from ._brokered_shared_flow import BrokeredSharedFlow, OnGap, brokered
from ._brokered_state_flow import BrokeredStateFlow
from ._codec import Codec
from ._continuity import CHAIN_LENGTH, Chain, gaps_between, resolved, shared_until
from ._entry import Entry, Gap, GapReason
from ._errors import (
    BrokerClosedError,
    BrokerError,
    BrokerRefusedError,
    BrokerUnavailableError,
    FlowGapError,
    UnreadableEntryError,
)
from ._memory_broker import MemoryBroker
from ._open_broker import open_broker
from ._position import Position
from ._retention import Retention
from ._status import BrokerStatus, Closed, Connected, Reconnecting
from ._topic import Topic

if TYPE_CHECKING:
    from .redis import RedisBroker

__all__ = [
    "CHAIN_LENGTH",
    "Broker",
    "BrokerClosedError",
    "BrokerError",
    "BrokerRefusedError",
    "BrokerStatus",
    "BrokerUnavailableError",
    "BrokeredSharedFlow",
    "BrokeredStateFlow",
    "Chain",
    "Closed",
    "Codec",
    "Connected",
    "Entry",
    "FlowGapError",
    "Gap",
    "GapReason",
    "JsonCodec",
    "MemoryBroker",
    "OnGap",
    "Position",
    "Reconnecting",
    "RedisBroker",
    "Retention",
    "Topic",
    "UnreadableEntryError",
    "brokered",
    "gaps_between",
    "open_broker",
    "resolved",
    "shared_until",
]

_at_home(__name__, __all__, globals())

if not TYPE_CHECKING:  # coredis is loaded by the one who asks for it
    __getattr__, __dir__ = _when_asked(__name__, {".redis": ("RedisBroker",)}, globals())

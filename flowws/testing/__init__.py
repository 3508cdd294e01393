"""Floor 5: tests that own time and order.

Virtual time on asyncio and trio, a scope that waits for what a test has started and names what it leaves behind, an
order checker, conversations with a WebSocket handler, and the contracts that every channel, every broker and every
engine keep. pytest finds the fixtures ``test_scope`` and ``order`` by itself; nothing here but
`flowws.testing.pytest_plugin` needs pytest.
"""

from typing import TYPE_CHECKING

from flowws._core import at_home as _at_home
from flowws._core import when_asked as _when_asked

from ._channel_contract import check_channel
from ._channel_trial import ChannelLike
from ._errors import LeakError, TestTimeoutError
from ._loops import virtual_time
from ._order import Order
from ._run_test import run_test
from ._test_scheduler import TestScheduler
from ._test_scope import TestScope

if TYPE_CHECKING:
    from ._check_broker import check_broker
    from ._check_engine import check_engine
    from ._conversation import conversation
    from ._peer import Peer
    from ._wire import Wire

__all__ = [
    "ChannelLike",
    "LeakError",
    "Order",
    "Peer",
    "TestScheduler",
    "TestScope",
    "TestTimeoutError",
    "Wire",
    "check_broker",
    "check_channel",
    "check_engine",
    "conversation",
    "run_test",
    "virtual_time",
]

_at_home(__name__, __all__, globals())

if not TYPE_CHECKING:  # what stands on floor 4 does not load it before somebody asks
    __getattr__, __dir__ = _when_asked(
        __name__,
        {
            "._check_broker": ("check_broker",),
            "._check_engine": ("check_engine",),
            "._conversation": ("conversation",),
            "._peer": ("Peer",),
            "._wire": ("Wire",),
        },
        globals(),
    )

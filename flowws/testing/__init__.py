"""Floor 5: tests that own time and order.

Virtual time on asyncio and trio, a scope that waits for what a test has started and names what it leaves behind, an
order checker, and the contract that every channel keeps. pytest finds the fixtures ``test_scope`` and ``order`` by
itself; nothing here but `flowws.testing.pytest_plugin` needs pytest.
"""

from flowws._core import at_home as _at_home

from ._channel_contract import check_channel
from ._channel_trial import ChannelLike
from ._errors import LeakError, TestTimeoutError
from ._loops import virtual_time
from ._order import Order
from ._run_test import run_test
from ._test_scheduler import TestScheduler
from ._test_scope import TestScope

__all__ = [
    "ChannelLike",
    "LeakError",
    "Order",
    "TestScheduler",
    "TestScope",
    "TestTimeoutError",
    "check_channel",
    "run_test",
    "virtual_time",
]

_at_home(__name__, __all__, globals())

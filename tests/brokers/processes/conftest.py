"""The fixtures with which Redis servers are started."""

from __future__ import annotations

from tests.brokers.redis.conftest import needs_redis as needs_redis
from tests.brokers.redis.conftest import start_redis as start_redis

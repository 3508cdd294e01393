"""Topics on a Redis server: each is a stream. Needs the extra ``flowws[redis]``."""

from ._redis_broker import RedisBroker
from ._redis_topic import RedisTopic

__all__ = ["RedisBroker", "RedisTopic"]

"""Recordings: what a flow or a session has said, written to a file while it passes, and played again."""

from ._read_runs import RecordedRun, read_runs
from ._record import record
from ._record_sessions import record_sessions
from ._replay import replay
from ._replay_session import replay_session

__all__ = ["RecordedRun", "read_runs", "record", "record_sessions", "replay", "replay_session"]

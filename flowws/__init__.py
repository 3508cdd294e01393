# The front door. The floors, from the ground up:
#
#   flowws._core       jobs, scopes, promises, time, the errors: what everything else stands on
#   flowws.channels    Channel and its two ends
#   flowws.flows       Flow with its operators, SharedFlow, StateFlow
#   flowws.websocket   servers, clients and sessions
#   flowws.demo        the live feed that `flowws demo` serves
#
# The first three are re-exported here; the others are imported by name, so that `import flowws` stays as light as it
# is.
"""Kotlin's Flow and Channel for Python, on asyncio and trio, and Ktor's WebSocket sessions on top of them."""

from ._core import (
    CancellationError,
    CompletableDeferred,
    CompletableJob,
    CoroutineScope,
    Deferred,
    DisposableHandle,
    FlowTimeoutError,
    IllegalStateError,
    Job,
    NoSuchElementError,
    ScopeClosedError,
    coroutine_scope,
    current_job,
    delay,
    supervisor_scope,
    yield_now,
)
from ._core import (
    at_home as _at_home,
)
from .channels import (
    BufferOverflow,
    Channel,
    ChannelResult,
    ClosedReceiveChannelError,
    ClosedSendChannelError,
    ReceiveChannel,
    SendChannel,
)
from .flows import (
    Flow,
    MutableSharedFlow,
    MutableStateFlow,
    SharedFlow,
    SharingCommand,
    SharingStarted,
    StateFlow,
    as_flow,
    consume_as_flow,
    empty_flow,
    flow,
    flow_of,
    receive_as_flow,
)

__all__ = [
    "BufferOverflow",
    "CancellationError",
    "Channel",
    "ChannelResult",
    "ClosedReceiveChannelError",
    "ClosedSendChannelError",
    "CompletableDeferred",
    "CompletableJob",
    "CoroutineScope",
    "Deferred",
    "DisposableHandle",
    "Flow",
    "FlowTimeoutError",
    "IllegalStateError",
    "Job",
    "MutableSharedFlow",
    "MutableStateFlow",
    "NoSuchElementError",
    "ReceiveChannel",
    "ScopeClosedError",
    "SendChannel",
    "SharedFlow",
    "SharingCommand",
    "SharingStarted",
    "StateFlow",
    "as_flow",
    "consume_as_flow",
    "coroutine_scope",
    "current_job",
    "delay",
    "empty_flow",
    "flow",
    "flow_of",
    "receive_as_flow",
    "supervisor_scope",
    "yield_now",
]

_at_home(__name__, __all__, globals())

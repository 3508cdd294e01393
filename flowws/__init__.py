# The front door. The floors, from the ground up:
#
#   flowws._core       jobs, scopes, promises, select clauses, locks, time, the errors: what everything else stands on
#   flowws.channels    Channel and its two ends, select, producers
#   flowws.flows       Flow with its operators, SharedFlow, StateFlow
#   flowws.websocket   servers, clients and sessions
#   flowws.testing     virtual time for tests
#   flowws.demo        the live feed that `flowws demo` serves
#
# The first three are re-exported here, each loaded when one of its names is first asked for; the others are imported by
# name.
"""Kotlin's Flow and Channel for Python, on asyncio and trio, and Ktor's WebSocket sessions on top of them."""

TYPE_CHECKING = False  # as in `typing`, which costs more to load than this whole file
if TYPE_CHECKING:
    from ._core import (
        CancellationError,
        CompletableDeferred,
        CompletableJob,
        CompletionHandler,
        CoroutineContext,
        CoroutineExceptionHandler,
        CoroutineScope,
        CoroutineStart,
        Deferred,
        DisposableHandle,
        FlowTimeoutError,
        IllegalStateError,
        Job,
        Mutex,
        NoSuchElementError,
        ScopeClosedError,
        SelectClause,
        Semaphore,
        SupervisorJob,
        await_all,
        await_cancellation,
        coroutine_scope,
        current_context,
        current_job,
        delay,
        join_all,
        non_cancellable,
        supervisor_scope,
        with_context,
        with_timeout,
        with_timeout_or_none,
        yield_now,
    )
    from .channels import (
        ActorScope,
        BufferOverflow,
        Channel,
        ChannelResult,
        ClosedReceiveChannelError,
        ClosedSendChannelError,
        ProducerScope,
        ReceiveChannel,
        SendChannel,
        TickerMode,
        actor,
        on_timeout,
        produce,
        select,
        select_unbiased,
        ticker,
        while_select,
    )
    from .flows import (
        DEFAULT_CONCURRENCY,
        Backoff,
        Complete,
        Error,
        Flow,
        GroupedFlow,
        IndexedValue,
        Lag,
        LaggedError,
        Mailbox,
        MutableSharedFlow,
        MutableStateFlow,
        Next,
        Notification,
        SharedFlow,
        SharingCommand,
        SharingStarted,
        StateFlow,
        StopFlow,
        Subscription,
        Tap,
        as_flow,
        callback_flow,
        channel_flow,
        combine,
        combine_states,
        combine_transform,
        consume_as_flow,
        empty_flow,
        flow,
        flow_of,
        from_observable,
        interval,
        merge,
        race,
        receive_as_flow,
    )

__all__ = [
    "DEFAULT_CONCURRENCY",
    "ActorScope",
    "Backoff",
    "BufferOverflow",
    "CancellationError",
    "Channel",
    "ChannelResult",
    "ClosedReceiveChannelError",
    "ClosedSendChannelError",
    "CompletableDeferred",
    "CompletableJob",
    "Complete",
    "CompletionHandler",
    "CoroutineContext",
    "CoroutineExceptionHandler",
    "CoroutineScope",
    "CoroutineStart",
    "Deferred",
    "DisposableHandle",
    "Error",
    "Flow",
    "FlowTimeoutError",
    "GroupedFlow",
    "IllegalStateError",
    "IndexedValue",
    "Job",
    "Lag",
    "LaggedError",
    "Mailbox",
    "MutableSharedFlow",
    "MutableStateFlow",
    "Mutex",
    "Next",
    "NoSuchElementError",
    "Notification",
    "ProducerScope",
    "ReceiveChannel",
    "ScopeClosedError",
    "SelectClause",
    "Semaphore",
    "SendChannel",
    "SharedFlow",
    "SharingCommand",
    "SharingStarted",
    "StateFlow",
    "StopFlow",
    "Subscription",
    "SupervisorJob",
    "Tap",
    "TickerMode",
    "actor",
    "as_flow",
    "await_all",
    "await_cancellation",
    "callback_flow",
    "channel_flow",
    "combine",
    "combine_states",
    "combine_transform",
    "consume_as_flow",
    "coroutine_scope",
    "current_context",
    "current_job",
    "delay",
    "empty_flow",
    "flow",
    "flow_of",
    "from_observable",
    "interval",
    "join_all",
    "merge",
    "non_cancellable",
    "on_timeout",
    "produce",
    "race",
    "receive_as_flow",
    "select",
    "select_unbiased",
    "supervisor_scope",
    "ticker",
    "while_select",
    "with_context",
    "with_timeout",
    "with_timeout_or_none",
    "yield_now",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        from importlib import import_module

        if name in ("channels", "flows"):
            return import_module(f".{name}", __name__)
        if name in __all__:
            for floor in ("_core", "channels", "flows"):
                door = import_module(f".{floor}", __name__)
                if name in door.__all__:
                    value = globals()[name] = getattr(door, name)
                    return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})

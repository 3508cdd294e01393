"""The public surface is a tested fact: what each front door gives out, and under which name it is known."""

from __future__ import annotations

import importlib
from types import ModuleType

import pytest

FRONT_DOORS = (
    "flowws",
    "flowws._core",
    "flowws._json",
    "flowws.brokers",
    "flowws.channels",
    "flowws.feeds",
    "flowws.flows",
    "flowws.notebook",
    "flowws.testing",
    "flowws.websocket",
)

# What this version promises, by front door. `flowws` gives out everything below the websocket floor as well.
PROMISED = {
    "flowws.brokers": """
        Broker BrokerClosedError BrokerError BrokerRefusedError BrokerUnavailableError BrokeredSharedFlow
        BrokeredStateFlow Closed Codec Connected Entry FlowGapError Gap GapReason JsonCodec MemoryBroker Position
        Reconnecting RedisBroker Retention Topic UnreadableEntryError open_broker
    """,
    "flowws._core": """
        CancellationError CompletableDeferred CompletableJob CoroutineContext CoroutineExceptionHandler CoroutineScope
        CoroutineStart Deferred FlowTimeoutError IllegalStateError Job Mutex NoSuchElementError ScopeClosedError
        SelectClause Semaphore SupervisorJob await_all await_cancellation coroutine_scope current_context current_job
        delay join_all non_cancellable supervisor_scope with_context with_timeout with_timeout_or_none yield_now
    """,
    "flowws.channels": """
        ActorScope BufferOverflow Channel ChannelResult ClosedReceiveChannelError ClosedSendChannelError ProducerScope
        ReceiveChannel SendChannel TickerMode actor on_timeout produce select select_unbiased ticker while_select
    """,
    "flowws.feeds": """
        BadFilterError BadMessageError BadRecordingError Feed FeedConnection FeedEndpoint FeedError FeedLog FeedState
        FeedStats Field Filter Gap LiveFeed MemoryLog Position ReconnectPolicy Reconnected RecordedRun ReplayedError
        ServedFeed Snapshot SourceFailedError SubscriptionRefusedError field named parse_filter read_runs record
        record_sessions replay replay_session
    """,
    "flowws.flows": """
        Backoff Complete Error Flow IndexedValue MutableSharedFlow MutableStateFlow Next Notification SharedFlow
        SharingStarted StateFlow StopFlow as_flow flow flow_of from_observable interval
    """,
    "flowws.notebook": """
        JobInterrupted NotebookScope aclose_all hold live_widget marbles notebook_scope to_frame to_html view
    """,
    "flowws.testing": """
        LeakError Order Peer TestScheduler TestScope TestTimeoutError check_broker check_channel check_engine
        conversation run_test virtual_time
    """,
    "flowws.websocket": """
        CloseReason ContentConverter DefaultWebSocketSession Frame JsonConverter LocalExtension MsgspecConverter
        PerMessageDeflate PydanticConverter SessionClosedError WebSocketClient WebSocketExtension
        WebSocketExtensionFactory WebSocketServer WebSocketServerSession WebSockets
    """,
}
FLOW_METHODS = """
    all any as_observable associate associate_by associate_with cancellable catch chunked collect collect_indexed count
    debounce dematerialize distinct_until_changed distinct_until_changed_by drop drop_while filter filter_is_instance
    filter_not filter_not_none first first_or_none flat_map_concat flat_map_latest flatten_concat fold group_by last
    last_or_none launch_in map map_not_none materialize none on_completion on_each on_empty on_start pausable pipe
    progress reduce retry retry_when running_fold running_reduce sample scan single single_or_none state_in
    subscribe_async take take_while throttle_first throttle_latest timeout to_collection to_list to_set to_stream
    transform transform_while windowed with_index
"""


def door(name: str) -> ModuleType:
    return importlib.import_module(name)


@pytest.mark.parametrize("name", FRONT_DOORS)
def test_all_is_sorted_and_true(name: str) -> None:
    names = list(door(name).__all__)
    assert names == sorted(set(names), key=lambda name: (not name.isupper(), name))  # constants first
    assert [each for each in names if not hasattr(door(name), each)] == []


@pytest.mark.parametrize("name", FRONT_DOORS)
def test_dir_shows_what_all_promises(name: str) -> None:
    """Also the names whose rooms are loaded when they are first asked for: completion in a notebook must offer them."""
    assert set(door(name).__all__) - set(dir(door(name))) == set()
    with pytest.raises(AttributeError, match=f"module '{name}' has no attribute 'nonsense'"):
        _ = door(name).nonsense


@pytest.mark.parametrize("name", FRONT_DOORS)
def test_all_is_complete(name: str) -> None:
    """A public class or function of ours that is visible through the door is also on its list."""
    module = door(name)
    seen = {
        each
        for each, value in vars(module).items()
        if not each.startswith("_")
        and not isinstance(value, ModuleType)
        and str(getattr(value, "__module__", "")).startswith("flowws")
    }
    assert seen - set(module.__all__) == set()


@pytest.mark.parametrize("name", FRONT_DOORS)
def test_a_public_name_is_known_by_a_front_door(name: str) -> None:
    """Tracebacks, reprs, pickles and help() show the name that a user imports, not the room that it is made in."""
    homeless = {
        each: value.__module__
        for each in door(name).__all__
        if str(getattr(value := getattr(door(name), each), "__module__", "")).startswith("flowws")
        and not knows(value.__module__, each, value)
    }
    assert homeless == {}


def knows(module: str, name: str, value: object) -> bool:
    """Whether `module` is a front door that gives out `value` as `name`."""
    return module in FRONT_DOORS and name in door(module).__all__ and getattr(door(module), name) is value


@pytest.mark.parametrize("name", FRONT_DOORS)
def test_every_public_name_has_a_docstring(name: str) -> None:
    bare = [
        each
        for each in door(name).__all__
        if isinstance(value := getattr(door(name), each), type) and not value.__doc__
    ]
    assert bare == []


@pytest.mark.parametrize("name", PROMISED)
def test_the_promised_names_are_there(name: str) -> None:
    assert set(PROMISED[name].split()) - set(door(name).__all__) == set()


@pytest.mark.parametrize("name", ["flowws._core", "flowws.channels", "flowws.flows"])
def test_the_house_gives_out_what_its_lower_floors_promise(name: str) -> None:
    assert set(PROMISED[name].split()) - set(door("flowws").__all__) == set()


def test_the_operators_of_this_version_are_on_the_flow() -> None:
    flow = door("flowws.flows").Flow
    assert [name for name in FLOW_METHODS.split() if not callable(getattr(flow, name, None))] == []

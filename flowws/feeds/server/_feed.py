"""`Feed`: a hot flow, and how it is served."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from inspect import iscoroutinefunction
from typing import Any, Final, Generic, TypeAlias, TypeVar

from flowws.brokers import BrokeredSharedFlow, brokered
from flowws.feeds._snapshot import Snapshot
from flowws.feeds.filters import Filter, check_fields, check_predicates
from flowws.flows import Lag, SharedFlow, StateFlow
from flowws.websocket import ContentConverter, Frame, JsonConverter

from ._feed_log import FeedLog

T = TypeVar("T")

Items: TypeAlias = Iterable[Any] | Snapshot[Any]
TakeSnapshot: TypeAlias = Callable[[Filter], Items | Awaitable[Items]]


class Feed(Generic[T]):
    """A hot flow, and how it is served: what `WebSocketServer.feeds` takes for each topic. The arguments are those of
    `WebSocketServer.feed`, which says what they mean.

    >>> prices = MutableSharedFlow[int]()
    >>> Feed(prices, filter={"high": lambda price: price > 100})
    <Feed of <SharedFlow of 0 subscribers>, filters: high>
    """

    def __init__(
        self,
        source: SharedFlow[T],
        *,
        filter: Mapping[str, Callable[[T], object]] | None = None,
        fields: Collection[str] | None = None,
        snapshot: TakeSnapshot | None = None,
        revision: Callable[[T], int] | None = None,
        lag: Lag = Lag.DROP_OLDEST,
        backlog: int = 256,
        resume: int | FeedLog[T] = 1024,
        converter: ContentConverter | None = None,
    ) -> None:
        if not isinstance(source, SharedFlow):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
            raise TypeError(f"a feed is made of a SharedFlow or a StateFlow, not {source!r}")
        self.source: Final = source
        """What is served."""
        self.brokered: Final[BrokeredSharedFlow[T] | None] = brokered(source)
        """The same, if it is a broker's: then its log is that of the feed."""
        self.filters: Final[Mapping[str, Callable[[Any], object]]] = check_predicates(filter or {})
        """The predicates that clients may name."""
        self.fields: Final = check_fields(fields)
        """The fields that filters may name; None: all."""
        self.snapshot: Final = _checked_function(snapshot, "snapshot", may_wait=True) or _value_of(source)
        """What a client begins with; None: nothing."""
        self.revision: Final = _checked_function(revision, "revision")
        """Which revision an update has made; None: they have none."""
        self.lag: Final = _checked_lag(lag)
        """What becomes of updates for a client that does not keep up."""
        self.backlog: Final = _checked_count(backlog, "backlog", least=1)
        """How many updates wait for such a client."""
        self.resume: Final = resume if isinstance(resume, FeedLog) else _checked_count(resume, "resume", least=0)
        """What is kept for those who come back."""
        if self.brokered is not None and not isinstance(self.resume, int):
            raise ValueError(f"the log of a broker's flow is the broker's: resume must be a number, not {resume!r}")
        self.converter: Final = _checked_converter(JsonConverter() if converter is None else converter)
        """What writes the values."""

    def __repr__(self) -> str:
        names = ", ".join(self.filters) or "none"
        return f"<Feed of {self.source!r}, filters: {names}>".replace("<MutableSharedFlow", "<SharedFlow")


def _value_of(source: SharedFlow[Any]) -> TakeSnapshot | None:
    """A state has its value at every moment, and that is what there is to begin with."""
    if not isinstance(source, StateFlow):
        return None
    return lambda wanted: [value] if wanted(value := source.value) else []


def _checked_function(function: Any, name: str, *, may_wait: bool = False) -> Any:
    if function is not None and (not callable(function) or (iscoroutinefunction(function) and not may_wait)):
        raise TypeError(f"{name} must be a function{'' if may_wait else ' that answers at once'}, not {function!r}")
    return function


def _checked_lag(lag: Lag) -> Lag:
    if not isinstance(lag, Lag):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise TypeError(f"lag must be a Lag, not {lag!r}")
    if lag is Lag.SUSPEND:
        raise ValueError(f"{lag!r} is not for feeds: a slow client must not delay the others")
    return lag


def _checked_count(count: Any, name: str, *, least: int) -> int:
    if type(count) is not int:
        raise TypeError(f"{name} must be a whole number, not {count!r}")
    if count < least:
        raise ValueError(f"{name} must be at least {least}, not {count!r}")
    return count


def _checked_converter(converter: ContentConverter) -> ContentConverter:
    """The values stand inside of JSON: a converter that writes anything else will not do."""
    if not isinstance(converter, ContentConverter):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise TypeError(f"converter must be a ContentConverter, not {converter!r}")
    try:
        written = converter.serialize(None)
    except Exception:  # noqa: BLE001  # it may well know some types only
        return converter
    if not isinstance(written, Frame.Text):
        raise ValueError(f"a feed is JSON, and {converter!r} writes {written!r}")
    return converter

"""What a notebook shows of flows, channels, jobs, sessions and feeds. Looking changes nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import AsyncIterator
from html import unescape
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import pytest

from flowws import (
    BufferOverflow,
    Channel,
    CoroutineScope,
    CoroutineStart,
    Flow,
    Lag,
    MutableSharedFlow,
    MutableStateFlow,
    as_flow,
    await_cancellation,
    channel_flow,
    combine,
    coroutine_scope,
    flow,
    flow_of,
    interval,
    merge,
    race,
    yield_now,
)
from flowws.feeds import FeedState
from flowws.notebook import to_html, to_text
from flowws.testing import conversation
from flowws.websocket import WebSocketClient, WebSocketServer, WebSocketServerSession


def page(value: Any) -> str:
    """The HTML of a value, without its style, as it is given to a notebook: well-formed, and harmless."""
    html: str = value._repr_html_()
    assert html == to_html(value)
    Balanced().feed(html)
    return html.partition("</style>")[2]


def text(value: Any) -> str:
    """What a reader reads."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page(value)))).strip()


class Balanced(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "img")
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


EVIL = "<script>alert(1)</script>"

# ------------------------------------------------------------------------------------------------------------- flows


def test_a_pipeline_is_a_row_of_chips_with_the_source_of_its_lambdas() -> None:
    pipeline = flow_of(1, 2).map(lambda n: n * 10).filter(lambda n: n > 10).take(3)
    assert (
        text(pipeline) == "Flow cold flow_of (1, 2) → map ( lambda n: n * 10 ) → filter ( lambda n: n > 10 ) → take (3)"
    )
    assert to_text(pipeline) == "flow_of(1, 2).map(lambda n: n * 10).filter(lambda n: n > 10).take(3)"
    assert repr(pipeline) == "flow_of(1, 2).map(<lambda>).filter(<lambda>).take(3)"


def test_every_kind_of_operator_is_a_chip() -> None:
    pipeline = (
        flow_of(1)
        .catch(lambda failure: flow_of(0))
        .flat_map_latest(lambda n: flow_of(-n))
        .buffer(2)
        .zip(interval(1).map(lambda n: n + 1), lambda a, b: a + b)
        .retry(2)
        .conflate()
    )
    assert to_text(pipeline) == (
        "flow_of(1).catch(lambda failure: flow_of(0)).flat_map_latest(lambda n: flow_of(-n)).buffer(2)"
        ".zip(interval(1.0).map(lambda n: n + 1), lambda a, b: a + b).retry(2).conflate()"
    )
    assert page(pipeline).count('class="chip"') == 9


@pytest.mark.parametrize(
    ("build", "shown"),
    [
        (lambda fs: merge(*fs), "merge(flow_of(1).map(lambda n: -n), flow_of(2))"),
        (lambda fs: race(*fs).take(1), "race(flow_of(1).map(lambda n: -n), flow_of(2)).take(1)"),
        (lambda fs: combine(*fs), "combine(flow_of(1).map(lambda n: -n), flow_of(2))"),
        (
            lambda fs: combine(*fs, transform=lambda a, b: a - b),
            "combine(flow_of(1).map(lambda n: -n), flow_of(2), transform=lambda a, b: a - b)",
        ),
    ],
)
def test_flows_of_flows(build: Any, shown: str) -> None:
    made = build([flow_of(1).map(lambda n: -n), flow_of(2)])
    assert to_text(made) == shown
    assert re.sub(r"[\s.→]", "", text(made)).removeprefix("Flowcold") == re.sub(r"[\s.]", "", shown)


def test_flows_that_people_make() -> None:
    @flow
    async def countdown(start: int, *, step: int = 1) -> AsyncIterator[int]:
        for n in range(start, 0, -step):
            yield n

    @channel_flow
    async def sent(producer: Any, what: str) -> None: ...

    class Mine(Flow[int]):
        def __aiter__(self) -> Any:
            raise AssertionError("it was collected")

    assert to_text(countdown(3, step=2).take(1)) == "countdown(3, step=2).take(1)"
    assert to_text(sent("x")) == "sent('x')"
    assert "Mine object" in to_text(Mine().map(str))
    assert "Mine object" in repr(Mine())


def test_ipython_shows_the_same_text() -> None:
    said: list[str] = []
    flow_of(1).map(lambda n: -n)._repr_pretty_(SimpleNamespace(text=said.append), cycle=False)
    assert said == ["flow_of(1).map(lambda n: -n)"]


def test_a_cold_flow_is_not_collected() -> None:
    ran: list[int] = []

    @flow
    async def source() -> AsyncIterator[int]:
        ran.append(1)
        yield 1

    for chain in (source(), source().map(str), source().buffer(), source().zip(source()), merge(source(), source())):
        page(chain)
        to_text(chain)
    assert ran == []


def test_what_is_made_of_something_hot_is_hot() -> None:
    shared, channel = MutableSharedFlow[int](), Channel[int]()
    hot: list[Any] = [
        shared.map(str),
        shared.as_flow().take(1),
        shared.subscribe(Lag.CONFLATE),
        MutableStateFlow(1).map(str).buffer(),
        channel.receive_as_flow().map(str),
        channel.consume_as_flow(),
    ]
    assert [text(each).split()[:2] for each in hot] == [["Flow", "hot"]] * len(hot)
    assert text(interval(1)).split()[:2] == ["Flow", "cold"]


def test_a_pipeline_of_hundreds_shows_its_ends() -> None:
    chain: Flow[Any] = flow_of(1)
    for n in range(1, 501):
        chain = chain.take(n)
    assert "… 461 more …" in text(chain)
    assert text(chain).endswith("take (500)")


def test_an_argument_that_cannot_be_shown() -> None:
    class Rude:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    assert "whose repr fails" in text(as_flow([1]).scan(Rude(), lambda a, b: b))
    assert "whose repr fails" in text(MutableStateFlow(Rude()))
    assert "Rude" in text(as_flow([Rude()]).map(str))


# --------------------------------------------------------------------------------------------------- from the outside


def test_everything_from_outside_is_escaped() -> None:
    def evil(_: object) -> None: ...

    evil.__name__ = EVIL
    seen: list[Any] = [
        flow_of(EVIL),
        flow_of(1).on_each(evil).scan(EVIL, lambda a, b: a + EVIL),
        flow_of(1).filter(lambda _: bool("<b title='\">")),
        MutableStateFlow(EVIL),
        CoroutineScope(EVIL),
        FeedState.Backoff(1, 2, ConnectionError(EVIL)),
        WebSocketClient().feed(f"ws://localhost/{EVIL}", filter=None),
    ]
    for each in seen:
        assert EVIL not in page(each)
        assert "title='" not in page(each)
    assert EVIL in text(flow_of(EVIL))


def test_what_is_long_is_cut() -> None:
    assert len(page(MutableStateFlow("x" * 100_000))) < 1000
    assert len(page(flow_of("x" * 100_000).on_each(print))) < 1000
    assert len(page(CoroutineScope("x" * 100_000))) < 1000


def test_to_look_loads_nothing_else() -> None:
    code = "import sys; from flowws import flow_of; flow_of(1).map(str)._repr_html_(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert "flowws.notebook" in loaded
    assert loaded & {"IPython", "flowws.feeds", "flowws.testing", "flowws.websocket", "trio", "asyncio"} == set()


def test_what_cannot_be_looked_at_has_a_repr_still() -> None:
    class Broken(MutableStateFlow[int]):
        def _look(self) -> Any:
            raise RuntimeError("changed size during iteration")

    assert text(Broken(1)) == "<MutableStateFlow 1>"
    assert to_text(Broken(1)) == "<MutableStateFlow 1>"


def test_what_is_none_of_ours_is_shown_by_its_repr() -> None:
    assert to_html([EVIL]).endswith("<code>[&#x27;&lt;script&gt;alert(1)&lt;/script&gt;&#x27;]</code></div>")
    assert to_text([1]) == "[1]"


# ------------------------------------------------------------------------------------------------- channels, hot flows


async def test_a_channel() -> None:
    channel = Channel[int](4)
    await channel.send(1)
    assert text(channel) == "Channel open buffered 1 of 4 sending, parked 0 receiving, parked 0"
    assert "width: 25%" in page(channel)
    channel.close(ValueError("enough"))
    assert text(channel).startswith("Channel closed")
    assert text(channel).endswith("cause ValueError('enough')")
    assert text(Channel[int](Channel.UNLIMITED)).startswith("Channel open buffered 0 sending")
    assert text(Channel[int](1, BufferOverflow.DROP_OLDEST)).endswith("when full drop_oldest")


async def test_a_channel_with_somebody_waiting() -> None:
    channel = Channel[int]()
    async with coroutine_scope() as scope:
        scope.launch(channel.send, 1)
        await yield_now()
        await yield_now()
        assert "sending, parked 1" in text(channel)
        assert 'class="dot wait"' in page(channel)
        await channel.receive()
        scope.launch(channel.receive)
        await yield_now()
        await yield_now()
        assert "receiving, parked 1" in text(channel)
        await channel.send(2)


async def test_a_shared_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([0.0])
    monkeypatch.setattr("flowws.flows._mutable_shared_flow.monotonic", lambda: next(seconds, 2.0))
    news = MutableSharedFlow[int](replay=2, extra_buffer_capacity=2)
    slow, lossy = aiter(news), aiter(news.subscribe(Lag.CONFLATE))
    for n in range(3):
        await news.emit(n)
    assert text(news) == (
        "MutableSharedFlow open subscribers 2 emitted so far 3 a second, on average 1.5 "
        "the slowest lags by 3 of 4 emitters, parked 0 "
        "lost by subscribers that are there 2 replay (1, 2)"
    )
    assert text(news.as_shared_flow()).startswith("SharedFlow open")
    assert text(news.on_subscription(lambda: None)).startswith("SharedFlow open")
    assert "lost 0" in text(news.subscribe(Lag.CONFLATE))
    await slow.aclose()
    await lossy.aclose()
    news.close(ValueError("over"))
    assert text(news).endswith("cause ValueError('over')")
    assert "subscribers" in text(MutableSharedFlow[int]())


def test_a_state() -> None:
    state = MutableStateFlow({"n": 1})
    assert text(state) == "MutableStateFlow collectors 0 value {'n': 1}"
    assert text(state.as_state_flow()) == "StateFlow value {'n': 1}"
    assert text(state.map_state(lambda value: value["n"] + 1)) == "StateFlow value 2"
    assert text(state.map_state(lambda value: value["m"])) == "StateFlow no value KeyError('m')"


# ------------------------------------------------------------------------------------------------------ jobs and scopes


async def test_a_scope_shows_its_live_jobs_and_those_below_them() -> None:
    scope = CoroutineScope("feeds", supervisor=True)

    async def work() -> None:
        async with coroutine_scope() as inner:
            inner.launch(await_cancellation, name="below")

    async def ends() -> None: ...

    scope.launch(work, name="work")
    done = scope.launch(ends, name="done")
    scope.launch(ends, name="later", start=CoroutineStart.LAZY)
    await done.join()
    assert text(scope) == (
        "CoroutineScope feeds active jobs at work 2 work active coroutine_scope completing below active later new"
    )
    assert to_text(scope) == (
        "<CoroutineScope <ScopeJob 'feeds' active>>\n  work active\n    coroutine_scope completing\n"
        "      below active\n  later new"
    )
    assert text(done) == "Job done completed"
    await scope.aclose()
    assert text(scope).startswith("CoroutineScope feeds cancelled")


async def test_a_failed_job_says_why() -> None:
    scope = CoroutineScope(supervisor=True, exception_handler=lambda job, failure: None)

    async def fails() -> None:
        raise ValueError(EVIL)

    job = scope.launch(fails, name="it")
    await job.join()
    assert text(job) == f"Job it failed failure ValueError('{EVIL}')"
    assert 'class="dot bad"' in page(job)
    deferred = scope.async_(fails, name="promised")
    with pytest.raises(ValueError, match="script"):
        await deferred
    assert text(deferred).startswith("Deferred promised failed")
    await scope.aclose()


async def test_a_scope_with_hundreds_of_jobs_shows_some() -> None:
    scope = CoroutineScope()
    for _ in range(100):
        scope.launch(await_cancellation, name="one of many")
    assert text(scope).count("one of many") == 60
    assert text(scope).endswith("… and more")
    await scope.aclose()


def test_a_block_that_was_not_entered() -> None:
    assert text(coroutine_scope()).endswith("not entered")
    assert "not entered" in to_text(coroutine_scope())


# --------------------------------------------------------------------------------------------------- sessions and feeds


async def test_a_session_explains_itself() -> None:
    app = WebSocketServer()

    @app.websocket("/shout")
    async def shout(session: WebSocketServerSession) -> None:
        async for frame in session.incoming:
            await session.send(frame.data.decode().upper())

    async with conversation(app, "/shout") as peer:
        await peer.send("psst")
        await peer.expect_text("PSST")
        assert text(peer.session).startswith("WebSocketServerSession /shout open Session /shout is open. 1 frames came")
    assert text(peer.session).startswith("WebSocketServerSession /shout closed Session /shout was closed by the peer")


def test_the_state_of_a_feed() -> None:
    assert text(FeedState.Open()) == "FeedState open"
    backoff = FeedState.Backoff(2, 0.15, ConnectionResetError("gone"))
    assert text(backoff) == "FeedState backoff attempt 2 delay 0.15 cause ConnectionResetError('gone')"
    assert 'class="dot wait"' in page(backoff)
    assert text(FeedState.Closed()) == "FeedState closed"


def test_a_feed() -> None:
    client = WebSocketClient()
    people = client.feed("ws://localhost:1/people")
    assert text(people).startswith("LiveFeed ws://localhost:1/people closed collections 0 filter")
    assert to_text(people.map(lambda person: person["name"])).endswith('.map(lambda person: person["name"])')
    assert text(client.feeds("ws://localhost:1/all")) == "FeedConnection ws://localhost:1/all closed"


def test_it_follows_the_theme_of_the_notebook() -> None:
    style = to_html(flow_of(1)).partition("</style>")[0]
    colours = [each.strip() for each in re.findall(r"(?:color|background): ([^;}]+)", style)]
    coloured = [each for each in colours if each.split()[0] not in ("inherit", "none")]
    assert len(coloured) > 5
    # From Jupyter, or, for those who are not Jupyter, a fallback.
    assert [each for each in coloured if not each.startswith("var(--jp-") or "," not in each] == []

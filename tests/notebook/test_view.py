"""`view` without a kernel, on virtual time: what it keeps, when it paints, and what it says of its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from flowws import (
    CoroutineScope,
    Flow,
    MutableSharedFlow,
    ScopeClosedError,
    as_flow,
    await_cancellation,
    flow,
    flow_of,
    interval,
    yield_now,
)
from flowws.notebook import LiveView, _view, view
from flowws.testing import TestScope


class Screen:
    """Stands where IPython does: what was published, oldest first."""

    def __init__(self) -> None:
        self.pictures: list[tuple[str, str]] = []

    def publish(self, bundle: dict[str, Any], display_id: str) -> None:
        self.pictures.append((display_id, bundle["text/html"]))

    @property
    def last(self) -> str:
        return self.pictures[-1][1]


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    screen = Screen()
    monkeypatch.setattr(_view, "publish", screen.publish)
    monkeypatch.setattr(_view, "publish_again", screen.publish)
    return screen


def newest(items: Sequence[tuple[float, Any]]) -> str:
    return f"[{items[-1][1]}]"


def supervisor() -> CoroutineScope:
    return CoroutineScope("notebook", supervisor=True, exception_handler=lambda _, __: None)


def shown_view(flow: Flow[Any], scope: CoroutineScope, render: Any = newest, **options: Any) -> LiveView[Any]:
    made = view(flow, render, scope=scope, **options)
    made.show()
    return made


async def test_of_many_values_few_are_painted_and_the_last_one_is(test_scope: TestScope, screen: Screen) -> None:
    await shown_view(interval(0.001).take(2000), test_scope).job.join()
    assert 10 <= len(screen.pictures) <= 14  # two seconds
    assert "[1999]" in screen.last
    assert "2,000 values · ended" in screen.last


async def test_the_first_value_is_painted_when_it_comes_and_silence_is_not_painted(
    test_scope: TestScope, screen: Screen
) -> None:
    seldom = shown_view(interval(60), test_scope)
    await test_scope.run_current()
    assert "[0]" in screen.last
    before = len(screen.pictures)
    await test_scope.advance_time_by(59)
    assert len(screen.pictures) == before
    seldom.stop()


async def test_what_nobody_looks_at_is_not_painted(test_scope: TestScope, screen: Screen) -> None:
    def never(items: Sequence[object]) -> str:
        raise AssertionError(items)

    kept = view(flow_of(1, 2, 3), never, scope=test_scope, last=2)
    await kept.job.join()
    assert [value for _, value in kept.items] == [2, 3]
    assert screen.pictures == []
    assert repr(kept) == "<LiveView 'flow_of(1, 2, 3)' 3 values, ended>"


async def test_all_outputs_in_which_it_is_shown_are_one_display(test_scope: TestScope, screen: Screen) -> None:
    twice = shown_view(interval(1), test_scope)
    twice._ipython_display_()
    await test_scope.advance_time_by(5)
    assert len({display_id for display_id, _ in screen.pictures}) == 1
    twice.stop()


async def test_a_flow_that_never_waits_lets_others_run(
    test_scope: TestScope, screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_view, "TURN", 0.0)
    seen: list[int] = []
    endless = view(as_flow(range(1000)), newest, scope=test_scope)

    @test_scope.launch
    async def other() -> None:
        while not endless.job.is_completed:
            seen.append(len(endless.items))
            await yield_now()

    await endless.job.join()
    assert len(seen) > 100


async def test_a_slow_picture_is_painted_less_often(
    test_scope: TestScope, screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(_view, "perf_counter", lambda: clock[0])

    def slow(items: Sequence[tuple[float, Any]]) -> str:
        clock[0] += 1
        return newest(items)

    slowed = shown_view(interval(0.1), test_scope, slow)
    await test_scope.advance_time_by(70)  # a second each, a twentieth of the time: one every twenty seconds
    assert len(screen.pictures) == 1 + 4
    slowed.stop()


async def test_stop_keeps_what_came(test_scope: TestScope, screen: Screen) -> None:
    stopped = shown_view(interval(1), test_scope, fps=0.01)
    await test_scope.advance_time_by(10)
    stopped.stop()
    await stopped.job.join()
    assert stopped.state == "stopped"
    assert "[9]" in screen.last
    assert "10 values · stopped" in screen.last


async def test_the_failure_of_the_flow_is_that_of_the_job_and_is_shown(screen: Screen) -> None:
    @flow
    async def fails() -> Any:
        yield 1
        raise ValueError("<b>no</b>")

    async with supervisor() as scope:
        failed = shown_view(fails(), scope)
        await failed.job.join()
    assert failed.state == "failed: ValueError: <b>no</b>"
    assert "failed: ValueError: &lt;b&gt;no&lt;/b&gt;" in screen.last
    assert "[1]" in screen.last


@pytest.mark.parametrize("last_words", [flow_of(0), flow_of(0).on_completion(lambda _: await_cancellation())])
async def test_the_failure_of_the_renderer_is_that_of_the_job(screen: Screen, last_words: Flow[int]) -> None:
    async with supervisor() as scope:
        failed = shown_view(last_words, scope, lambda items: str(1 / items[-1][1]))
        await failed.job.join()
    assert failed.state == "failed: ZeroDivisionError: division by zero"
    assert "no value yet" in screen.last


async def test_a_picture_may_be_whatever_has_html(test_scope: TestScope, screen: Screen) -> None:
    class Frame:
        def _repr_html_(self) -> str:
            return "<p>a frame</p>"

    await shown_view(flow_of(1), test_scope, lambda _: Frame()).job.join()
    assert "<p>a frame</p>" in screen.last


async def test_a_picture_must_be_html() -> None:
    async with supervisor() as scope:
        wrong = shown_view(flow_of(1), scope, lambda _: 42)
        await wrong.job.join()
    assert wrong.state == "failed: TypeError: render must return HTML, or something that has some, not 42"


async def test_a_hot_flow_is_subscribed_to_at_once_and_left_at_the_end(test_scope: TestScope) -> None:
    hot = MutableSharedFlow[int](extra_buffer_capacity=1)
    watching = view(hot, scope=test_scope)
    assert hot.try_emit(1)
    await test_scope.run_current()
    assert [value for _, value in watching.items] == [1]
    watching.stop()
    await watching.job.join()
    assert hot.subscription_count.value == 0


async def test_the_rate_is_that_of_the_last_seconds(
    test_scope: TestScope, screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_view, "perf_counter", lambda: test_scope.current_time)
    faster = shown_view(interval(0.1).take(50).on_completion(lambda _: await_cancellation()), test_scope)
    await test_scope.advance_time_by(4)
    assert "· 10/s" in screen.last
    faster.stop()


async def test_names_are_shown_as_text(test_scope: TestScope) -> None:
    named = view(flow_of(1), scope=test_scope, name="<script>")
    await named.job.join()
    assert "<script>" not in named._repr_html_()
    assert "&lt;script&gt;" in named._repr_html_()


async def test_a_closed_scope_refuses(test_scope: TestScope) -> None:
    scope = CoroutineScope()
    await scope.aclose()
    with pytest.raises(ScopeClosedError):
        view(flow_of(1), scope=scope)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"flow": [1]}, TypeError, r"view takes a flow, not \[1\]"),
        ({"render": "table"}, TypeError, "render must be a function from items to HTML, not 'table'"),
        ({"fps": 0}, ValueError, "fps must be above 0 and at most 60, not 0"),
        ({"fps": 61}, ValueError, "not 61"),
        ({"last": 0}, ValueError, "last must be at least 1, not 0"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        view(**{"flow": flow_of(1), **arguments})

"""`view`: the newest values of a flow, shown in the output of a cell while they come."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from time import perf_counter, time
from typing import Any, Final, Generic, TypeVar
from uuid import uuid4

from flowws._core import CancellationError, CoroutineScope, Job, coroutine_scope, delay, yield_now
from flowws.channels import Channel, ReceiveChannel
from flowws.flows import Flow

from ._brief import cut, safe
from ._ipython import publish, publish_again
from ._notebook_scope import notebook_scope
from ._renderers import FAINT, LINE, NUMBERS, table
from ._to_html import to_text

T = TypeVar("T")

FASTEST: Final = 60.0
TURN: Final = 0.02
"""So many seconds a flow that never waits may run before others have their turn: the painter is one of them."""
SHARE: Final = 0.05
"""The part of the time that painting may take, however long one picture does."""
PACE: Final = 2.0
"""So many seconds back the rate is measured."""


def view(
    flow: Flow[T],
    render: Callable[[Sequence[tuple[float, T]]], object] = table,
    *,
    scope: CoroutineScope | None = None,
    fps: float = 5.0,
    last: int = 200,
    name: str | None = None,
) -> LiveView[T]:
    """Collect `flow` in a job of `scope` and show its last values while they come: `table`, `spark`, `json`, or yours.

    Values are kept as they come, and painted at most `fps` times a second, less often where a picture takes long: never
    is more than a twentieth of the time spent on painting. ``render(items)`` gets the last ones, at least one, each
    with its time (``time.time()``), and returns HTML, or something that Jupyter can show as HTML, such as a data frame.
    The picture is in the saved notebook as it was last painted; it says whether the flow goes on, how many values there
    were, and how it ended.

    The view ends with its job: when the flow ends or fails, with `stop`, with the scope, and when its cell is run
    again. A failure of the flow, or of `render`, is one of the job. Without `scope`, that is `notebook_scope()`.
    Outside of Jupyter nothing is shown; the values are kept all the same.

    Raises `TypeError` for what is no flow, or no function; `ValueError` for `fps` that is not above 0 and up to 60, and
    for `last` below 1; `ScopeClosedError` as `launch` does.
    """
    return LiveView(flow, render, scope=scope, fps=fps, last=last, name=name)


class LiveView(Generic[T]):
    """What `view` returns: as the last line of a cell, or by `show`, it appears below that; as often as you like.

    ::

        flow -> items (the last ones) -> painter, at most fps times a second -> every output in which it is shown
    """

    def __init__(
        self,
        flow: Flow[T],
        render: Callable[[Sequence[tuple[float, T]]], object],
        *,
        scope: CoroutineScope | None,
        fps: float,
        last: int,
        name: str | None,
    ) -> None:
        if not isinstance(flow, Flow):  # pyright: ignore[reportUnnecessaryIsInstance]  # at the door
            raise TypeError(f"view takes a flow, not {flow!r}")
        if not callable(render):
            raise TypeError(f"render must be a function from items to HTML, not {render!r}")
        if not 0 < fps <= FASTEST:
            raise ValueError(f"fps must be above 0 and at most {FASTEST:g}, not {fps!r}")
        if last < 1:
            raise ValueError(f"last must be at least 1, not {last!r}")
        # Stored state
        self._render = render
        self._period = 1.0 / fps
        self._items: deque[tuple[float, T]] = deque(maxlen=last)
        self._count = 0
        self._has_news = False
        self._paces: deque[tuple[float, int]] = deque()
        self._picture = f"<span style='{FAINT}'>no value yet</span>"
        self._ending = ""
        self._failure: BaseException | None = None
        self._display: str | None = None  # by this name Jupyter finds every output in which it is shown
        self._name = cut(to_text(flow), 60) if name is None else name
        scope = notebook_scope() if scope is None else scope
        self._job = scope.launch(self._run, aiter(flow), name=f"view {self._name}")
        self._job.invoke_on_completion(self._end)

    @property
    def job(self) -> Job:
        """The job that collects the flow."""
        return self._job

    @property
    def items(self) -> list[tuple[float, T]]:
        """The last values, oldest first, each with the time at which it came."""
        return list(self._items)

    @property
    def state(self) -> str:
        """``live``, ``ended``, ``stopped``, or ``failed`` with the failure."""
        return self._ending or "live"

    def stop(self) -> None:
        """Cancel the job. What is shown stays."""
        self._job.cancel("the view was stopped")

    def show(self) -> None:
        """Let it appear in the output of this cell, too.

        When the page was loaded anew, what it shows stands still: show the view once more.
        """
        if self._display is None:
            self._display = uuid4().hex
        self._draw()
        publish(self._bundle(), self._display)

    _ipython_display_ = show

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name!r} {self._count:,} values, {cut(self.state)}>"

    def _repr_html_(self) -> str:
        return self._html()

    # Collecting

    async def _run(self, values: AsyncGenerator[T, None]) -> None:
        news = Channel[None](Channel.CONFLATED)
        async with aclosing(values), coroutine_scope() as scope:
            painter = scope.launch(self._paint_along, news, name="painter")
            await self._collect(values, news)
            painter.cancel()
            self._draw()

    async def _collect(self, values: AsyncGenerator[T, None], news: Channel[None]) -> None:
        keep = self._items.append
        turn_began = time()
        async for value in values:
            now = time()
            keep((now, value))
            self._count += 1
            if not self._has_news:
                self._has_news = True
                news.try_send(None)
            if abs(now - turn_began) > TURN:  # abs: a clock may be set back
                await yield_now()
                turn_began = time()

    async def _paint_along(self, news: ReceiveChannel[None]) -> None:
        async for _ in news:
            self._has_news = False
            began = perf_counter()
            self._paint()
            await delay(max(self._period, (perf_counter() - began) / SHARE))

    def _end(self, cause: BaseException | None) -> None:
        """The last picture."""
        if cause is None:
            self._ending = "ended"
        elif isinstance(cause, CancellationError):
            self._ending = "stopped"
        else:
            self._ending, self._failure = f"failed: {type(cause).__name__}: {cause}", cause
        if cause is not None:
            with suppress(Exception):  # of `render`: then the last picture that went well stays
                self._draw()
        self._show_again()

    # Painting

    def _paint(self) -> None:
        self._draw()
        self._show_again()

    def _draw(self) -> None:
        if self._items and self._display is not None:  # else nobody looks; `show` draws what there is then
            self._picture = self._painted()

    def _painted(self) -> str:
        painted = self._render(self.items)
        if isinstance(painted, str):
            return painted
        html = getattr(painted, "_repr_html_", None)
        if html is None:
            raise TypeError(f"render must return HTML, or something that has some, not {painted!r}")
        return str(html())

    def _show_again(self) -> None:
        if self._display is not None:
            publish_again(self._bundle(), self._display)

    def _bundle(self) -> dict[str, Any]:
        return {"text/html": self._html(), "text/plain": repr(self)}

    def _html(self) -> str:
        tone, shape = self._tone()
        dot = f"<span style='color:{tone}' aria-hidden='true'>{shape}</span>"
        facts = f"{self._count:,} value{'' if self._count == 1 else 's'}"
        rate = "" if self._ending else f" · {self._rate():,.0f}/s"
        head = (
            f"{dot} <b>{safe(cut(self._name, 80))}</b> "
            f"<span style='{FAINT};{NUMBERS}'>{facts}{rate} · {safe(cut(self.state, 400))}</span>"
        )
        style = f"border-left:3px solid {LINE};padding:.2em 0 .2em .8em;margin:.3em 0;font-size:13px;line-height:1.5"
        return f"<div style='{style}'><div style='margin-bottom:.3em'>{head}</div>{self._picture}</div>"

    def _tone(self) -> tuple[str, str]:
        if self._failure is not None:
            return "var(--jp-error-color1,#d32f2f)", "✖"
        if self._ending:
            return FAINT.partition(":")[2], "■"
        return "var(--jp-success-color1,#388e3c)", "●"

    def _rate(self) -> float:
        """Values per second, over the last two seconds or so."""
        now, paces = perf_counter(), self._paces
        paces.append((now, self._count))
        while len(paces) > 2 and now - paces[1][0] > PACE:
            paces.popleft()
        seconds = now - paces[0][0]
        return (self._count - paces[0][1]) / seconds if seconds > 0 else 0.0

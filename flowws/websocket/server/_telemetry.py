"""`OpenTelemetry`: spans and metrics of sessions, for those who have the extra `opentelemetry`."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from websockets.datastructures import Headers

from ..engines import Request, Response
from ._call import path_of
from ._server_observer import ServerObserver
from ._server_session import ServerSession

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, TracerProvider

    from ..session._stats import SessionStats

_NAME = "flowws.websocket"


class OpenTelemetry(ServerObserver):
    """Spans and metrics of a server: ``WebSocketServer(observers=[OpenTelemetry()])``.

    A session is a span of the kind `SERVER`, named after its route, from the upgrade to its end; it continues the
    trace of the request's headers, and spans that a handler starts are below it. A refused request is a short span.
    The metrics are ``flowws.sessions.active``, ``flowws.session.duration`` (s), ``flowws.session.frames`` and
    ``flowws.session.bytes`` (both by direction; bytes with ``WebSockets(count_bytes=True)`` alone), and
    ``flowws.requests.refused``.

    Without arguments it is the providers that the program has set. Raises `ImportError` without the extra.
    """

    def __init__(
        self, *, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
    ) -> None:
        try:
            from opentelemetry import context, metrics, propagate, trace
        except ImportError as error:
            raise ImportError(
                "OpenTelemetry needs the package opentelemetry-api, which comes with flowws[opentelemetry]",
                name="opentelemetry",
            ) from error
        self._trace, self._propagate, self._context = trace, propagate, context
        self._tracer = trace.get_tracer(_NAME, tracer_provider=tracer_provider)
        meter = metrics.get_meter(_NAME, meter_provider=meter_provider)
        self._active = meter.create_up_down_counter("flowws.sessions.active", "{session}", "Sessions that are not over")
        self._duration = meter.create_histogram("flowws.session.duration", "s", "From the upgrade to the end")
        self._frames = meter.create_counter("flowws.session.frames", "{frame}", "Frames of sessions that are over")
        self._bytes = meter.create_counter("flowws.session.bytes", "By", "Payloads of sessions that are over")
        self._refused = meter.create_counter("flowws.requests.refused", "{request}", "Requests without a session")
        self._open: dict[ServerSession, tuple[Span, float]] = {}

    def opened(self, session: ServerSession) -> None:
        call = session.call
        span = self._span(f"GET {call.route}", call.target, call.headers, call.client_address, call.scheme)
        span.set_attributes({"http.route": call.route, "http.response.status_code": 101})
        if call.subprotocol is not None:
            span.set_attribute("flowws.subprotocol", call.subprotocol)
        self._context.attach(
            self._trace.set_span_in_context(span)
        )  # this context is the session's own: it ends with it
        self._open[session] = span, monotonic()
        self._active.add(1, {"http.route": call.route})

    def ended(self, session: ServerSession) -> None:
        span, since = self._open.pop(session)
        reason, route = session.close_reason.get_completed(), session.call.route
        span.set_attributes({"flowws.close.code": reason.code, "flowws.closed_by": reason.by})
        if reason.by == "us" and reason.cause is not None:
            span.record_exception(reason.cause)
            span.set_status(self._trace.StatusCode.ERROR)
        span.end()
        self._active.add(-1, {"http.route": route})
        self._duration.record(monotonic() - since, {"http.route": route, "flowws.close.code": reason.code})
        self._count(session.stats, route)

    def refused(self, request: Request, response: Response) -> None:
        scheme = request.scheme or ("ws" if request.tls is None else "wss")
        span = self._span(
            request.method, request.target, request.headers, request.client_address, scheme, request.method
        )
        span.set_attribute("http.response.status_code", response.status)
        if response.status >= 500:
            span.set_status(self._trace.StatusCode.ERROR)
        span.end()
        self._refused.add(1, {"http.response.status_code": response.status})

    def _span(
        self,
        name: str,
        target: str,
        headers: Headers,
        client_address: tuple[str, int] | None,
        scheme: str,
        method: str = "GET",
    ) -> Span:
        carrier = {name.lower(): value for name, value in headers.raw_items()}
        attributes = {"http.request.method": method, "url.path": path_of(target), "url.scheme": scheme}
        if client_address is not None:
            attributes["client.address"] = client_address[0]
        return self._tracer.start_span(
            name,
            context=self._propagate.extract(carrier),
            kind=self._trace.SpanKind.SERVER,
            attributes=attributes,
        )

    def _count(self, stats: SessionStats, route: str) -> None:
        for direction, frames, size in (
            ("received", stats.frames_received, stats.bytes_received),
            ("sent", stats.frames_sent, stats.bytes_sent),
        ):
            attributes = {"http.route": route, "flowws.direction": direction}
            self._frames.add(frames, attributes)
            if size is not None:
                self._bytes.add(size, attributes)

from __future__ import annotations

import sys

import anyio
import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from flowws.websocket import OpenTelemetry, WebSockets, WebSocketServer


class Watched:
    def __init__(self):
        self.exporter = InMemorySpanExporter()
        tracers = TracerProvider(shutdown_on_exit=False)
        tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.reader = InMemoryMetricReader()
        self.meters = MeterProvider([self.reader], shutdown_on_exit=False)
        self.telemetry = OpenTelemetry(tracer_provider=tracers, meter_provider=self.meters)
        self.tracer = tracers.get_tracer("test")

    @property
    def spans(self):
        return {span.name: span for span in self.exporter.get_finished_spans()}

    def metrics(self):
        data = self.reader.get_metrics_data()
        assert data is not None
        return {
            metric.name: [(dict(point.attributes or {}), point) for point in metric.data.data_points]
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


async def all_ended(server):
    with anyio.fail_after(5):
        while server.sessions:
            await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("count_bytes", [True, False])
async def test_a_session_is_a_span_below_the_clients_and_above_the_handlers(house, count_bytes):
    watched = Watched()
    app = WebSocketServer(WebSockets(count_bytes=count_bytes), observers=[watched.telemetry])

    @app.websocket("/rooms/{room}")
    async def handler(session):
        with watched.tracer.start_as_current_span("work"):
            await session.send("one")
        await session.launch(later).join()

    async def later():
        with watched.tracer.start_as_current_span("later"):
            pass

    server = await house.start(app)
    peer = await house.open(server.port, "/rooms/blue?x=1", Traceparent=f"00-{7:032x}-{8:016x}-01")
    assert await peer.next() == (1, b"one")
    await peer.next_close()
    await peer.say_close()
    await peer.read_to_end()
    await all_ended(server)
    span = watched.spans["GET /rooms/{room}"]
    assert (span.context.trace_id, span.parent.span_id, span.kind) == (7, 8, trace.SpanKind.SERVER)
    assert {watched.spans[name].parent.span_id for name in ("work", "later")} == {span.context.span_id}
    assert dict(span.attributes) == {
        "http.request.method": "GET",
        "url.path": "/rooms/blue",
        "url.scheme": "ws",
        "client.address": "127.0.0.1",
        "http.route": "/rooms/{room}",
        "http.response.status_code": 101,
        "flowws.close.code": 1000,
        "flowws.closed_by": "us",
    }
    metrics = watched.metrics()
    route = {"http.route": "/rooms/{room}"}
    assert [(each, point.value) for each, point in metrics["flowws.sessions.active"]] == [(route, 0)]
    ((attributes, duration),) = metrics["flowws.session.duration"]
    assert (attributes, duration.count) == ({**route, "flowws.close.code": 1000}, 1)
    assert {each["flowws.direction"]: point.value for each, point in metrics["flowws.session.frames"]} == {
        "received": 0,
        "sent": 1,
    }
    assert ("flowws.session.bytes" in metrics) == count_bytes
    if count_bytes:
        sizes = {each["flowws.direction"]: point.value for each, point in metrics["flowws.session.bytes"]}
        assert sizes["sent"] >= 3


async def test_a_failed_handler_is_a_failed_span(house):
    watched = Watched()
    app = WebSocketServer(observers=[watched.telemetry])

    @app.websocket("/", subprotocol="chat")
    async def handler(session):
        raise LookupError("oh")

    server = await house.start(app)
    peer = await house.open(server.port, Sec_WebSocket_Protocol="chat")
    assert await peer.next_close() == (1011, "")
    await peer.say_close(1011)
    await peer.read_to_end()
    await all_ended(server)
    span = watched.spans["GET /"]
    assert span.status.status_code is trace.StatusCode.ERROR
    assert (span.attributes["flowws.close.code"], span.attributes["flowws.subprotocol"]) == (1011, "chat")
    assert [event.name for event in span.events] == ["exception"]


@pytest.mark.parametrize(("fails", "status", "code"), [(False, 404, "UNSET"), (True, 500, "ERROR")])
async def test_a_refused_request_is_a_span_and_counted(house, fails, status, code):
    watched = Watched()
    app = WebSocketServer(observers=[watched.telemetry])

    @app.websocket("/here")
    async def handler(session):
        pass

    @app.middleware
    def fail(call, proceed):
        raise LookupError

    server = await house.start(app)
    peer = await house.connect(server.port)
    await peer.request("/here" if fails else "/there", peer.handshake(server.port))
    assert peer.status == status
    span = watched.spans["GET"]
    assert span.attributes["http.response.status_code"] == status
    assert span.status.status_code.name == code
    assert [(each, point.value) for each, point in watched.metrics()["flowws.requests.refused"]] == [
        ({"http.response.status_code": status}, 1)
    ]


@pytest.mark.parametrize(("trusted", "scheme", "address"), [(True, "wss", "192.0.2.9"), (False, "ws", "127.0.0.1")])
async def test_a_refused_request_behind_a_proxy_has_the_scheme_that_its_client_spoke(house, trusted, scheme, address):
    watched = Watched()
    proxies = ["127.0.0.1"] if trusted else []
    server = await house.start(WebSocketServer(trusted_proxies=proxies, observers=[watched.telemetry]))
    peer = await house.connect(server.port)
    said = {"X-Forwarded-For": "192.0.2.9", "X-Forwarded-Proto": "https"}
    await peer.request("/there", {**peer.handshake(server.port), **said})
    assert peer.status == 404
    attributes = watched.spans["GET"].attributes
    assert (attributes["url.scheme"], attributes["client.address"]) == (scheme, address)


def test_w20_without_the_extra_the_error_names_it(monkeypatch):
    """W20"""
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(ImportError, match=r"flowws\[opentelemetry\]"):
        OpenTelemetry()

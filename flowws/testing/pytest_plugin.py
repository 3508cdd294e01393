"""The fixtures ``test_scope`` and ``order``, for pytest with anyio's plugin.

An ``async def test_...(test_scope)`` runs on virtual time, once on each loop that the project's ``anyio_backend``
names. All its async fixtures run on the same loop, hence on virtual time, too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, cast

import pytest

from flowws.testing import LeakError, Order, TestScope, TestTimeoutError, virtual_time

# Broken promises of an engine say what was there instead, as the asserts of a test do.
pytest.register_assert_rewrite(
    "flowws.testing._broker_promises",
    "flowws.testing._broker_flow_promises",
    "flowws.testing._broker_trial",
    "flowws.testing._engine_promises",
    "flowws.testing._engine_endings",
    "flowws.testing._engine_handshakes",
)

_MARKER = "test_scope(timeout=60, real_io=False): options of the test's TestScope, as those of flowws.testing.run_test"


def pytest_configure(config: pytest.Config) -> None:
    """Make ``@pytest.mark.test_scope`` known."""
    config.addinivalue_line("markers", _MARKER)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests with a `test_scope` a loop on virtual time, and leave all others alone."""
    known: dict[str, object] = {}  # one value per backend: what is set up once per module is so for virtual time, too
    for item in items:
        params: dict[str, Any] = getattr(getattr(item, "callspec", None), "params", {})
        if "anyio_backend" in params and "test_scope" in getattr(item, "fixturenames", ()):
            backend = params["anyio_backend"]
            params["anyio_backend"] = known.setdefault(repr(backend), _on_virtual_time(backend))


def _on_virtual_time(backend: str | tuple[str, dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    name, options = (backend, dict[str, Any]()) if isinstance(backend, str) else backend
    return virtual_time(name, **options)


@pytest.fixture
async def test_scope(request: pytest.FixtureRequest, anyio_backend: object) -> AsyncIterator[TestScope]:
    """The `TestScope` of this test."""
    item = cast("pytest.Item", request.node)
    marker = item.get_closest_marker("test_scope")
    scope = TestScope(item.name, **(marker.kwargs if marker is not None else {}))
    yield scope
    await scope.aclose()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Make the test the body of its scope."""
    scope = pyfuncitem.funcargs.get("test_scope")
    if not isinstance(scope, TestScope):
        return (yield)
    test = pyfuncitem.obj
    if not iscoroutinefunction(test):
        pytest.fail("test_scope is for `async def` tests; a plain one calls flowws.testing.run_test", pytrace=False)

    @wraps(test)
    async def body_of_the_scope(**arguments: object) -> None:
        __tracebackhide__ = True
        try:
            await scope.run_test(lambda _: test(**arguments), name="body")
        except (LeakError, TestTimeoutError) as error:  # raised in no line of the test: a traceback would say nothing
            message = "\n".join([str(error), *getattr(error, "__notes__", ())])
            raise pytest.fail.Exception(message, pytrace=False) from None

    pyfuncitem.obj = body_of_the_scope
    try:
        return (yield)
    finally:
        pyfuncitem.obj = test


@pytest.fixture
def order() -> Iterator[Order]:
    """An `Order` for this test; it fails the test that does not pass its last mark."""
    one = Order()
    yield one
    one.check()

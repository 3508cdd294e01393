"""`run_test`: a test on a loop of its own, on virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from flowws._core import Duration, IllegalStateError, Job

from ._loops import room_of
from ._test_scope import TestScope

T = TypeVar("T")


def run_test(
    main: Callable[[TestScope], Awaitable[T]],
    *,
    backend: str = "asyncio",
    timeout: Duration = 60.0,
    real_io: bool | float = False,
    parent: Job | None = None,
) -> T:
    """Run ``main(scope)`` as a test on virtual time, on a fresh loop, and return what it returns.

    Time begins at 0 and moves only when nothing can run; then it jumps to the next timer, so that waiting costs
    nothing. The test waits for all that it launched in `scope` and fails with the first failure; see `TestScope`.

    A plain call: a loop must not be running here (`IllegalStateError`).

    Args:
        main: the body of the test, an async function.
        backend: ``"asyncio"`` or ``"trio"``.
        timeout: how long the test may take in real time.
        real_io: whether time has to stand still while a worker thread is at work, and until no I/O has been ready for a
            moment: 0.01 s, or as many seconds as the number says. Needed where the test talks to another process or
            thread while a timer is set; each jump then costs that moment.
        parent: a job to be the parent of the test's. It is not completed by the test.

    >>> async def test(scope):
    ...     await delay(3600)
    ...     return scope.current_time
    >>> run_test(test)
    3600.0

    Kotlin: `runTest`.
    """
    import anyio

    room = room_of(backend)
    if _inside_a_loop():
        raise IllegalStateError(
            "run_test starts a loop of its own, and one is running here: use the test_scope fixture"
        )
    if not callable(main):
        raise TypeError(f"run_test takes the async function, not {main!r}")

    async def run_on_the_loop() -> T:
        scope = TestScope(timeout=timeout, real_io=real_io, parent=parent)
        return await scope.run_test(main)

    return anyio.run(run_on_the_loop, backend=backend, backend_options=room.backend_options())


def _inside_a_loop() -> bool:
    import anyio

    try:
        anyio.current_time()
    except RuntimeError:
        return False
    return True

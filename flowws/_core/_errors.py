"""The errors of floor 1.

BaseException
 +-- JobInterrupted                    the job held up its loop, and somebody has put an end to that

Exception
 +-- CancellationError                 what you waited for was cancelled (not you: that is the loop's own cancellation)
 +-- RuntimeError
 |    +-- IllegalStateError            the call does not fit the state of the object: a mistake of the caller
 |         +-- ScopeClosedError        launched into a scope that was cancelled or has finished: a mistake of the caller
 +-- LookupError
 |    +-- NoSuchElementError           a terminal operator wanted a value that the flow does not have
 +-- TimeoutError
      +-- FlowTimeoutError             a deadline of this library passed: an ordinary failure
"""

from __future__ import annotations


class CancellationError(Exception):
    """What was waited for, or run as a child, was cancelled.

    An ordinary exception, on purpose: the backend's own cancellation (``asyncio.CancelledError``, ``trio.Cancelled``)
    means "this task is cancelled" and always passes through, while this one says that something else was. A job whose
    body ends with it counts as cancelled and does not fail its parent.

    Kotlin: `CancellationException`.
    """


class JobInterrupted(BaseException):
    """Raised inside a job that held up its loop for too long, by whoever looks after the loop: a notebook's Stop.

    It ends that job as a failure and leaves the loop alone. No `Exception`, so that an ``except Exception`` in a loop
    does not take it for one more item that has failed.
    """


class IllegalStateError(RuntimeError):
    """The call does not fit the state of the object. The caller's mistake.

    Kotlin: `IllegalStateException`.
    """


class ScopeClosedError(IllegalStateError):
    """A job was launched into a scope that is cancelled or finished. The caller's mistake."""

    def __init__(self, scope: str, cause: BaseException | None = None) -> None:
        super().__init__(scope, cause)
        self.scope = scope
        """The name of the scope."""
        self.cause = cause
        """Why the scope was cancelled, None if it simply finished."""

    def __str__(self) -> str:
        if self.cause is None:
            return f"{self.scope} has finished: nothing can be launched in it any more"
        return f"{self.scope} is cancelled ({self.cause!r}): nothing can be launched in it any more"


class NoSuchElementError(LookupError):
    """A terminal operator such as `first` or `single` met a flow without the value it wants.

    Kotlin: `NoSuchElementException`.
    """


class FlowTimeoutError(TimeoutError):
    """A deadline of this library passed. An ordinary failure, as every `TimeoutError` in Python.

    Kotlin: `TimeoutCancellationException`, which is a cancellation there; see "for Kotlin readers".
    """

    def __init__(self, seconds: float, job: str | None = None) -> None:
        super().__init__(seconds, job)
        self.seconds = seconds
        """How long was waited."""
        self.job = job
        """The name of the job that waited, None where no job did."""

    def __str__(self) -> str:
        where = "" if self.job is None else f" in job {self.job!r}"
        return f"not done within {self.seconds:g} s{where}"

"""The bridge from plain threads: how a thread waits for what happens on a channel's loop.

::

        thread: send_from_thread  -- post -->  loop: is there room?  -- yes ---------------> the thread goes on
                       |                                |                                     ^
                       |                                +-- no: it stands in the queue of     |
                       |                                    senders, as a task would  --------+
                       |
                       +-- knocks now and then: a loop that is over does not let itself be posted to, and a thread
                           whose work was cancelled, by a job, a deadline or a scope, is sent away
"""

from __future__ import annotations

from _thread import allocate_lock  # what `threading` has of it, without the rest of that module
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from flowws._core import CancellationError, IllegalStateError, current_job, current_loop_or_none

from ._channel_result import ChannelResult
from ._errors import ClosedSendChannelError

if TYPE_CHECKING:
    from collections import deque

E = TypeVar("E")
E_contra = TypeVar("E_contra", contravariant=True)

# Seconds. A loop tells nobody that it was closed, a job tells no thread that it was cancelled: who waits has to ask.
_KNOCK_EVERY: Final = 0.1


class Home(Protocol):
    """The loop of a channel, as another thread sees it."""

    def post(self, call: Callable[..., object], *args: Any) -> None:
        """Run ``call(*args)`` on the loop soon; `RuntimeError` once that is over."""


class Bridgehead(Protocol[E_contra]):
    """What a channel does for the bridge; all but `_home` on its loop."""

    @property
    def _home(self) -> Home | None: ...

    def try_send(self, element: E_contra, /) -> ChannelResult[None]: ...

    def _offer_or_queue(self, parked: tuple[ParkedThread, E_contra], /) -> bool:
        """Send the element; False if it has joined the queue of senders instead, with its waiter to be told later."""
        ...

    def _give_up(self, parked: tuple[ParkedThread, E_contra], /) -> None:
        """A sender stops waiting: out of the queue with it. Its element reaches nobody."""

    def _drop(self, element: E_contra, /) -> None: ...


class ParkedThread:
    """A thread that waits for its answer. In a queue of senders it stands where a `Waiter` would."""

    __slots__ = ("_answered", "_done", "_error", "_interrupted", "_result")

    def __init__(self) -> None:
        self._answered = allocate_lock()  # held until there is an answer
        self._answered.acquire()
        self._done = False
        self._interrupted = False
        self._error: BaseException | None = None
        self._result: Any = None

    # As a waiter, on the loop

    def done(self) -> bool:
        return self._done

    def set_result(self, result: Any) -> None:
        self._result = result
        self._answer()

    def set_exception(self, error: BaseException) -> None:
        self._error = error
        self._answer()

    def _answer(self) -> None:
        self._done = True
        self._answered.release()

    def run(self, question: Callable[[], Any]) -> None:
        """Answer with what `question` returns or raises; with nothing yet where it returns False."""
        if self._interrupted:
            return
        try:
            answer = question()
        except BaseException as error:  # noqa: BLE001  # it is the thread's; in a callback it would end a run of trio
            self.set_exception(error)
        else:
            if answer is not False:
                self.set_result(answer)

    # In the thread

    def ask(self, home: Home, question: Callable[[], Any], knock: Callable[[], object]) -> bool:
        """Have `question` answered on the loop, and call `knock` there now and then until it is. False if the loop is
        over: then there never will be an answer.
        """
        try:
            home.post(self.run, question)
            while not self._answered.acquire(timeout=_KNOCK_EVERY):
                home.post(knock)
                _leave_if_cancelled()
        except RuntimeError:
            return self._done
        except BaseException:  # Ctrl-C, or the cancellation of who waits for this thread
            self._interrupted = True
            raise
        return True

    def desert(self) -> None:
        """Wait no longer."""
        self._done = True

    def result(self) -> Any:
        """The answer, or what was raised instead."""
        if self._error is None:
            return self._result
        try:
            raise self._error
        finally:
            self._error = None  # the traceback of the error leads here: no circle


def send_from_thread(channel: Bridgehead[E], element: E) -> None:
    """Send, and block this thread until that is done."""
    home = _home_of(channel)
    thread = ParkedThread()
    parked = (thread, element)
    job = current_job()  # a worker thread has the context variables of the job that waits for it

    def knock() -> None:
        if job is not None and job.is_cancelled and not thread.done():
            channel._give_up(parked)
            thread.set_exception(CancellationError(f"{job.name}, for which a thread was sending, is cancelled"))

    try:
        answered = thread.ask(home, lambda: channel._offer_or_queue(parked), knock)
    except BaseException:  # Ctrl-C, or a cancellation
        with suppress(RuntimeError):  # the loop is over
            home.post(_desert, channel, parked)
        raise
    if not answered:
        thread.desert()
        channel._drop(element)
        raise _loop_is_over()
    thread.result()


def _leave_if_cancelled() -> None:
    """Raise the loop's own cancellation if the wait for this thread was cancelled other than by its job, which knocking
    sees to: by a deadline around it, or by a cancel scope. Waiting in `run_sync` does not end before the thread does.
    """
    from anyio.from_thread import check_cancelled

    job = current_job()
    if job is None or not job.is_cancelled:
        with suppress(RuntimeError):  # this thread is not one of anyio's
            check_cancelled()


def _desert(channel: Bridgehead[E], parked: tuple[ParkedThread, E]) -> None:
    thread, _ = parked
    if not thread.done():
        thread.desert()
        channel._give_up(parked)


def try_send_from_thread(channel: Bridgehead[E], element: E) -> ChannelResult[None]:
    """Send now or not at all; this thread waits for the loop's answer only."""
    home = _home_of(channel)
    thread = ParkedThread()
    if not thread.ask(home, lambda: channel.try_send(element), _nothing):
        return ChannelResult.closed(_loop_is_over())
    result: ChannelResult[None] = thread.result()
    return result


def turn_away(senders: deque[tuple[Any, E]], error: Callable[[], BaseException]) -> list[E]:
    """Take the threads out of a queue of senders and fail their sends; their elements.

    A task that waits when its channel is closed goes on waiting, as in Kotlin, for it can be cancelled. A thread
    cannot, and might wait for ever.
    """
    everybody = tuple(senders)
    senders.clear()
    lost: list[E] = []
    for sender in everybody:
        waiter, element = sender
        if not isinstance(waiter, ParkedThread):
            senders.append(sender)
        elif not waiter.done():
            waiter.set_exception(error())
            lost.append(element)
    return lost


def _home_of(channel: Bridgehead[Any]) -> Home:
    if current_loop_or_none() is not None:
        raise IllegalStateError("an event loop runs in this thread, and must not be blocked: use `await send(...)`")
    home = channel._home
    if home is None:
        raise IllegalStateError(f"{channel!r} does not know its event loop yet: make it where that runs")
    return home


def _loop_is_over() -> ClosedSendChannelError:
    return ClosedSendChannelError("the event loop of the channel has ended")


def _nothing() -> None:
    """Being posted is all that matters."""

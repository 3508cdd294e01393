"""What every channel promises, one function per promise; the table is at the end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from math import inf
from typing import Any, NamedTuple

from flowws._core import CancellationError
from flowws.channels import BufferOverflow, ChannelResult, ClosedReceiveChannelError, ClosedSendChannelError

from ._channel_trial import CauseError, Trial, raises, settle


async def _new(it: Trial) -> None:
    channel = it.channel
    assert not channel.is_closed_for_send
    assert not channel.is_closed_for_receive
    assert channel.is_empty
    assert channel.try_receive().is_failure
    assert not channel.try_receive().is_closed


async def _in_order(it: Trial) -> None:
    async def send_all() -> None:
        for element in range(100):
            await it.channel.send(element)
        it.channel.close()

    it.scope.launch(send_all)
    got = [element async for element in it.channel]
    assert got == sorted(set(got))
    assert it.overflow is not BufferOverflow.SUSPEND or got == list(range(100))


async def _none(it: Trial) -> None:
    it.scope.launch(it.channel.send, None)
    assert await it.channel.receive() is None


async def _full(it: Trial) -> None:
    elements = await it.fill()
    extra = it.channel.try_send("extra")
    assert extra.is_success == (it.overflow is not BufferOverflow.SUSPEND)
    assert not extra.is_closed
    expected = {
        BufferOverflow.SUSPEND: elements,
        BufferOverflow.DROP_OLDEST: [*elements, "extra"][1:],
        BufferOverflow.DROP_LATEST: elements,
    }
    assert [it.channel.try_receive().get_or_none() for _ in elements] == expected[it.overflow]
    assert it.channel.is_empty


async def _senders_wait(it: Trial) -> None:
    elements = await it.fill()
    for late in ("first", "second"):
        await it.parked(it.channel.send, late)
    assert it.log == [], "a sender did not wait for room"
    got = [await it.channel.receive() for _ in range(len(elements) + 2)]
    assert got == [*elements, "first", "second"]
    await settle()
    assert it.log == [None, None]


async def _receivers_wait(it: Trial) -> None:
    async def receive(number: int) -> tuple[int, Any]:
        return number, await it.channel.receive()

    for number in range(3):
        await it.parked(receive, number)
    for element in "abc":
        assert it.channel.try_send(element).is_success, "a parked receiver takes an element, room or not"
    await settle()
    assert sorted(it.log) == [(0, "a"), (1, "b"), (2, "c")]  # in which order they resume is the business of the loop


async def _closed(it: Trial) -> None:
    channel = it.channel
    for element in it.some:
        assert channel.try_send(element).is_success
    assert channel.close()
    assert not channel.close()
    assert channel.is_closed_for_send
    assert channel.try_send("late").is_closed
    await raises(ClosedSendChannelError, lambda: channel.send("late"))
    assert [await channel.receive() for _ in it.some] == it.some
    assert channel.is_closed_for_receive
    await raises(ClosedReceiveChannelError, channel.receive)
    assert (await channel.receive_catching()).is_closed
    assert channel.try_receive().is_closed
    assert [element async for element in channel] == []


async def _closed_under_receivers(it: Trial) -> None:
    await it.parked(it.channel.receive)
    await it.parked(it.channel.receive_catching)
    it.channel.close()
    await settle()
    assert len(it.log) == 2, "close did not wake a parked receiver"
    error, result = sorted(it.log, key=lambda each: isinstance(each, ChannelResult))
    assert isinstance(error, ClosedReceiveChannelError)
    assert result.is_closed


async def _closed_with_cause(it: Trial) -> None:
    channel, cause = it.channel, CauseError()
    for element in it.some:
        assert channel.try_send(element).is_success
    assert channel.close(cause)
    assert await raises(CauseError, lambda: channel.send("late")) is cause
    assert [await channel.receive() for _ in it.some] == it.some
    assert await raises(CauseError, channel.receive) is cause
    assert await raises(CauseError, lambda: anext(aiter(channel))) is cause


async def _closed_under_senders(it: Trial) -> None:
    elements = await it.fill()
    await it.parked(it.channel.send, "parked")
    it.channel.close()
    assert [element async for element in it.channel] == [*elements, "parked"]
    await settle()
    assert it.log == [None]


async def _cancelled(it: Trial) -> None:
    cause = CancellationError("enough")
    for element in it.some:
        assert it.channel.try_send(element).is_success
    it.channel.cancel(cause)
    it.channel.cancel()
    assert it.channel.is_closed_for_send
    assert it.channel.is_closed_for_receive
    assert sorted(it.undelivered) == it.some
    assert await raises(CancellationError, lambda: it.channel.send("late")) is cause
    assert await raises(CancellationError, it.channel.receive) is cause
    assert await raises(CancellationError, lambda: anext(aiter(it.channel))) is cause


async def _cancelled_under_receivers(it: Trial) -> None:
    await it.parked(it.channel.receive)
    it.channel.cancel(cause := CancellationError("enough"))
    await settle()
    assert it.log == [cause]


async def _cancelled_under_senders(it: Trial) -> None:
    elements = await it.fill()
    await it.parked(it.channel.send, "parked")
    it.channel.cancel(cause := CancellationError("enough"))
    await settle()
    assert it.log == [cause]
    assert sorted(it.undelivered, key=str) == sorted([*elements, "parked"], key=str)


async def _on_close(it: Trial) -> None:
    cause = CauseError()
    it.channel.invoke_on_close(it.log.append)
    await raises(RuntimeError, _asynchronous(it.channel.invoke_on_close, it.log.append))
    it.channel.close(cause)
    it.channel.close()
    it.channel.cancel()
    assert it.log == [cause]


async def _impatient_receiver(it: Trial) -> None:
    await (await it.parked(it.channel.receive)).cancel_and_join()
    patient = it.scope.async_(it.channel.receive)
    await settle()
    assert it.channel.try_send("for the patient one").is_success
    assert await patient == "for the patient one"


async def _impatient_receiver_with_element(it: Trial) -> None:
    """Whether the cancellation or the element is first, is the loop's business; that one of the two gets it, is not."""
    first = await it.parked(it.channel.receive)
    await it.parked(it.channel.receive)
    assert it.channel.try_send("one").is_success
    first.cancel()
    await settle()
    it.channel.close()
    await settle()
    assert it.log.count("one") == 1
    assert it.undelivered == []


async def _impatient_sender(it: Trial) -> None:
    elements = await it.fill()
    await (await it.parked(it.channel.send, "impatient")).cancel_and_join()
    assert it.undelivered == ["impatient"]
    it.channel.close()
    assert [element async for element in it.channel] == elements


async def _left_early(it: Trial) -> None:
    sending = it.scope.launch(it.channel.send, "first")
    async for _ in it.channel:
        break
    await sending.join()
    assert not it.channel.is_closed_for_send
    it.scope.launch(it.channel.send, "second")
    assert await it.channel.receive() == "second"


def _asynchronous(call: Callable[..., object], *args: Any) -> Callable[[], Awaitable[object]]:
    async def later() -> object:
        return call(*args)

    return later


class Promise(NamedTuple):
    words: str
    """In words, for the one who has broken it."""
    check: Callable[[Trial], Awaitable[None]]
    may_fill: bool = False  # needs an end to the room
    senders_park: bool = False

    def applies(self, room: float, overflow: BufferOverflow) -> bool:
        suspends = overflow is BufferOverflow.SUSPEND
        return (room < inf or not (self.may_fill or self.senders_park)) and (suspends or not self.senders_park)


PROMISES = (
    Promise("a new channel is open and empty", _new),
    Promise("elements come out in the order in which they went in, each once", _in_order),
    Promise("None is an element like any other", _none),
    Promise("a full channel does what its overflow policy says", _full, may_fill=True),
    Promise("senders wait for room, first come, first served", _senders_wait, senders_park=True),
    Promise("receivers wait for elements, first come, first served", _receivers_wait),
    Promise("a closed channel takes nothing more, gives out what it holds, then ends", _closed),
    Promise("closing ends the wait of receivers", _closed_under_receivers),
    Promise("the cause of a closing is raised as itself, to receivers once all is taken", _closed_with_cause),
    Promise(
        "a send that was waiting when the channel was closed still arrives", _closed_under_senders, senders_park=True
    ),
    Promise("a cancelled channel drops what it holds and raises its cause on both sides", _cancelled),
    Promise("cancelling wakes receivers with the cause", _cancelled_under_receivers),
    Promise(
        "cancelling wakes senders with the cause and drops their elements", _cancelled_under_senders, senders_park=True
    ),
    Promise("one handler is called once, with the cause, when the channel closes", _on_close),
    Promise("a receiver that was cancelled leaves no trace", _impatient_receiver),
    Promise("an element is not lost with a receiver that is cancelled", _impatient_receiver_with_element),
    Promise("the element of a cancelled sender arrives nowhere but at the hook", _impatient_sender, senders_park=True),
    Promise("leaving a loop early leaves the channel open", _left_early),
)

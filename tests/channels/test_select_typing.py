"""What the type checkers infer of a `select`. mypy and pyright read this file; nothing in it waits."""

from __future__ import annotations

from datetime import timedelta
from typing import assert_type

from flowws import (
    Channel,
    ChannelResult,
    Deferred,
    Job,
    Mutex,
    SelectClause,
    on_timeout,
    select,
    select_unbiased,
    while_select,
)

numbers = Channel[int]()
words = Channel[str]()


async def length(word: str) -> bytes:
    return bytes(len(word))


async def late() -> float:
    return 1.5


def test_clauses() -> None:
    assert_type(numbers.on_receive(), SelectClause[int])
    assert_type(numbers.on_receive(lambda n: [n]), SelectClause[list[int]])
    assert_type(words.on_receive(length), SelectClause[bytes])
    assert_type(words.on_receive(lambda word: length(word)), SelectClause[bytes])  # noqa: PLW0108  # the lambda counts
    assert_type(numbers.on_receive_catching(), SelectClause[ChannelResult[int]])
    assert_type(numbers.on_receive_catching(lambda result: result.get_or_raise()), SelectClause[int])
    assert_type(numbers.on_send(1), SelectClause[Channel[int]])
    assert_type(numbers.on_send(1, lambda channel: str(channel)), SelectClause[str])  # noqa: PLW0108  # as above
    assert_type(on_timeout(1), SelectClause[None])
    assert_type(on_timeout(timedelta(seconds=1), lambda: "late"), SelectClause[str])
    assert_type(on_timeout(1.0, late), SelectClause[float])


async def of_select() -> None:
    assert_type(await select(numbers.on_receive()), int)
    assert_type(await select(numbers.on_receive(lambda n: n + 1), words.on_receive(lambda w: w.upper())), int | str)
    assert_type(await select(numbers.on_receive(), words.on_receive(), on_timeout(1)), int | str | None)
    assert_type(
        await select(numbers.on_receive(), words.on_receive(length), on_timeout(1, late), words.on_send("a", str)),
        int | bytes | float | str,
    )
    assert_type(await select(*[numbers.on_receive(), numbers.on_receive()]), int)
    assert_type(await select_unbiased(numbers.on_receive(), words.on_receive()), int | str)
    await while_select(lambda: numbers.on_receive(lambda n: n > 0), lambda: on_timeout(1, lambda: False))


async def of_jobs_and_locks(job: Job, deferred: Deferred[int]) -> None:
    mutex = Mutex()
    assert_type(job.on_join(), SelectClause[None])
    assert_type(job.on_join(lambda: 1), SelectClause[int])
    assert_type(job.on_join(late), SelectClause[float])
    assert_type(deferred.on_await(), SelectClause[int])
    assert_type(deferred.on_await(lambda n: str(n)), SelectClause[str])  # noqa: PLW0108  # the lambda counts
    assert_type(mutex.on_lock(), SelectClause[Mutex])
    assert_type(mutex.on_lock(lambda it: it.is_locked), SelectClause[bool])
    assert_type(await select(job.on_join(), deferred.on_await(), words.on_receive()), int | str | None)

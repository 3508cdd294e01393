"""`incoming_as`: the messages as values, and what becomes of those that do not fit."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from flowws.testing import conversation
from flowws.websocket import ConverterNotFoundError, DeserializeError, WebSockets, WebSocketServer


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


@dataclass
class Order:
    number: int


def talk(handler, config=None):
    app = WebSocketServer(config)
    app.websocket("/")(handler)
    return conversation(app, "/")


async def test_w11_values_as_a_flow(test_scope):
    """W11, E10, P7: a flow like any other"""

    async def handler(session):
        orders = session.incoming_as(Order).map(lambda order: order.number).filter(lambda number: number > 1)
        async for number in orders:
            await session.send_serialized(number)
        await session.close_reason

    async with talk(handler) as peer:
        for number in (1, 2, 3):
            await peer.send_json({"number": number})
        await peer.expect_json(2)
        await peer.expect_json(3)


async def test_the_flow_ends_with_the_session_and_may_be_taken_up_again(test_scope):
    taken: list[Order] = []

    async def handler(session):
        orders = session.incoming_as(Order)
        taken.append(await orders.first())
        taken.extend(await orders.to_list())

    async with talk(handler) as peer:
        for number in (1, 2, 3):
            await peer.send_json({"number": number})
        await peer.expect_nothing()
        await peer.close()
        await peer.session.ended()
    assert taken == [Order(1), Order(2), Order(3)]


async def test_raise_fails_the_flow_and_not_the_session(test_scope):
    """W119"""
    errors = []

    async def handler(session):
        try:
            await session.incoming_as(Order).collect()
        except DeserializeError as error:
            errors.append(error)
        assert session.is_active
        await session.send("goes on")

    async with talk(handler) as peer:
        await peer.send_json({"number": "one"})
        await peer.expect_text("goes on")
    assert errors[0].frame.data == b'{"number":"one"}'


async def test_skip_leaves_it_out(test_scope):
    taken: list[Order] = []

    async def handler(session):
        await session.incoming_as(Order, on_bad="skip").collect(taken.append)

    async with talk(handler) as peer:
        for number in (1, "two", 3):
            await peer.send_json({"number": number})
        await peer.send(b"\xff")
        await peer.expect_nothing()
    assert taken == [Order(1), Order(3)]


async def test_reply_tells_the_peer(test_scope):
    async def handler(session):
        async for order in session.incoming_as(Order, on_bad="reply"):
            await session.send_serialized(order)

    async with talk(handler) as peer:
        await peer.send_json({"number": "one"})
        answer = await peer.expect_json()
        assert list(answer) == ["error"]
        assert "number" in answer["error"]
        await peer.send_json({"number": 1})
        await peer.expect_json({"number": 1})


async def test_close_closes_with_1007(test_scope):
    async def handler(session):
        async for _ in session.incoming_as(Order, on_bad="close"):
            raise AssertionError

    async with talk(handler) as peer:
        await peer.send_json({"number": "x" * 300})
        reason = await peer.expect_close(1007)
        assert len(reason.message.encode()) <= 123
        await peer.close()
        assert isinstance((await peer.session.close_reason).cause, DeserializeError)


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_function_is_told(test_scope, is_async):
    told = []

    async def later(error):
        told.append(error)

    async def handler(session):
        await session.incoming_as(Order, on_bad=later if is_async else told.append).take(1).collect()

    async with talk(handler) as peer:
        await peer.send("rubbish")
        await peer.send_json({"number": 1})
        await peer.expect_close(1000)
    assert len(told) == 1
    assert isinstance(told[0], DeserializeError)


async def test_w117_without_a_converter(test_scope):
    """W117, P11"""

    async def handler(session):
        with pytest.raises(ConverterNotFoundError):
            session.incoming_as(Order)
        with pytest.raises(ConverterNotFoundError):
            _ = session.converter
        await session.send("goes on")

    async with talk(handler, WebSockets(content_converter=None)) as peer:
        await peer.expect_text("goes on")


async def test_another_policy_is_refused(test_scope):
    async def handler(session):
        with pytest.raises(ValueError, match=r"on_bad is one of .* or a function, not 'ignore'"):
            session.incoming_as(Order, on_bad="ignore")
        await session.send("goes on")

    async with talk(handler) as peer:
        await peer.expect_text("goes on")

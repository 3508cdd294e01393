"""`auth`: who we are, said before the handshake, and once more after a 401."""

from __future__ import annotations

import pytest

from flowws.websocket import HandshakeError
from tests.websocket.client.answering import Answering, answer

WHO = answer(401, ("WWW-Authenticate", "Bearer"), body=b"who?")


class Tokens:
    """Gives one token after the other, and notes what it was told."""

    def __init__(self, *tokens):
        self.tokens = list(tokens)
        self.told = []

    async def __call__(self, error):
        self.told.append(None if error is None else (error.status, error.headers["www-authenticate"], error.body))
        token = self.tokens.pop(0)
        return None if token is None else {"Authorization": f"Bearer {token}"}


def tokens_at(server):
    return [said.get("authorization") for said in server.headers]


async def test_q13_a_valid_token(client):
    """Q13"""
    tokens = Tokens("valid")
    async with Answering() as server, client.websocket(server.url(), auth=tokens):
        pass
    assert tokens_at(server) == ["Bearer valid"]
    assert tokens.told == [None]


async def test_w11_a_refreshed_token(client):
    """W11, Q13: the handshake is tried once more."""
    tokens = Tokens("stale", "fresh")
    async with Answering(WHO, None) as server, client.websocket(server.url(), auth=tokens) as session:
        await session.send("hi")
        assert (await session.incoming.receive()).read_text() == "hi"
    assert tokens_at(server) == ["Bearer stale", "Bearer fresh"]
    assert tokens.told == [None, (401, "Bearer", b"who?")]


async def test_w11_an_invalid_token(client):
    """W11, Q13: once more, and not for ever."""
    tokens = Tokens("stale", "stale too")
    async with Answering(WHO) as server:
        with pytest.raises(HandshakeError, match="expected status 101, the server answered 401") as caught:
            await client.websocket_session(server.url(), auth=tokens)
    assert (caught.value.status, caught.value.body) == (401, b"who?")
    assert len(server.requests) == len(tokens.told) == 2


async def test_w11_a_401_without_auth(client):
    """W11"""
    async with Answering(WHO) as server:
        with pytest.raises(HandshakeError) as caught:
            await client.websocket_session(server.url())
    assert caught.value.status == 401
    assert server.connections == 1


async def test_nothing_to_say_at_first_and_nothing_to_add(client):
    tokens = Tokens(None, None)
    async with Answering(WHO) as server:
        with pytest.raises(HandshakeError):
            await client.websocket_session(server.url(), auth=tokens)
    assert tokens_at(server) == [None]


async def test_only_a_401_is_a_question(client):
    tokens = Tokens("valid")
    async with Answering(answer(403)) as server:
        with pytest.raises(HandshakeError):
            await client.websocket_session(server.url(), auth=tokens)
    assert server.connections == 1


async def test_a_plain_function_will_do(client):
    async with Answering() as server, client.websocket(server.url(), auth=lambda _: [("X-Key", "k")]):
        pass
    assert server.headers[0]["x-key"] == "k"


@pytest.mark.parametrize("error", [ValueError, KeyError])
async def test_its_failure_is_the_callers(client, error):
    def fail(_):
        raise error("mine")

    async with Answering() as server:
        with pytest.raises(error, match="mine"):
            await client.websocket_session(server.url(), auth=fail)
    assert server.connections == 0


async def test_its_headers_are_checked(client):
    async with Answering() as server:
        with pytest.raises(ValueError, match="belongs to the handshake"):
            await client.websocket_session(server.url(), auth=lambda _: {"Upgrade": "x"})


async def test_after_a_redirect_within_the_host_it_still_counts(client):
    tokens = Tokens("stale", "fresh")
    async with (
        Answering(answer(302, ("Location", "/there")), WHO, None) as server,
        client.websocket(server.url(), auth=tokens) as session,
    ):
        assert session.url == server.url("/there")
    assert tokens_at(server) == ["Bearer stale", "Bearer stale", "Bearer fresh"]

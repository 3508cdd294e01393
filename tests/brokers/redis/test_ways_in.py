"""Every way to a server: sockets, ports, TLS; and the contract of all brokers on each loop."""

from __future__ import annotations

import ssl
from pathlib import Path

import anyio
import pytest
import trustme
from anyio.abc import SocketAttribute

from flowws.brokers import Connected, Reconnecting, RedisBroker
from flowws.testing import check_broker

from .conftest import StartRedis
from .heard import listen
from .proxy import fault_proxy
from .server import RedisServer


@pytest.mark.timeout(60)  # many promises
async def test_it_keeps_what_all_brokers_promise(redis: RedisServer):
    await check_broker(lambda: RedisBroker(redis.url))


async def exchange(url: str, **options: object) -> None:
    """Something is written, and heard."""
    async with RedisBroker(url, **options) as broker:  # type: ignore[arg-type]  # options of a test
        assert broker.status.value == Connected()
        heard = await listen(broker)
        await broker.shared_flow("numbers", int).emit(1)
        await heard.until_value(1)


async def test_a_port(redis: RedisServer):
    async with fault_proxy(redis) as proxy:
        await exchange(proxy.tcp_url)


async def test_a_database_and_a_prefix(redis: RedisServer):
    await exchange(f"{redis.url}?db=3", prefix="shop:eu")
    assert redis.ask("DBSIZE") == 0
    keys = redis.ask("EVAL", "redis.call('SELECT', 3) return redis.call('KEYS', '*')", "0")
    assert isinstance(keys, list)
    assert {key for key in keys if isinstance(key, bytes) and b"producer" not in key} == {
        b"{shop:eu:numbers}",
        b"{shop:eu:numbers}:meta",
    }


@pytest.fixture
async def secured(start_redis: StartRedis, tmp_path: Path) -> tuple[int, ssl.SSLContext]:
    """A server that speaks TLS, at a port, and whom to trust."""
    authority = trustme.CA()
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as free:
        port = free.extra(SocketAttribute.local_port)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    identity = authority.issue_cert("127.0.0.1")
    identity.private_key_and_cert_chain_pem.write_to_path(tmp_path / "key.pem")
    await start_redis(
        tls_port=str(port),
        tls_cert_file=str(tmp_path / "key.pem"),
        tls_key_file=str(tmp_path / "key.pem"),
        tls_ca_cert_file=str(tmp_path / "ca.pem"),
        tls_auth_clients="no",
    )
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return port, context


async def test_tls(secured: tuple[int, ssl.SSLContext]):
    port, context = secured
    await exchange(f"rediss://127.0.0.1:{port}", ssl_context=context)


async def test_a_certificate_of_nobody_is_a_failed_attempt(secured: tuple[int, ssl.SSLContext]):
    async with RedisBroker(f"rediss://127.0.0.1:{secured[0]}") as broker:
        status = broker.status.value
        assert isinstance(status, Reconnecting)
        assert "CERTIFICATE_VERIFY_FAILED" in str(status.error)

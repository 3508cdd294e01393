"""`Link`: both connections to the server, from the time they are open until one of them is lost."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, Never

import anyio
from anyio.abc import ByteStream
from anyio.lowlevel import checkpoint_if_cancelled

from flowws._core import CoroutineScope, coroutine_scope
from flowws.brokers._errors import BrokerError, BrokerRefusedError

from ._address import Address
from ._connection import Connection
from ._failures import LinkLostError, ScriptMissingError, judged
from ._reader import PATIENCE, Reader
from ._scripts import SCRIPTS, Script

_RUN_ID: Final = re.compile(rb"^run_id:(\S+)", re.MULTILINE)
_ROLE: Final = re.compile(rb"^role:(\S+)", re.MULTILINE)


class Link:
    """Both connections to the server, from the time they are open until one of them is lost.

    The first is for commands, any number of them at once; the second is for the reader, who waits at the server.
    """

    def __init__(self, address: Address, timeout: float, on_loss: Callable[[BrokerError], object]) -> None:
        self._address = address
        self._timeout = timeout
        self._on_loss = on_loss
        self._connections: list[Connection] = []
        self._shas: dict[Script, bytes] = {}
        self.reader: Final = Reader(self._ask_to_read, self._unblock)
        self.run_id: bytes = b""
        """Which start of the server this is."""
        self.loss: BrokerError | None = None
        """Why it is of no use any more."""
        self._is_lost = anyio.Event()

    async def open(self, scope: CoroutineScope, timeout: float) -> None:
        """Connect, in jobs of `scope`. Raises `BrokerError`."""
        try:
            with anyio.fail_after(timeout):
                # A frozen server accepts connections all the same: what it is asked at first is part of the time.
                for _ in range(2):
                    opening = _Opening()
                    await checkpoint_if_cancelled()  # here and below: a scope that is cancelled launches nothing
                    scope.launch(self._keep, opening, name=f"connection to {self._address.url}")
                    await opening.is_done.wait()
                    if self.loss is not None:
                        raise self.loss
                await self._introduce()
        except TimeoutError:
            raise LinkLostError(f"no answer from {self._address.url} within {timeout:g} s") from None
        await checkpoint_if_cancelled()
        scope.launch(self.reader.run, name=f"reader of {self._address.url}")
        scope.launch(self.reader.ring, name=f"bell of the reader of {self._address.url}")

    async def _keep(self, opening: _Opening) -> None:
        """The life of one connection. Closing the stream is what ends it: a cancellation makes coredis log an error."""
        try:
            stream = await self._address.connect()
        except Exception as error:  # noqa: BLE001  # judged
            self._has_ended(opening, judged(error, f"connecting to {self._address.url}"))
            return
        async with coroutine_scope(f"stream to {self._address.url}") as scope:
            try:
                await checkpoint_if_cancelled()
                scope.launch(self._run, stream, opening, name=f"coredis' connection to {self._address.url}")
                await self._is_lost.wait()
            finally:
                with anyio.CancelScope(shield=True):
                    await stream.aclose()

    async def _run(self, stream: ByteStream, opening: _Opening) -> None:
        connection = Connection(self._address, stream)
        self._connections.append(connection)
        loss: BrokerError = LinkLostError(f"the connection to {self._address.url} was lost")
        with anyio.CancelScope(shield=True):
            try:
                await connection.run(task_status=opening)
            except Exception as error:  # noqa: BLE001  # judged
                loss = judged(error, f"connecting to {self._address.url}")
        await checkpoint_if_cancelled()  # it was we who have ended it
        self._has_ended(opening, loss)

    def _has_ended(self, opening: _Opening, loss: BrokerError) -> None:
        self.give_up(loss)
        opening.started()

    async def be_lost(self) -> Never:
        """Wait until it is of no use any more, and raise why."""
        await self._is_lost.wait()
        assert self.loss is not None  # it is lost
        raise self.loss

    async def _introduce(self) -> None:
        """Who is the server, and does it know the scripts."""
        server = await self.ask(b"INFO", b"server")
        replication = await self.ask(b"INFO", b"replication")
        found, role = _RUN_ID.search(server), _ROLE.search(replication)
        if found is None:
            raise BrokerRefusedError(f"{self._address.url} does not tell its run id: its restarts would not be noticed")
        if role is not None and role[1] != b"master":
            raise LinkLostError(f"READONLY {self._address.url} is a replica now")
        self.run_id = found[1]
        for script in SCRIPTS:
            self._shas[script] = await self.ask(b"SCRIPT LOAD", script.text)

    async def ask(self, command: bytes, *args: str | bytes | int) -> Any:
        """The server's answer. Raises `BrokerError`."""
        return await self._ask(self._connections[0], self._timeout, command, *args)

    async def _ask_to_read(self, command: bytes, *args: str | bytes | int) -> Any:
        return await self._ask(self._connections[1], PATIENCE, command, *args)

    async def _unblock(self) -> bool:
        return bool(await self.ask(b"CLIENT UNBLOCK", self._connections[1].client_id or 0))

    async def _ask(self, connection: Connection, timeout: float, command: bytes, *args: str | bytes | int) -> Any:
        if self.loss is not None:
            raise LinkLostError(str(self.loss)) from self.loss
        try:
            return await connection.ask(timeout, command, *args)
        except Exception as error:  # judged
            failure = judged(error, command.decode())
            if isinstance(failure, LinkLostError):
                self.give_up(failure)
            raise failure from error

    async def run(self, script: Script, keys: Sequence[bytes], *args: str | bytes | int) -> Any:
        """Run a script as one step; the run id is its first argument. Raises `BrokerError`."""
        try:
            return await self.ask(b"EVALSHA", self._shas[script], len(keys), *keys, self.run_id, *args)
        except ScriptMissingError:  # the server has forgotten it, and knows it again after this
            return await self.ask(b"EVAL", script.text, len(keys), *keys, self.run_id, *args)

    def give_up(self, loss: BrokerError) -> None:
        """This link is of no use any more. Whoever waits for an answer hears of it."""
        if self.loss is None:
            self.loss = loss
            self._is_lost.set()
            self._on_loss(loss)

    def __repr__(self) -> str:
        return f"<Link to {self._address.url}, {'open' if self.loss is None else 'lost'}>"


class _Opening:
    """What coredis tells that a connection is open."""

    def __init__(self) -> None:
        self.is_done: Final = anyio.Event()

    def started(self, value: object = None) -> None:
        self.is_done.set()

"""A real Redis server, in a process and a folder of its own, that can be killed, frozen and started again."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import IO

import anyio

Reply = bytes | int | list["Reply"] | None


class RedisServer:
    """A real Redis server on a unix socket in a temporary folder, where its data stays when it is killed.

    `options` are those of its command line: ``appendonly="yes"``.
    """

    def __init__(self, **options: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="redis-"))  # short: the path of a socket has 107 bytes at most
        self.socket = self.folder / "sock"
        self.options = {
            "save": "",
            "port": "0",
            "unixsocket": str(self.socket),
            "bind": "127.0.0.1",
            "loglevel": "warning",
        }
        self.options |= {name.replace("_", "-"): value for name, value in options.items()}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    async def start(self) -> None:
        """Start it, and wait until it has read its data."""
        self.socket.unlink(missing_ok=True)
        words = [word for name, value in self.options.items() for word in (f"--{name}", value)]
        with (self.folder / "log").open("ab") as log:
            command = ["redis-server", "--dir", str(self.folder), *words]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: ASYNC220  # kept, and its id needed
        with anyio.fail_after(10):
            while not self._answers():
                assert self.process.poll() is None, (self.folder / "log").read_text()
                await anyio.sleep(0.002)

    def _answers(self) -> bool:
        try:
            return self.ask("PING") == b"PONG"
        except OSError:
            return False
        except RedisRefusedError as refusal:
            return "NOAUTH" in str(refusal)  # but not LOADING

    def kill9(self) -> None:
        """As an accident ends it: no farewell, nothing saved."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    async def restart(self) -> None:
        """Kill it and start it with what it has saved."""
        self.kill9()
        await self.start()

    def stop(self) -> None:
        """Freeze it: connections stay, and even new ones are accepted, but nothing is answered."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def cont(self) -> None:
        """It goes on."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def ask(self, *words: str, password: str = "") -> Reply:
        """The reply to one command, on a connection of its own. Raises `RedisRefusedError`."""
        with socket.socket(socket.AF_UNIX) as connection, connection.makefile("rb") as replies:
            connection.settimeout(5)
            connection.connect(str(self.socket))
            if password:
                connection.sendall(_command("AUTH", password))
                _reply(replies)
            connection.sendall(_command(*words))
            return _reply(replies)

    def close(self) -> None:
        """End it, and forget its data."""
        if self.process is not None and self.process.poll() is None:
            self.kill9()
        shutil.rmtree(self.folder, ignore_errors=True)


def _command(*words: str) -> bytes:
    parts = [b"$%d\r\n%s\r\n" % (len(word), word) for word in map(str.encode, words)]
    return b"*%d\r\n%s" % (len(parts), b"".join(parts))


class RedisRefusedError(Exception):
    """An error that the server says."""


def _reply(replies: IO[bytes]) -> Reply:
    line = replies.readline()
    if not line.endswith(b"\r\n"):
        raise ConnectionError("closed")
    kind, rest = line[:1], line[1:-2]
    if kind == b"-":
        raise RedisRefusedError(rest.decode())
    if kind == b":":
        return int(rest)
    if kind == b"$":
        return None if rest == b"-1" else replies.read(int(rest) + 2)[:-2]
    if kind == b"*":
        return [_reply(replies) for _ in range(int(rest))]
    return rest

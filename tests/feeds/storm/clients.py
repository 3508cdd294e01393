"""Clients that speak the protocol by hand, each held against its `Transcript`, and do what clients do at random."""

from __future__ import annotations

import asyncio
import json
import socket
from collections import Counter
from random import Random

import orjson
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from tests.feeds.storm import news
from tests.feeds.storm.transcript import Transcript

LITTLE, MUCH = 4 * 1024, 256 * 1024
"""Bytes that the system keeps for a socket: little while it stalls, so that this is soon noticed on the other side."""
CROWD = 50  # handshakes under way


class Client:
    """One subscriber: on a connection or between two."""

    def __init__(self, random: Random, places: asyncio.Semaphore) -> None:
        self.transcript = Transcript(random.choice(news.FILTERS))
        self.failure: BaseException | None = None
        """What the server did wrong."""
        self.actions = Counter[str]()
        self._port = 0
        self._random = random
        self._places = places  # for handshakes
        self._line: Line | None = None
        self._id = 0
        self._goal: int | None = None
        self._has_all = asyncio.Event()
        self._unsubscribed = asyncio.Event()

    # What it does

    async def live(self, port: int, until: float) -> None:
        """Come, and do something or other every now and then, until this moment on the loop's clock."""
        loop = asyncio.get_running_loop()
        await self.come(port)
        doings = {self._switch: 6, self._stall: 2, self._get_killed: 2, self._leave: 1, self._subscribe_anew: 1}
        while (left := until - loop.time()) > 0:
            await asyncio.sleep(min(left, self._random.uniform(0.1, 2.0)))
            if self.failure is not None:
                raise self.failure
            (do,) = self._random.choices([*doings], [*doings.values()])
            self.actions[do.__name__.strip("_")] += 1
            await do()

    async def come(self, port: int) -> None:
        """Connect, and subscribe; go on from where it was, if it was somewhere."""
        self._port = port
        line = self._line = Line(self)
        async with self._places:
            transport, _ = await ws_connect(lambda: line, f"ws://127.0.0.1:{port}/")
        self._transport = transport
        self._subscribe()

    def _subscribe(self) -> None:
        self._id += 1
        position = self.transcript.position
        after = {} if position is None else {"after": str(position)}
        self._say({"subscribe": "", "id": self._id, "filter": json.loads(self.transcript.wanted), **after})

    async def _switch(self) -> None:
        wanted = self._random.choice(news.FILTERS)
        self.transcript.asked.append(news.encoded(wanted))
        self._say({"filter": wanted, "id": self._id})

    async def _stall(self) -> None:
        tcp = self._transport.underlying_transport
        tcp.pause_reading()
        tcp.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LITTLE)
        await asyncio.sleep(self._random.uniform(0.5, 3.0))
        tcp.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, MUCH)
        tcp.resume_reading()

    async def _get_killed(self) -> None:
        self.survives()
        self._transport.underlying_transport.abort()
        await self._transport.wait_disconnected()
        await asyncio.sleep(self._random.uniform(0.0, 1.0))
        await self.come(self._port)

    async def _leave(self) -> None:
        self._line = None
        self._transport.send_close(WSCloseCode.OK)
        await self._transport.wait_disconnected()
        await asyncio.sleep(self._random.uniform(0.0, 1.0))
        self.transcript.starts_over()
        await self.come(self._port)

    async def _subscribe_anew(self) -> None:
        self._unsubscribed.clear()
        self._say({"unsubscribe": self._id})
        await self._unsubscribed.wait()

    async def has_all(self, offset: int) -> None:
        """Wait until nothing is due any more up to this update of the feed. Raises what was wrong before."""
        self._goal = offset
        if self.failure is None:
            self._has_all.clear()
            self._look()
        await self._has_all.wait()
        if self.failure is not None:
            raise self.failure

    def goes(self) -> None:
        """Leave for good."""
        self._line = None
        self._transport.disconnect(graceful=False)

    def survives(self) -> None:
        """Its connection is about to go; it will come again."""
        self._line = None
        self.transcript.reconnects()

    def _say(self, message: object) -> None:
        self._transport.send(WSMsgType.TEXT, orjson.dumps(message))

    # What it hears

    def heard(self, line: Line, payload: bytes) -> None:
        """Take a message."""
        if line is not self._line or self.failure is not None:
            return
        try:
            message = orjson.loads(payload)
            if message == {"unsubscribed": self._id}:
                self.transcript.starts_over()
                self._subscribe()
                self._unsubscribed.set()
            else:
                id = message.pop("id")
                assert id == self._id, f"{message} for {id}, where {self._id} is subscribed"
                self.transcript.hear(message)
        except Exception as error:  # noqa: BLE001  # the test raises it
            self._fail(error)
        else:
            self._look()

    def lost(self, line: Line, why: str) -> None:
        """The connection is gone."""
        if line is self._line:
            self._fail(ConnectionError(why))

    def _fail(self, error: Exception) -> None:
        self.failure = error
        self._has_all.set()
        self._unsubscribed.set()

    def _look(self) -> None:
        if self._goal is not None and self.transcript.has_all(self._goal):
            self._goal = None
            self._has_all.set()


class Line(WSListener):
    """One connection of a client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            self._client.heard(self, frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.CLOSE:
            self._client.lost(self, f"{frame.get_close_code()} {frame.get_close_message()!r}")
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._client.lost(self, "the connection was lost")

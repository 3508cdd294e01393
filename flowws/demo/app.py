"""`create_app`: the feed of the people at ``/people``, commands at ``/people/commands``, and a page at ``/``."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Final

from flowws.brokers import Broker
from flowws.websocket import DeserializeError, WebSockets, WebSocketServer, WebSocketServerSession

from .errors import PeopleError, PeopleFileError
from .messages import FIELDS, FILTERS, Answer, Command, Committed, Delete, ErrorMessage, Save, Update
from .people import People
from .people_log import PeopleLog

CONFIG: Final = WebSockets(ping_interval=20.0, timeout=15.0, max_frame_size=1 << 16)

_log = logging.getLogger(__name__)


def create_app(people: People, config: WebSockets = CONFIG) -> WebSocketServer:
    """The server of these people: ``async with create_app(people).serve("127.0.0.1", 8080)``.

    Its ``state.feed`` is the `ServedFeed`.
    """
    app = WebSocketServer(config)
    furnish(app, people)
    return app


def create_worker(file: Path, broker: Callable[[], Broker], config: WebSockets = CONFIG) -> WebSocketServer:
    """The server of the people of a file that other processes serve, too, who tell each other by a broker. What a
    process needs for itself it opens when it begins to serve.
    """

    @asynccontextmanager
    async def open_people(app: WebSocketServer) -> AsyncGenerator[None]:
        async with broker() as shared, People.open(file) as people:
            commits = shared.shared_flow(f"people-{people.epoch}", Update, on_gap="deliver")
            async with people.share(commits):
                furnish(app, people)
                yield

    return WebSocketServer(config, lifespan=open_people)


def furnish(app: WebSocketServer, people: People) -> None:
    """Adds the page, the feed and the commands."""
    app.static("/", files("flowws.demo") / "static")
    app.state.feed = app.feed(
        "/people",
        people.updates,
        filter=FILTERS,
        fields=FIELDS,
        snapshot=people.snapshot,
        revision=lambda update: update.revision,
        resume=PeopleLog(people),
    )

    @app.websocket("/people/commands")
    async def obey(session: WebSocketServerSession) -> None:
        async def complain(error: DeserializeError) -> None:
            await session.send_serialized(ErrorMessage(error.problem))

        async for command in session.incoming_as(Command, on_bad=complain):
            await session.send_serialized(await answer(people, command))


async def answer(people: People, command: Command) -> Answer:
    """Does what the client asked for, and what to tell it."""
    try:
        match command:
            case Save(name=name, city=city, id=person_id):
                return Committed((await people.save(name, city, person_id)).revision)
            case Delete(id=person_id):
                return Committed((await people.delete(person_id)).revision)
    except PeopleFileError:
        _log.exception("%r failed", command)
        return ErrorMessage("it could not be written down, try again later")
    except PeopleError as error:
        return ErrorMessage(str(error))

"""`create_app`: the feed of the people at ``/people``, and its page at ``/``."""

from __future__ import annotations

import logging
from importlib.resources import files
from typing import Final

from flowws.channels import ClosedReceiveChannelError
from flowws.flows import MutableStateFlow
from flowws.websocket import CloseReason, DeserializeError, WebSockets, WebSocketServer, WebSocketServerSession

from .errors import PeopleError, PeopleFileError
from .messages import ChangeFilter, ClientMessage, Committed, Delete, ErrorMessage, PeopleFilter, Save, Stop
from .people import People

CONFIG: Final = WebSockets(ping_interval=20.0, timeout=15.0, max_frame_size=1 << 16)

_log = logging.getLogger(__name__)


def create_app(people: People, config: WebSockets = CONFIG) -> WebSocketServer:
    """The server of these people: ``async with create_app(people).serve("127.0.0.1", 8080)``."""
    app = WebSocketServer(config)
    app.static("/", files("flowws.demo") / "static")

    @app.websocket("/people")
    async def feed(session: WebSocketServerSession) -> None:
        asked_for = session.call.query_parameters.get("filter", "all")
        if asked_for in set(PeopleFilter):
            await converse(session, people, PeopleFilter(asked_for))
        else:
            problem = "the filter is all, saves or deletes"
            await session.close(CloseReason(CloseReason.Codes.VIOLATED_POLICY, problem))

    return app


async def converse(session: WebSocketServerSession, people: People, first: PeopleFilter) -> None:
    """Tells the client what it wants to know, and does what it says, until it says stop or is gone."""
    wanted = MutableStateFlow(first)
    # What the client sees: the feed of the filter that it wants now. A new filter cancels the feed of the old one; the
    # end of the session cancels the last.
    wanted.flat_map_latest(people.feed).on_each(session.send_serialized).launch_in(session)
    # What the client says.
    while (message := await next_message(session)) is not None:
        match message:
            case ChangeFilter(filter=chosen):
                wanted.value = chosen
            case Save() | Delete():
                await session.send_serialized(await answer(people, message))
            case Stop():
                await session.close(CloseReason(CloseReason.Codes.NORMAL, "stopped"))


async def next_message(session: WebSocketServerSession) -> ClientMessage | None:
    """The client's next message that can be read; None when there will be no more."""
    while True:
        try:
            message: ClientMessage = await session.receive_deserialized(ClientMessage)
        except DeserializeError as error:
            await session.send_serialized(ErrorMessage(error.problem))
        except ClosedReceiveChannelError:
            return None
        else:
            return message


async def answer(people: People, command: Save | Delete) -> Committed | ErrorMessage:
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

"""`FeedEndpoint`: feeds as the handler of a path."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources.abc import Traversable
from typing import Any, ClassVar, Final, cast

from flowws.feeds.browser import FILES
from flowws.websocket import WebSocketServerSession

from ._conversation import Conversation
from ._feed import Feed
from ._hub import Hub
from ._served_feed import ServedFeed


class FeedEndpoint:
    """Feeds by topic, as the handler of a path: what `WebSocketServer.feeds` registers.

    Each feed listens to its source from the moment that this is made. Raises `TypeError` for what is no mapping of
    topics to feeds, and for a source that cannot be tapped.
    """

    page_files: ClassVar[Mapping[str, Traversable]] = FILES
    """What a page needs to talk to it."""

    def __init__(self, feeds: Mapping[str, Feed[Any]]) -> None:
        for topic, feed in _checked(feeds).items():
            if not isinstance(topic, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
                raise TypeError(f"a topic is a text, not {topic!r}")
            if not isinstance(feed, Feed):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
                raise TypeError(f"the topic {topic!r} has to have a Feed, not {feed!r}")
        self._hubs: Final[dict[str, Hub[Any]]] = {topic: Hub(feed) for topic, feed in feeds.items()}
        self.feeds: Final = {topic: ServedFeed(hub) for topic, hub in self._hubs.items()}
        """What the program sees of each."""

    async def __call__(self, session: WebSocketServerSession) -> None:
        """Serve one client."""
        await Conversation(session, self._hubs).run()

    def close(self) -> None:
        """Close every feed."""
        for each in self.feeds.values():
            each.close()

    def __repr__(self) -> str:
        return f"<FeedEndpoint of {len(self._hubs)} feeds>"


def _checked(feeds: object) -> Mapping[str, Feed[Any]]:
    if not isinstance(feeds, Mapping):
        raise TypeError(f"feeds is a mapping of topics to feeds, not {feeds!r}")
    return cast("Mapping[str, Feed[Any]]", feeds)

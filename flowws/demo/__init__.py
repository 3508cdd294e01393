"""Floor 6: the demo, a list of people that everybody sees change.

It is an example to read, one idea each: `messages` (what is said), `people_file` (what is on disk), `people` (a
repository whose changes can be watched), `app` (the feed and its page), `tail` (a client).
"""

from .app import CONFIG, create_app
from .errors import InvalidPersonError, NoSuchPersonError, PeopleError, PeopleFileError
from .lines import JsonLines, PrettyLines
from .messages import (
    ChangeFilter,
    ClientMessage,
    Committed,
    Delete,
    Deleted,
    ErrorMessage,
    PeopleFilter,
    Person,
    Save,
    Saved,
    ServerMessage,
    Snapshot,
    Stop,
    Update,
)
from .people import People
from .people_file import PeopleFile
from .service import default_file, serve
from .tail import follow

__all__ = [
    "CONFIG",
    "ChangeFilter",
    "ClientMessage",
    "Committed",
    "Delete",
    "Deleted",
    "ErrorMessage",
    "InvalidPersonError",
    "JsonLines",
    "NoSuchPersonError",
    "People",
    "PeopleError",
    "PeopleFile",
    "PeopleFileError",
    "PeopleFilter",
    "Person",
    "PrettyLines",
    "Save",
    "Saved",
    "ServerMessage",
    "Snapshot",
    "Stop",
    "Update",
    "create_app",
    "default_file",
    "follow",
    "serve",
]

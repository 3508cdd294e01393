"""Floor 6: the demo, a list of people that everybody sees change.

It is an example to read, one idea each: `messages` (what is said), `people_file` (what is on disk), `people` (a
repository whose changes can be watched), `people_log` (the memory of their feed), `app` (the feed, commands and a
page), `tail` (a client).
"""

from .app import CONFIG, create_app, create_worker
from .errors import InvalidPersonError, NoSuchPersonError, PeopleError, PeopleFileError
from .lines import JsonLines, PrettyLines
from .messages import (
    FIELDS,
    FILTERS,
    Answer,
    Command,
    Committed,
    Delete,
    Deleted,
    ErrorMessage,
    Person,
    Save,
    Saved,
    Update,
)
from .people import People
from .people_file import PeopleFile
from .people_log import PeopleLog
from .service import default_file, run_workers, serve
from .tail import feed_at, follow

__all__ = [
    "CONFIG",
    "FIELDS",
    "FILTERS",
    "Answer",
    "Command",
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
    "PeopleLog",
    "Person",
    "PrettyLines",
    "Save",
    "Saved",
    "Update",
    "create_app",
    "create_worker",
    "default_file",
    "feed_at",
    "follow",
    "run_workers",
    "serve",
]

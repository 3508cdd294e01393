"""What can go wrong with the people.

.. code-block:: text

    PeopleError
    ├── InvalidPersonError   (ValueError)   the client's fault: nobody can be saved like that
    ├── NoSuchPersonError    (LookupError)  the client's, or someone else was quicker: no person has this id
    └── PeopleFileError                     the machine's: the file cannot be opened, read or written
"""

from __future__ import annotations

from pathlib import Path


class PeopleError(Exception):
    """The people cannot do what was asked."""


class InvalidPersonError(PeopleError, ValueError):
    """Nobody can be saved like that: the client's fault."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(field, problem)
        self.field = field
        self.problem = problem

    def __str__(self) -> str:
        return f"the {self.field} {self.problem}"


class NoSuchPersonError(PeopleError, LookupError):
    """No person has this id: the client's fault, or someone else was quicker."""

    def __init__(self, person_id: int) -> None:
        super().__init__(person_id)
        self.person_id = person_id

    def __str__(self) -> str:
        return f"there is no person {self.person_id}"


class PeopleFileError(PeopleError):
    """The file cannot be opened, read or written: the machine's fault.

    ``str(error)`` names the file: it is for logs and the terminal, not for clients.
    """

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"

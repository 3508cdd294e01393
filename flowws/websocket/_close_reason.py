"""`CloseReason`: why a session ended, and who ended it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import ClassVar, Final, Literal, TypeAlias

from ._errors import ProtocolViolationError

By: TypeAlias = Literal["us", "peer", "network"]
"""Who closed: this side, the other side, or nobody: the connection was lost."""

MAX_MESSAGE: Final = 123  # bytes: the 125 of a control frame without the two of the code


class Codes(IntEnum):
    """The codes of RFC 6455, section 7.4.1, and of the IANA registry. 3000 to 4999 are for applications."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    CANNOT_ACCEPT = 1003
    NO_STATUS = 1005
    """Only in `close_reason`: the peer's Close frame had no code."""
    CLOSED_ABNORMALLY = 1006
    """Only in `close_reason`: there was no Close frame."""
    NOT_CONSISTENT = 1007
    VIOLATED_POLICY = 1008
    TOO_BIG = 1009
    NO_EXTENSION = 1010
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_GATEWAY = 1014


_WIRE: Final = frozenset(range(1000, 1015)) - {1004, Codes.NO_STATUS, Codes.CLOSED_ABNORMALLY}


_Codes: TypeAlias = Codes  # inside `CloseReason` the name means its attribute


def may_travel(code: int) -> bool:
    """Whether a Close frame may carry `code` (RFC 6455, section 7.4)."""
    return code in _WIRE or 3000 <= code <= 4999


@dataclass(frozen=True, slots=True)
class CloseReason:
    """Why a session ended: a code, a text for people, who ended it and, if something went wrong, what.

    The text has room for 123 bytes of UTF-8; a longer one is refused. Two reasons are equal when code and text are.

    >>> CloseReason(CloseReason.Codes.GOING_AWAY, "see you")
    CloseReason(1001 GOING_AWAY, 'see you')

    Kotlin: `CloseReason`.
    """

    code: int
    message: str = ""
    by: By = field(default="us", kw_only=True, compare=False)
    cause: BaseException | None = field(default=None, kw_only=True, compare=False)

    Codes: ClassVar[type[Codes]] = Codes

    def __post_init__(self) -> None:
        if not _is_number(self.code):
            raise TypeError(f"a close code is a number, not {self.code!r}")
        if not 0 <= self.code <= 0xFFFF:
            raise ValueError(f"a close code has 16 bits, {self.code!r} does not fit")
        if len(self.message.encode()) > MAX_MESSAGE:
            raise ValueError(f"the text of a close reason has room for {MAX_MESSAGE} bytes, not for {self.message!r}")

    @property
    def known_reason(self) -> _Codes | None:
        """The code by its name, None for codes of applications. Kotlin: `knownReason`."""
        try:
            return Codes(self.code)
        except ValueError:
            return None

    @classmethod
    def cut(cls, code: int, message: str, *, by: By = "us", cause: BaseException | None = None) -> CloseReason:
        """A reason whose text is cut, between two characters, to what there is room for."""
        return cls(code, message.encode()[:MAX_MESSAGE].decode(errors="ignore"), by=by, cause=cause)

    def to_payload(self) -> bytes:
        """The payload of a Close frame."""
        return self.code.to_bytes(2, "big") + self.message.encode()

    @classmethod
    def from_payload(cls, payload: bytes) -> CloseReason | None:
        """What a Close frame of the peer says, None if it is empty. Raises `ProtocolViolationError` where it may not
        say it.
        """
        if not payload:
            return None
        if len(payload) == 1:
            raise ProtocolViolationError("a Close frame with half a code")
        code = int.from_bytes(payload[:2], "big")
        if not may_travel(code):
            raise ProtocolViolationError(f"a Close frame with the code {code}")
        try:
            return cls(code, payload[2:].decode(), by="peer")
        except UnicodeDecodeError as error:
            raise ProtocolViolationError("a Close frame whose text is not UTF-8", code=Codes.NOT_CONSISTENT) from error

    def __repr__(self) -> str:
        name = self.known_reason
        text = f", {self.message!r}" if self.message else ""
        return f"CloseReason({self.code}{'' if name is None else f' {name.name}'}{text})"


def _is_number(code: object) -> bool:
    return isinstance(code, int) and not isinstance(code, bool)


NORMAL: Final = CloseReason(Codes.NORMAL)
GOING_AWAY: Final = CloseReason(Codes.GOING_AWAY)


def checked_payload(payload: bytes) -> CloseReason:
    """The reason in a Close frame that a caller wants to send. Raises `ValueError` for what must not travel."""
    try:
        said = CloseReason.from_payload(payload)
    except ProtocolViolationError as error:
        raise ValueError(f"this must not be sent: {error.violation}") from error
    return NORMAL if said is None else CloseReason(said.code, said.message)


def checked_for_sending(reason: CloseReason | None) -> CloseReason:
    """The reason that a caller wants to close with. Raises `ValueError` for a code that must not travel."""
    if reason is None:
        return NORMAL
    if not isinstance(reason, CloseReason):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise TypeError(f"close takes a CloseReason, not {reason!r}")
    if not may_travel(reason.code):
        raise ValueError(f"{reason.code} must not be sent: use 1000-1003, 1007-1014 or 3000-4999")
    return reason

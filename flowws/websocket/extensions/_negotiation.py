"""Which extensions a session has: ``Sec-WebSocket-Extensions``, read and written (RFC 6455, section 9.1)."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

from websockets.exceptions import InvalidHandshake
from websockets.headers import build_extension, parse_extension
from websockets.typing import ExtensionName

from ._extension import ExtensionParameters, LocalExtension, WebSocketExtension, WebSocketExtensionFactory

Factories: TypeAlias = Sequence[WebSocketExtensionFactory]
Extensions: TypeAlias = tuple[WebSocketExtension, ...]

_log: Final = logging.getLogger("flowws.websocket")


def checked(factories: Iterable[WebSocketExtensionFactory]) -> tuple[WebSocketExtensionFactory, ...]:
    """The factories of a configuration. Raises `TypeError` for what is none, and `ValueError` where two cannot be
    used together.
    """
    try:
        all_of_them = tuple(factories)
    except TypeError:
        raise TypeError(f"extensions is a list, such as [PerMessageDeflate()], not {factories!r}") from None
    for index, factory in enumerate(all_of_them):
        if not isinstance(factory, WebSocketExtensionFactory):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
            raise TypeError(f"extensions takes factories, such as PerMessageDeflate(), not {factory!r}")
        _check(factory)
        for other in all_of_them[:index]:
            _check_together(other, factory)
    return all_of_them


def _check(factory: WebSocketExtensionFactory) -> None:
    if isinstance(factory, LocalExtension):
        return
    if not _is_token(factory.name):
        raise ValueError(f"the name of an extension is one token, not {factory.name!r}")
    if not 0 <= factory.rsv <= 7:
        raise ValueError(f"the reserved bits are 4, 2 and 1, {factory.name} cannot use {factory.rsv!r}")


def _check_together(one: WebSocketExtensionFactory, other: WebSocketExtensionFactory) -> None:
    if one.name and one.name == other.name:
        raise ValueError(f"{one.name} can be given once only: {one!r} and {other!r}")
    if one.rsv & other.rsv:
        bits = ", ".join(f"RSV{number}" for number, bit in ((1, 4), (2, 2), (3, 1)) if one.rsv & other.rsv & bit)
        raise ValueError(f"{one.name} and {other.name} cannot be used together: both need {bits}")


def offer(factories: Factories) -> str | None:
    """What a client says; None if there is nothing to say."""
    offers = [(factory.name, parameters) for factory in factories for parameters in factory.offers()]
    return _header(offers)


def accept(factories: Factories, lines: Sequence[str]) -> tuple[Extensions, str | None]:
    """What a server makes of the lines of a client: the extensions, in the order in which they were configured, and
    the line to answer.

    Raises `ValueError` for lines that cannot be read.
    """
    offered = _parsed(lines)
    extensions: list[WebSocketExtension] = []
    answers: list[tuple[str, ExtensionParameters]] = []
    for factory in factories:
        if isinstance(factory, LocalExtension):
            extensions.append(factory.make())
            continue
        for name, parameters in offered:
            if name != factory.name:
                continue
            try:
                extension, confirmed = factory.accept(parameters)
            except ValueError as error:
                _log.debug("declined %s: %s", _header([(name, parameters)]), error)
                continue
            extensions.append(extension)
            answers.append((name, confirmed))
            break
    return tuple(extensions), _header(answers)


def agreed(factories: Factories, lines: Sequence[str]) -> Extensions:
    """What a client makes of the lines of a server: the extensions, in the order of those lines. A local one keeps
    its place among them.

    Raises `ValueError` for lines that cannot be read, and where the server chose what was not offered.
    """
    offered = {factory.name: factory for factory in factories if factory.offers()}
    chosen: dict[str, WebSocketExtension] = {}
    for name, parameters in _parsed(lines):
        item = _header([(name, parameters)])
        if name not in offered:
            raise ValueError(f"the server chose the extension {item!r}, which was not offered")
        if name in chosen:
            raise ValueError(f"the server chose the extension {name!r} twice")
        try:
            chosen[name] = offered[name].agree(parameters)
        except ValueError as error:
            raise ValueError(f"the server chose the extension {item!r}: {error}") from error
    in_order = iter(chosen.values())
    return tuple(
        factory.make() if isinstance(factory, LocalExtension) else next(in_order)
        for factory in factories
        if isinstance(factory, LocalExtension) or factory.name in chosen
    )


def _header(items: Sequence[tuple[str, ExtensionParameters]]) -> str | None:
    return build_extension([(ExtensionName(name), list(parameters)) for name, parameters in items]) if items else None


def _is_token(name: str) -> bool:
    try:
        return _parsed([name]) == [(name, [])]
    except ValueError:
        return False


def _parsed(lines: Sequence[str]) -> list[tuple[str, Any]]:
    try:
        return [(name, parameters) for line in lines for name, parameters in parse_extension(line)]
    except InvalidHandshake as error:
        raise ValueError(f"a list of extensions that cannot be read: {error}") from error

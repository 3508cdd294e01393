"""`TrustedProxies`: who is believed when it says for whom it speaks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final, Literal, TypeAlias, get_args

from ..engines import Request

Scheme: TypeAlias = Literal["ws", "wss"]
ForwardedHeader: TypeAlias = Literal["X-Forwarded-For", "Forwarded"]

UNIX: Final = "unix"

_SCHEMES: Final[dict[str, Scheme]] = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}

# RFC 7239, section 4, but for an address with a port, or of IPv6, which need not stand in quotes here.
_PAIR: Final = re.compile(r"""([!#$%&'*+.^_`|~0-9A-Za-z-]+)=("(?:[^"\\]|\\.)*"|[^\s;,"\\]*)""")
_ELEMENT: Final = re.compile(rf"\s*(?:{_PAIR.pattern})?(?:\s*;\s*(?:{_PAIR.pattern})?)*\s*")
_MOST_COMMAS: Final = 8  # in the quotes of one element


class TrustedProxies:
    """The proxies in front of a server: addresses, networks such as ``"10.0.0.0/8"``, or ``"unix"`` for whoever
    connects to a unix socket.

    What they say in one header is believed: ``X-Forwarded-For`` (with ``X-Forwarded-Proto``), or ``Forwarded``
    (RFC 7239). It is one of the two, since a proxy that writes one of them passes on the other as a client made it
    up. The client is the last one in the header who is not on this list.

    >>> TrustedProxies(["127.0.0.1", "10.0.0.0/8"])
    TrustedProxies(['127.0.0.1/32', '10.0.0.0/8'], header='X-Forwarded-For')
    """

    def __init__(self, proxies: Iterable[str] = (), *, header: ForwardedHeader = "X-Forwarded-For") -> None:
        if isinstance(proxies, str):
            raise TypeError(f"proxies is a list, such as [{proxies!r}], not the text {proxies!r}")
        if header not in get_args(ForwardedHeader):
            raise ValueError(f"the header of proxies is one of {get_args(ForwardedHeader)}, not {header!r}")
        proxies = list(proxies)
        self._header = header
        self._unix = UNIX in proxies
        self._networks: list[IPv4Network | IPv6Network] = [ip_network(each) for each in proxies if each != UNIX]

    def seen_by(self, request: Request) -> tuple[tuple[str, int] | None, Scheme]:
        """The client's address, and the scheme that it spoke; the port is 0 where the proxy does not say it."""
        scheme: Scheme = "ws" if request.tls is None else "wss"
        address = request.client_address
        if not self._trusts(None if address is None else address[0]):
            return address, scheme
        hops = self._forwarded(request) if self._header == "Forwarded" else self._x_forwarded(request)
        for node, proto in hops:
            scheme = _SCHEMES.get(proto.lower(), scheme)
            found = _address(node)
            if found is None:  # "unknown", "_hidden", or nonsense: nothing behind it can be believed
                break
            address = found
            if not self._trusts(found[0]):
                break
        return address, scheme

    def _trusts(self, host: str | None) -> bool:
        if host is None:
            return self._unix
        if not self._networks:
            return False
        try:
            address = ip_address(host.partition("%")[0])  # what follows a % names the interface
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in self._networks)

    def _forwarded(self, request: Request) -> Iterator[tuple[str, str]]:
        """Each hop, the nearest first: who was there, and the scheme it spoke (RFC 7239, section 4).

        Read from the end, where the proxy has written: read from the beginning, a quote that a client leaves open
        would swallow the proxy's own words.
        """
        element: list[str] = []
        for piece in reversed(",".join(request.headers.get_all("Forwarded")).split(",")):
            element.insert(0, piece)  # a comma may stand in quotes
            if _ELEMENT.fullmatch(whole := ",".join(element)):
                said = {name.lower(): _unquoted(value) for name, value in _PAIR.findall(whole)}
                if said:
                    yield said.get("for", ""), said.get("proto", "")
                element.clear()
            elif len(element) > _MOST_COMMAS:
                return

    def _x_forwarded(self, request: Request) -> Iterable[tuple[str, str]]:
        def listed(name: str) -> list[str]:
            return [each.strip() for line in request.headers.get_all(name) for each in line.split(",")]

        nodes, protos = listed("X-Forwarded-For"), listed("X-Forwarded-Proto")
        if len(protos) != len(nodes):  # most proxies say the scheme once, and that is how the client spoke
            protos = protos[-1:] * len(nodes)
        return reversed(list(zip(nodes, protos or [""] * len(nodes), strict=True)))

    def __repr__(self) -> str:
        listed = [str(each) for each in self._networks] + [UNIX] * self._unix
        return f"TrustedProxies({listed}, header={self._header!r})"


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def _address(node: str) -> tuple[str, int] | None:
    """``192.0.2.43``, ``192.0.2.43:47011``, ``2001:db8::1``, ``[2001:db8::1]:4711``."""
    host, _, port = node.rpartition(":")
    if host.count(":") and not host.endswith("]"):
        host, port = node, ""  # a bare IPv6 address
    elif not host or node.endswith("]"):
        host, port = node, ""
    try:
        return str(ip_address(host.strip("[]").partition("%")[0])), int(
            port
        ) if port.isdecimal() and port.isascii() else 0
    except ValueError:
        return None

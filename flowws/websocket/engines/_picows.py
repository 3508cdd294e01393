"""The picows engine: asyncio and uvloop, frames parsed and written in C.

Transports with TLS, and those of clients, are of `aiofastnet`, which picows uses as well; a server's without TLS are
our own, which take less room. Requests and answers are read and written by `websockets`. What picows does not look at
(reserved bits, UTF-8, order of fragments) is for the session.
"""

from __future__ import annotations

from typing import Final

from . import Abilities
from ._picows_client import connect as connect
from ._picows_server import serve as serve

name: Final = "picows"
can: Final = Abilities(server_masking=False, server_may_limit=False)

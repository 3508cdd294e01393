"""`safe`: contexts of TLS that aiofastnet can take.

It speaks TLS past the `ssl` module, whose callbacks then look for an object that is not there: the interpreter crashes.
Where a context has such a callback, aiofastnet is told to go through the module.
"""

from __future__ import annotations

from ssl import SSLContext
from typing import Any


def safe(context: SSLContext) -> SSLContext:
    """That context. Asked for each connection: a callback may be set at any time."""
    if _calls_back(context):
        setattr(context, "_aiofastnet_force_fallback_ssl", True)  # noqa: B010 - no attribute that the class knows
    return context


def _calls_back(context: Any) -> bool:
    return (
        context.sni_callback is not None
        or context.keylog_filename is not None  # the environment's SSLKEYLOGFILE sets it, too
        or context._msg_callback is not None
    )

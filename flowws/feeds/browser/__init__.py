"""The corridor of the browser: `flowws.js`, a client of feeds as one ES module, and its types."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

FILES: Final[Mapping[str, Traversable]] = {
    f"/{name}": files("flowws.feeds.browser") / name for name in ("flowws.js", "flowws.d.ts")
}
"""By the path at which a server has them."""

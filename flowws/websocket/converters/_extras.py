"""Packages that come with an extra of the same name."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def load(package: str, converter: object) -> Any:
    """The package, when the first converter that needs it is made. Raises `ImportError`, which names the extra."""
    try:
        return import_module(package)
    except ImportError as error:
        name = type(converter).__name__
        extra = package.partition("_")[0]
        raise ImportError(
            f"{name} needs the package {package}, which comes with flowws[{extra}]", name=package
        ) from error

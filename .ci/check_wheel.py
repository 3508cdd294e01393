"""Fails unless the wheel holds every file of the package, typed marker and demo pages included, and nothing else."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "flowws"


def main(wheel: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    wanted = {
        path.relative_to(PACKAGE.parent).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    if "flowws/py.typed" not in packed or packed != wanted:
        sys.exit(f"{wheel}: missing {sorted(wanted - packed)}, unexpected {sorted(packed - wanted)}")
    print(f"{wheel}: {len(packed)} files, all of the package")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The types of flowws.js, as the TypeScript compiler sees them; and its size."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from flowws.feeds.browser import FILES

USAGE = Path(__file__).with_name("usage.ts")
OPTIONS = ("--noEmit", "--strict", "--target", "es2022", "--module", "es2022", "--moduleResolution", "bundler")
NPX = ("npx", "--yes", "--prefer-offline", "--fetch-retries=0", "--package=typescript@5.9", "tsc")


@pytest.fixture(scope="module")
def tsc() -> list[str]:
    """The compiler: that of the machine, or the one that npm has."""
    if found := shutil.which("tsc"):
        return [found]
    if not shutil.which("npx"):
        pytest.skip("neither tsc nor npx is here")
    try:
        subprocess.run([*NPX, "--version"], check=True, capture_output=True, timeout=90)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"npm gives no TypeScript compiler: {error}")
    return list(NPX)


@pytest.mark.timeout(150)  # a compiler may have to be fetched
def test_a_page_is_checked_against_the_types(tsc: list[str], tmp_path: Path) -> None:
    for path, file in FILES.items():
        (tmp_path / path.lstrip("/")).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    shutil.copy(USAGE, tmp_path)
    done = subprocess.run(
        [*tsc, *OPTIONS, "usage.ts"], cwd=tmp_path, capture_output=True, text=True, timeout=90, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_module_is_small() -> None:
    assert len(gzip.compress(FILES["/flowws.js"].read_bytes())) < 6 * 1024


def test_the_types_name_what_the_module_gives_out() -> None:
    module, types = (FILES[f"/flowws.{kind}"].read_text(encoding="utf-8") for kind in ("js", "d.ts"))
    given = re.findall(r"^export (?:class|function) (\w+)", module, re.MULTILINE)
    assert given == ["FeedError", "connect"]
    assert re.findall(r"^export declare (?:class|function) (\w+)", types, re.MULTILINE) == given

"""Whatever the documentation shows is run: every ```python block of every page, and every `>>>` of every docstring.

A page is one story: its blocks share one namespace and one event loop, and may use `await` at the top, as in
`python -m asyncio`. A ```text block right below a ```python block is what that block prints, to the letter.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import doctest
import importlib
import inspect
import io
import itertools
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, ModuleType
from typing import NamedTuple

import anyio
import pytest

import flowws

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "flowws").rglob("*.py"))
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
BLOCK = re.compile(r"^```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
FLAGS = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


class Block(NamedTuple):
    language: str
    text: str
    line: int  # of the first line of its text
    start: int
    end: int


def blocks(page: str) -> list[Block]:
    return [
        Block(
            found["language"], found["text"], page.count("\n", 0, found.start("text")) + 1, found.start(), found.end()
        )
        for found in BLOCK.finditer(page)
    ]


def stories(page: str) -> Iterator[tuple[Block, str | None]]:
    """Each ```python block with what it is said to print."""
    found = blocks(page)
    for block, after in itertools.pairwise([*found, None]):
        if block is not None and block.language == "python":
            said = after is not None and after.language == "text" and not page[block.end : after.start].strip()
            yield block, after.text if after is not None and said else None


class Loop:
    """Runs code that may await at its top, on one asyncio loop; nothing may be left on it at the end."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner(debug=True)

    def execute(self, code: CodeType, namespace: dict[str, object]) -> None:
        result = eval(code, namespace)  # the project's own documentation; eval because exec would drop the coroutine
        if inspect.iscoroutine(result):
            self._runner.run(result)

    def close(self) -> None:
        left = asyncio.all_tasks(self._runner.get_loop())
        self._runner.close()
        assert not left, f"the snippets left {left}"


@pytest.fixture
def loop() -> Iterator[Loop]:
    one = Loop()
    yield one
    one.close()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_block_of_a_page_runs(path: Path, loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("snippets")  # a real one: whoever resolves an annotation looks a class's module up
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for block, said in stories(path.read_text(encoding="utf-8")):
        source = "\n" * (block.line - 1) + block.text  # so that a traceback shows the line of the page
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            loop.execute(compile(source, path, "exec", FLAGS, dont_inherit=True), vars(module))
        if said is not None:
            assert printed.getvalue() == said, f"{path.name}, line {block.line}: prints something else"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_example_of_a_docstring_holds(path: Path, loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """As doctest does it, in a session that began with `from anyio import run; from flowws import *`, and may await."""
    monkeypatch.setattr(doctest, "exec", loop.execute, raising=False)
    report = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for each in examples(path):
        runner.run(each, compileflags=FLAGS, out=report.write)
    assert runner.failures == 0, report.getvalue()


def examples(path: Path) -> Iterator[doctest.DocTest]:
    """Read from the source: an object that is known by its front door hides its docstring from doctest."""
    source = path.read_text(encoding="utf-8")
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node, clean=False) or ""
            if found := doctest.DocTestParser().get_examples(docstring):
                public = {name: getattr(flowws, name) for name in flowws.__all__}
                names = {**public, **vars(importlib.import_module(module)), "run": anyio.run}
                name = getattr(node, "name", module)
                yield doctest.DocTest(found, names, name, str(path), node.body[0].lineno - 1, docstring)


def test_the_targets_and_commands_that_the_pages_name_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    pages = "\n".join(path.read_text(encoding="utf-8") for path in PAGES)
    named = set(re.findall(r"(?:`|^\$ )make ([a-z]+)", pages, re.MULTILINE))
    assert {"demo", "test"} <= named
    assert [target for target in sorted(named) if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []


def test_every_link_inside_the_project_leads_somewhere() -> None:
    broken = [
        f"{path.name}: {target}"
        for path in PAGES
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", BLOCK.sub("", path.read_text(encoding="utf-8")))
        if "://" not in target and not (path.parent / target).exists()
    ]
    assert broken == []

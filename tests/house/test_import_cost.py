"""`import flowws` stays light: what it must not load. How long it takes is for benchmarks/bench_import.py."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = (
    "aioreactive",
    "reactivex",
    "cattrs",
    "orjson",
    "picows",
    "trio",
    "websockets",
    "coredis",
    "flowws._json",
    "flowws.brokers",
    "flowws.feeds",
    "flowws.websocket",
    "flowws.demo",
    "flowws.notebook",
    "flowws.testing",
)


def loaded_by(statement: str) -> set[str]:
    """The names of the modules that a fresh interpreter has loaded after `statement`."""
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    "statement", ["import flowws", "from flowws import *", "import flowws.flows", "import flowws.channels"]
)
def test_the_stream_floors_load_no_websocket_code_and_no_heavy_package(statement: str) -> None:
    modules = loaded_by(statement)
    assert "flowws" in modules
    assert [name for name in HEAVY if name in modules] == []


def test_what_not_every_program_uses_is_loaded_when_it_is_asked_for() -> None:
    rooms = {"flowws.channels._actor", "flowws.channels._select", "flowws.channels._threads", "flowws._core._mutex"}
    assert loaded_by("import flowws") & rooms == set()
    assert loaded_by("from flowws import Mutex, actor, select") & rooms == rooms - {"flowws.channels._threads"}


def test_tests_without_sessions_load_no_websocket_code() -> None:
    assert loaded_by("from flowws.testing import run_test") & {"flowws.websocket", "websockets", "picows"} == set()


def test_brokers_load_no_client_of_a_server_and_no_websocket_code() -> None:
    loaded = loaded_by("from flowws.brokers import MemoryBroker")
    assert loaded & {"coredis", "websockets", "picows", "flowws.websocket"} == set()


def test_websocket_is_loaded_by_the_one_who_asks_for_it() -> None:
    assert "flowws.websocket" in loaded_by("import flowws.websocket")

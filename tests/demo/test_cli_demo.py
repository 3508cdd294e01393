"""`flowws demo`, as a shell sees it: what it prints, how it is stopped, and what is there when it comes back."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path
from typing import Any, cast

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.demo.terminal import ended, flowws, one_line, posix, ran, served


def heard(client: ClientConnection, verb: str) -> dict[str, Any]:
    """The next message of that kind."""
    while verb not in (message := json.loads(client.recv(timeout=10))):
        pass
    return cast("dict[str, Any]", message)


@posix
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_prints_its_address_and_serves_until_it_is_told_to_stop(tmp_path: Path, stop: signal.Signals) -> None:
    with flowws("demo", "--port", "0", "--db", str(tmp_path / "people.db")) as process:
        feed = served(process).replace("http", "ws") + "people"
        with connect(f"{feed}?filter=all") as follower, connect(f"{feed}/commands") as visitor:
            assert heard(follower, "snapshot")["snapshot"] == []
            visitor.send('{"type": "save", "name": "Ada", "city": "London"}')
            assert heard(follower, "update")["update"]["person"] == {"id": 1, "name": "Ada", "city": "London"}
            assert heard(visitor, "revision")["type"] == "committed"
            process.send_signal(stop)
            code, _, err = ended(process)
            assert (code, err) == (0, "")
            for client in follower, visitor:
                assert not list(client)
                assert client.close_code == 1001


@posix
def test_a_demo_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    arguments = ("demo", "--port", "0", "--db", str(tmp_path / "people.db"))
    with flowws(*arguments) as process:
        feed = served(process).replace("http", "ws") + "people"
        with connect(f"{feed}?filter=all") as follower, connect(f"{feed}/commands") as visitor:
            position = heard(follower, "snapshot")["at"]
            for name in "Ada", "Grace":
                visitor.send(json.dumps({"type": "save", "name": name}))
                heard(visitor, "revision")
            process.kill()
    with flowws(*arguments) as process:
        feed = served(process).replace("http", "ws") + "people"
        with connect(f"{feed}?after={position}") as follower:
            assert heard(follower, "subscribed")["resumed"]
            missed = [heard(follower, "update")["update"]["person"]["name"] for _ in range(2)]
    assert missed == ["Ada", "Grace"]


@posix
def test_the_demo_keeps_its_people_in_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    with flowws("demo", "--port", "0") as process:
        served(process)
        process.send_signal(signal.SIGINT)
        assert ended(process)[0] == 0
    assert [path.parent.name for path in tmp_path.rglob("people.db")] == ["flowws"]


def test_an_address_that_is_taken_exits_6(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, err = ran("demo", "--port", str(port), "--db", str(tmp_path / "people.db"))
    assert (code, out) == (6, "")
    assert one_line(err)
    assert f"cannot listen at 127.0.0.1 port {port}" in err


def test_an_address_that_does_not_exist_exits_6(tmp_path: Path) -> None:
    code, out, err = ran("demo", "--host", "host.invalid", "--db", str(tmp_path / "people.db"))
    assert (code, out) == (6, "")
    assert one_line(err)


def test_a_file_that_is_no_database_exits_6(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear Ada, " * 100)
    code, out, err = ran("demo", "--port", "0", "--db", str(tmp_path / "letter.txt"))
    assert (code, out) == (6, "")
    assert one_line(err)
    assert "file is not a database" in err

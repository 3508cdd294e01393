"""The command line, as a shell sees it: what it prints, on which stream, and how it exits."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import pytest
from websockets.sync.client import connect

from flowws.demo import Deleted, PeopleFilter, Saved
from flowws.websocket import CloseReason
from tests.demo.watched import DemoInThread

posix = pytest.mark.skipif(os.name != "posix", reason="signals and exit codes of a POSIX shell")


@contextmanager
def flowws(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command, running. It is ended with the block if it has not ended before."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flowws.cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "40"},
    )
    with process:
        try:
            yield process
        finally:
            process.terminate()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """The exit code, and what was still to read on standard output and on standard error."""
    out, err = process.communicate()
    return process.returncode, out, err


def ran(*arguments: str) -> tuple[int, str, str]:
    with flowws(*arguments) as process:
        return ended(process)


def one_line(text: str) -> bool:
    return text.startswith("flowws: ") and text.endswith("\n") and text.count("\n") == 1


# The command itself.


def test_version() -> None:
    code, out, err = ran("--version")
    assert (code, err) == (0, "")
    assert out == f"flowws {version('flowws')}\n"


@pytest.mark.parametrize("command", [[], ["demo"], ["tail"]])
def test_help(command: list[str]) -> None:
    code, out, _ = ran(*command, "--help")
    assert code == 0
    assert out.startswith("Usage: ")


@pytest.mark.parametrize(
    "command",
    [
        ["serve"],
        ["demo", "--port", "eighty"],
        ["demo", "--port", "65536"],
        ["tail"],
        ["tail", "ws://127.0.0.1:1/people", "--filter", "births"],
        ["tail", "127.0.0.1:1/people"],
        ["tail", "http://127.0.0.1:1/people"],
        ["tail", "ws://"],
        ["tail", "ws://127.0.0.1:port/people"],
    ],
)
def test_a_command_that_is_not_understood_exits_2(command: list[str]) -> None:
    code, out, err = ran(*command)
    assert (code, out) == (2, "")
    assert "Error: " in err
    assert "Traceback" not in err


def test_importing_the_command_line_loads_no_floor_above_the_flows() -> None:
    code = "import sys, flowws.cli; print(*[m for m in sys.modules if m.startswith(('flowws.', 'rich', 'picows'))])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = ("flowws.websocket", "flowws.demo", "rich", "picows")
    assert [module for module in loaded if module.startswith(heavy)] == []


# flowws demo


def served(process: subprocess.Popen[str]) -> str:
    """The address of the page that the command prints."""
    while not (text := line(process)).lstrip().startswith("page"):
        assert process.poll() is None, ended(process)
    return text.split()[-1]


@posix
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_prints_its_address_and_serves_until_it_is_told_to_stop(tmp_path: Path, stop: signal.Signals) -> None:
    with flowws("demo", "--port", "0", "--db", str(tmp_path / "people.db")) as process:
        feed = served(process).replace("http", "ws") + "people"
        with connect(feed) as one, connect(feed) as two:
            assert json.loads(one.recv())["type"] == json.loads(two.recv())["type"] == "snapshot"
            one.send('{"type": "save", "name": "Ada", "city": "London"}')
            assert json.loads(two.recv())["person"] == {"id": 1, "name": "Ada", "city": "London"}
            process.send_signal(stop)
            code, _, err = ended(process)
            assert (code, err) == (0, "")
            for client in one, two:
                for _ in client:
                    pass
                assert client.close_code == 1001
    with (
        flowws("demo", "--port", "0", "--db", str(tmp_path / "people.db")) as process,
        connect(served(process).replace("http", "ws") + "people") as client,
    ):
        assert [person["name"] for person in json.loads(client.recv())["people"]] == ["Ada"]


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


# flowws tail


@contextmanager
def tail(served: DemoInThread, *options: str) -> Iterator[subprocess.Popen[str]]:
    """The command, following the feed: it has printed the snapshot's first line."""
    with flowws("tail", served.demo.feed, *options) as process:
        if "--json" in options:
            assert json.loads(line(process))["type"] == "snapshot"
        else:
            assert line(process).split()[1:] == ["nobody", "yet,", "showing", "all"]
        yield process


def test_tail_prints_readable_lines(demo_in_thread: DemoInThread) -> None:
    people = demo_in_thread.demo.people
    with tail(demo_in_thread) as process:
        demo_in_thread.run(people.save, "Ada Lovelace", "London")
        demo_in_thread.run(people.save, "Ada", "", 1)
        demo_in_thread.run(people.delete, 1)
        lines = [line(process) for _ in range(3)]
    assert [each.split(maxsplit=1)[1] for each in lines] == ["+ Ada Lovelace, London", "+ Ada", "- Ada"]


def test_tail_prints_json_lines_as_they_come_even_into_a_pipe(demo_in_thread: DemoInThread) -> None:
    people = demo_in_thread.demo.people
    with tail(demo_in_thread, "--json") as process:
        demo_in_thread.run(people.save, "Ada", "London")
        person = {"id": 1, "name": "Ada", "city": "London"}
        assert json.loads(line(process)) == {"type": "saved", "revision": 1, "person": person}
        demo_in_thread.run(people.delete, 1)
        assert json.loads(line(process)) == {"type": "deleted", "revision": 2, "person": person}


def test_tail_asks_the_server_to_filter(demo_in_thread: DemoInThread) -> None:
    people = demo_in_thread.demo.people
    with tail(demo_in_thread, "--json", "--filter", "deletes") as process:
        demo_in_thread.run(people.save, "Ada", "London")
        demo_in_thread.run(people.delete, 1)
        assert json.loads(line(process))["type"] == "deleted"
    (run,) = people.runs
    assert run.wanted is PeopleFilter.DELETES
    assert not [message for message in run.seen if isinstance(message, Saved)]
    assert [message for message in run.seen if isinstance(message, Deleted)]


@posix
@pytest.mark.parametrize(("stop", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_tail_ends_cleanly_on_a_signal(
    demo_in_thread: DemoInThread, stop: signal.Signals, expected: int, options: Sequence[str]
) -> None:
    with tail(demo_in_thread, *options) as process:
        (session,) = demo_in_thread.demo.server.sessions
        process.send_signal(stop)
        assert ended(process) == (expected, "", "")

    async def reason() -> int:
        return (await session.close_reason).code

    assert demo_in_thread.run(reason) == 1001
    demo_in_thread.run(demo_in_thread.demo.all_gone)


@posix
def test_tail_ends_quietly_when_its_reader_is_gone(demo_in_thread: DemoInThread) -> None:
    with tail(demo_in_thread, "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        demo_in_thread.run(demo_in_thread.demo.people.save, "Ada")
        assert process.stderr.read() == ""
        assert process.wait() == 141
    demo_in_thread.run(demo_in_thread.demo.all_gone)


def test_an_address_where_nobody_answers_exits_3() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        code, out, err = ran("tail", f"ws://127.0.0.1:{unused.getsockname()[1]}/people")
    assert (code, out) == (3, "")
    assert one_line(err)
    assert "cannot reach ws://127.0.0.1:" in err


def test_a_name_that_does_not_exist_exits_3() -> None:
    code, out, err = ran("tail", "ws://host.invalid/people")
    assert (code, out) == (3, "")
    assert one_line(err)


def test_a_refused_handshake_exits_4(demo_in_thread: DemoInThread) -> None:
    code, out, err = ran("tail", f"ws://127.0.0.1:{demo_in_thread.demo.server.port}/animals")
    assert (code, out) == (4, "")
    assert one_line(err)
    assert "404" in err


def test_an_answer_that_is_not_http_exits_4() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        flowws("tail", f"ws://127.0.0.1:{server.getsockname()[1]}/people") as process,
    ):
        connection, _ = server.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"220 mail.invalid ESMTP\r\n\r\n")
        code, out, err = ended(process)
    assert (code, out) == (4, "")
    assert one_line(err)


def test_a_server_that_stops_exits_5(demo_in_thread: DemoInThread) -> None:
    with tail(demo_in_thread) as process:
        demo_in_thread.stop()
        code, out, err = ended(process)
    assert (code, out) == (5, "")
    assert one_line(err)
    assert "1001" in err


def test_why_the_server_ended_the_session_is_told_but_cannot_steer_the_terminal(demo_in_thread: DemoInThread) -> None:
    with tail(demo_in_thread) as process:
        (session,) = demo_in_thread.demo.server.sessions
        demo_in_thread.run(session.close, CloseReason(4000, "\x1b[31mfull\nmoon"))
        code, out, err = ended(process)
    assert (code, out) == (5, "")
    assert err == f"flowws: {demo_in_thread.demo.feed} ended the session: 4000 �[31mfull moon\n"


def test_a_lost_connection_exits_5(demo_in_thread: DemoInThread) -> None:
    with tail(demo_in_thread) as process:
        (session,) = demo_in_thread.demo.server.sessions
        demo_in_thread.run(session.cut)
        code, out, err = ended(process)
    assert (code, out) == (5, "")
    assert one_line(err)
    assert "lost" in err


def test_a_session_that_the_server_ends_normally_exits_0(demo_in_thread: DemoInThread) -> None:
    with tail(demo_in_thread) as process:
        (session,) = demo_in_thread.demo.server.sessions
        demo_in_thread.run(session.close)
        assert ended(process) == (0, "", "")

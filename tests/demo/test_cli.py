"""The command line, as a shell sees it: what it prints, on which stream, and how it exits."""

from __future__ import annotations

import json
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

from flowws.websocket import CloseReason
from tests.demo.terminal import ended, flowws, line, one_line, posix, ran, served
from tests.demo.watched import DemoInThread

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
        ["tail", "ws://127.0.0.1:1/people", "--filter", "[1"],
        ["tail", "ws://127.0.0.1:1/people", "--filter", '["near", "person.city", "London"]'],
        ["tail", "ws://127.0.0.1:1/people?filter=saves"],
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


# flowws tail


@contextmanager
def tail(served: DemoInThread, *options: str) -> Iterator[subprocess.Popen[str]]:
    """The command, following the feed: it has printed the snapshot's first line."""
    with flowws("tail", served.demo.feed, *options) as process:
        if "--json" in options:
            assert json.loads(line(process))["snapshot"] == []
        else:
            assert line(process).split()[1:] == ["nothing", "yet"]
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
        first = json.loads(line(process))
        assert first["update"] == {"type": "saved", "revision": 1, "person": person}
        assert first["at"] == str(demo_in_thread.demo.served.position)
        demo_in_thread.run(people.delete, 1)
        assert json.loads(line(process))["update"] == {"type": "deleted", "revision": 2, "person": person}


@pytest.mark.parametrize("wanted", ["deletes", '["and", ["eq", "type", "deleted"], ["eq", "person.city", "London"]]'])
def test_tail_asks_the_server_to_filter(demo_in_thread: DemoInThread, wanted: str) -> None:
    people = demo_in_thread.demo.people
    with tail(demo_in_thread, "--json", "--filter", wanted) as process:
        demo_in_thread.run(people.save, "Ada", "London")
        demo_in_thread.run(people.delete, 1)
        assert json.loads(line(process))["update"]["type"] == "deleted"


@pytest.mark.parametrize("options", [["--filter", "births"], ["--topic", "animals"]])
def test_what_the_server_does_not_have_exits_4(demo_in_thread: DemoInThread, options: list[str]) -> None:
    code, out, err = ran("tail", demo_in_thread.demo.feed, *options)
    assert (code, out) == (4, "")
    assert one_line(err)
    assert " refuses: " in err


def test_a_path_without_a_feed_exits_4(demo_in_thread: DemoInThread) -> None:
    code, out, err = ran("tail", demo_in_thread.demo.commands)
    assert (code, out) == (4, "")
    assert one_line(err)


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


def test_a_connection_that_is_lost_comes_back_and_nothing_is_missing(demo_in_thread: DemoInThread) -> None:
    people = demo_in_thread.demo.people
    with tail(demo_in_thread) as process:
        (session,) = demo_in_thread.demo.server.sessions
        demo_in_thread.run(session.cut)
        demo_in_thread.run(people.save, "Ada")
        assert line(process).split(maxsplit=1)[1].startswith("lost the connection: ")
        assert {line(process).split(maxsplit=1)[1] for _ in range(2)} == {
            "connected again, nothing is missing",
            "+ Ada",
        }


@posix
def test_tail_goes_on_where_it_was_when_the_demo_was_killed_and_is_there_again(tmp_path: Path) -> None:
    served_from = ("demo", "--db", str(tmp_path / "people.db"), "--port")
    with flowws(*served_from, "0") as demo:
        page = served(demo)
        feed, port = page.replace("http", "ws") + "people", page.rstrip("/").rpartition(":")[2]
        with flowws("tail", feed, "--json") as tailing:
            assert json.loads(line(tailing))["snapshot"] == []
            save(feed, "Ada")
            assert json.loads(line(tailing))["update"]["person"]["name"] == "Ada"
            demo.kill()
            demo.wait()
            with flowws(*served_from, port) as again:
                served(again)
                save(feed, "Grace")
                said = [json.loads(line(tailing)) for _ in range(2)]
            assert {"reconnected", "update"} == {next(iter(each)) for each in said}
            assert next(each for each in said if "reconnected" in each)["resumed"] is True
            assert next(each for each in said if "update" in each)["update"]["person"]["name"] == "Grace"


def save(feed: str, name: str) -> None:
    with connect(f"{feed}/commands") as client:
        client.send(json.dumps({"type": "save", "name": name}))
        assert json.loads(client.recv())["type"] == "committed"


def test_a_server_that_stops_exits_5(demo_in_thread: DemoInThread) -> None:
    with tail(demo_in_thread, "--no-reconnect") as process:
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
    with tail(demo_in_thread, "--no-reconnect") as process:
        (session,) = demo_in_thread.demo.server.sessions
        demo_in_thread.run(session.cut)
        code, out, err = ended(process)
    assert (code, out) == (5, "")
    assert one_line(err)
    assert "lost" in err


def test_a_session_that_the_server_ends_normally_exits_0(demo_in_thread: DemoInThread) -> None:
    with tail(demo_in_thread, "--no-reconnect") as process:
        (session,) = demo_in_thread.demo.server.sessions
        demo_in_thread.run(session.close)
        assert ended(process) == (0, "", "")


def test_a_feed_that_ends_exits_0(demo_in_thread: DemoInThread) -> None:
    with tail(demo_in_thread) as process:
        demo_in_thread.run(demo_in_thread.demo.served.close)
        assert ended(process) == (0, "", "")

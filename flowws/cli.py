"""The command line: ``flowws demo`` serves the people feed, ``flowws tail`` prints it.

How a command ended is its exit code, so that a script can tell:

====  ================================================================================================
   0  it ended as asked: ``demo`` was stopped, the feed of ``tail`` has ended
   1  a fault of flowws itself, with a traceback
   2  the command was not understood
   3  ``tail``: nobody answers at the address
   4  ``tail``: the server answers, but refuses, or has no feed there
   5  ``tail``: the feed has failed, or the connection was lost for good
   6  ``demo``: cannot listen at the address, or cannot use the file or the Redis server
 130  ``tail`` was ended by Ctrl-C. Shells expect this code, so that Ctrl-C also ends a loop around it
 141  ``tail``: whoever read its output is gone (``flowws tail ... | head -1``)
 143  ``tail`` was ended by SIGTERM
====  ================================================================================================

What goes wrong is one line on standard error. This module itself is quick to import: a command loads what it needs when
it runs.
"""

from __future__ import annotations

import os
import signal
import sys
from enum import IntEnum
from functools import partial
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import click


class ExitCode(IntEnum):
    """How a command ended. 1 and 2 are Python's and click's."""

    DONE = 0
    UNREACHABLE = 3
    REFUSED = 4
    LOST = 5
    CANNOT_SERVE = 6
    BROKEN_PIPE = 128 + 13


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="flowws", message="flowws %(version)s")
def main() -> None:
    """Reactive streams and WebSockets: a demo, and a look at any feed."""


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0 picks a free one.")
@click.option(
    "--db",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The SQLite file with the people; made if it is missing.  [default: people.db in your data folder]",
)
@click.option("--redis", metavar="URL", help="Tell other processes of updates by this server: redis://localhost.")
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="So many processes at one port; more than one need --redis.",
)
def demo(host: str, port: int, db: Path | None, redis: str | None, workers: int) -> None:
    """Serve the people feed and its page until Ctrl-C."""
    import anyio

    from flowws.brokers import BrokerError
    from flowws.demo import PeopleFileError, default_file, run_workers, serve

    file = db or default_file()
    if workers > 1 and redis is None:
        raise click.UsageError("--workers needs --redis, by which they tell each other of updates")
    try:
        if redis is None:
            anyio.run(serve, host, port, file, partial(_print_addresses, workers))
        else:
            run_workers(host, port, file, partial(_print_addresses, workers), redis=redis, workers=workers)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    except ModuleNotFoundError as error:
        if error.name != "coredis":
            raise
        _fail(ExitCode.CANNOT_SERVE, "--redis needs coredis: pip install 'flowws[redis]'")
    except BrokerError as error:
        _fail(ExitCode.CANNOT_SERVE, f"cannot use the Redis server: {error}")
    except RuntimeError as error:  # a worker's, which has said more
        _fail(ExitCode.CANNOT_SERVE, str(error))
    except KeyboardInterrupt:  # pragma: no cover  # Windows, or a second Ctrl-C while the first is being obeyed
        sys.exit(ExitCode.DONE)
    except PeopleFileError as error:
        _fail(ExitCode.CANNOT_SERVE, f"cannot use {error}")
    except OSError as error:
        _fail(ExitCode.CANNOT_SERVE, f"cannot listen at {host} port {port}: {_why(error)}")


def _checked(context: click.Context, parameter: click.Parameter, url: str) -> str:
    try:
        parts = urlsplit(url)
        if parts.scheme in ("ws", "wss") and parts.hostname and parts.port != 0:
            return url
    except ValueError:  # a port that is no number, half an IPv6 address
        pass
    raise click.BadParameter(f"{url!r} is not like ws://127.0.0.1:8080/people", context, parameter)


def _read_filter(context: click.Context, parameter: click.Parameter, text: str | None) -> str | list[Any] | None:
    """A name, or a filter as it is sent."""
    import json

    try:
        return json.loads(text) if text is not None and text.startswith("[") else text
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is neither a name nor JSON: {error}", context, parameter) from None


@main.command(
    epilog="""\b
Exit codes:
  0    the feed has ended
  3    nobody answers at URL
  4    the server refuses, or has no feed there
  5    the feed has failed, or the connection was lost for good
  130  Ctrl-C, 143 SIGTERM, 141 the reader of the output is gone
"""
)
@click.argument("url", callback=_checked)
@click.option("--topic", default="", help="Which feed, where there are several at URL.")
@click.option(
    "--filter",
    "wanted",
    callback=_read_filter,
    help="""Only these updates: the name of a filter, or one like '["eq", "person.city", "London"]'.""",
)
@click.option("--json", "as_json", is_flag=True, help="One line of JSON for each snapshot, update and gap.")
@click.option("--no-reconnect", is_flag=True, help="End when the connection is lost.")
def tail(url: str, topic: str, wanted: str | list[Any] | None, as_json: bool, no_reconnect: bool) -> None:
    """Print the feed at URL, such as ws://127.0.0.1:8080/people, until Ctrl-C.

    A connection that is lost comes back by itself, and the feed goes on where it was.
    """
    import anyio

    from flowws.demo import JsonLines, PrettyLines, feed_at, follow
    from flowws.feeds import BadMessageError, FeedClosedError, SourceFailedError, SubscriptionRefusedError
    from flowws.websocket import CloseReason, HandshakeError, PingTimeoutError

    try:
        feed = feed_at(url, topic=topic, wanted=wanted, reconnect=not no_reconnect)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    try:
        stopped_by = anyio.run(follow, feed, JsonLines() if as_json else PrettyLines())
    except HandshakeError as error:
        _fail(ExitCode.REFUSED, f"{url} refuses to open a session: {error}")
    except SubscriptionRefusedError as error:
        _fail(ExitCode.REFUSED, f"{url} refuses: {error.problem}")
    except BadMessageError as error:
        _fail(ExitCode.REFUSED, f"{url} has no feed: {error}")
    except SourceFailedError as error:
        _fail(ExitCode.LOST, f"the feed at {url} has failed: {error}")
    except FeedClosedError as error:
        if error.reason.by == "network":
            _fail(ExitCode.LOST, f"the connection to {url} was lost")
        if error.code != CloseReason.Codes.NORMAL:
            _fail(ExitCode.LOST, f"{url} ended the session: {error.code} {error.reason.message}")
        sys.exit(ExitCode.DONE)
    except PingTimeoutError:
        _fail(ExitCode.LOST, f"the connection to {url} was lost: no answer any more")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still to flush at exit goes nowhere
        sys.exit(ExitCode.BROKEN_PIPE)
    except OSError as error:
        _fail(ExitCode.UNREACHABLE, f"cannot reach {url}: {_why(error)}")
    except KeyboardInterrupt:  # pragma: no cover  # Windows: elsewhere the loop waits for it
        sys.exit(128 + signal.SIGINT)
    if stopped_by is not None:
        sys.exit(128 + stopped_by)


def _print_addresses(workers: int, host: str, port: int, file: Path) -> None:
    from rich.console import Console

    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    console = Console(highlight=False, soft_wrap=True, markup=False)
    for name, value in ("page", f"http://{address}/"), ("feed", f"ws://{address}/people"), ("people", str(file)):
        console.print(f"  {name:<8}", end="", style="dim")
        console.print(value, style="bold")
    by = "" if workers == 1 else f" {workers} processes serve it."
    console.print(f"  Ctrl-C stops it.{by}", style="dim")


def _fail(code: ExitCode, problem: str) -> NoReturn:
    line = " ".join(problem.split())
    click.echo(f"flowws: {''.join(sign if sign.isprintable() else '�' for sign in line)}", err=True)
    sys.exit(code)


def _why(error: OSError) -> str:
    return error.strerror or str(error) or ("no answer in time" if isinstance(error, TimeoutError) else repr(error))


if __name__ == "__main__":
    main()

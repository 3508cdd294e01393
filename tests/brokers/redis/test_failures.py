"""What an error of the client means."""

from __future__ import annotations

import pytest
from coredis import exceptions
from coredis.parser import Parser

from flowws.brokers import BrokerRefusedError, BrokerUnavailableError
from flowws.brokers.redis._failures import LinkLostError, NotNowError, ScriptMissingError, judged

IN_A_SCRIPT = "ERR Error running script (call to f_1): @user_script:12: "  # as servers before version 7 say it


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("NOSCRIPT No matching script. Please use EVAL.", ScriptMissingError),
        ("LOADING Redis is loading the dataset in memory", LinkLostError),
        ("MASTERDOWN Link with MASTER is down", LinkLostError),
        ("READONLY You can't write against a read only replica.", LinkLostError),
        (IN_A_SCRIPT + "-READONLY You can't write against a read only replica.", LinkLostError),
        ("UNBLOCKED force unblock from blocking operation", LinkLostError),
        ("ERR max number of clients reached", LinkLostError),
        ("OOM command not allowed when used memory > 'maxmemory'.", NotNowError),
        (IN_A_SCRIPT + "-OOM command not allowed when used memory > 'maxmemory'.", NotNowError),
        ("NOREPLICAS Not enough good replicas to write.", NotNowError),
        ("MISCONF Redis is configured to save RDB snapshots, but", NotNowError),
        ("BUSY Redis is busy running a script.", NotNowError),
        ("TRYAGAIN Multiple keys request during rehashing of slot", NotNowError),
        ("CLUSTERDOWN The cluster is down", NotNowError),
        ("WRONGTYPE Operation against a key holding the wrong kind of value", BrokerRefusedError),
        (IN_A_SCRIPT + "WRONGTYPE Operation against a key holding the wrong kind of value", BrokerRefusedError),
        ("NOAUTH Authentication required.", BrokerRefusedError),
        ("WRONGPASS invalid username-password pair or user is disabled.", BrokerRefusedError),
        ("NOPERM User default has no permissions to run the 'xread' command", BrokerRefusedError),
        ("MOVED 3999 127.0.0.1:6381", BrokerRefusedError),
        ("ERR unknown command 'HELLO'", BrokerRefusedError),
        ("DENIED Redis is running in protected mode", BrokerRefusedError),
    ],
)
def test_an_answer_of_the_server(said: str, kind: type[Exception]):
    error = Parser().parse_error(said)
    failure = judged(error, "EVALSHA")
    assert type(failure) is kind
    assert str(failure).startswith("EVALSHA: ")
    assert failure.__cause__ is error


def test_what_a_refusal_is_about_is_said():
    assert "part of a cluster" in str(judged(Parser().parse_error("MOVED 3999 127.0.0.1:6381"), "XREAD"))
    for said in (IN_A_SCRIPT + "WRONGTYPE Operation", "WRONGTYPE Operation"):
        assert "a key of this topic is something else" in str(judged(Parser().parse_error(said), "EVALSHA"))


@pytest.mark.parametrize("error", [OSError("no route"), TimeoutError("late"), exceptions.ConnectionError("lost")])
def test_a_connection_that_is_lost(error: Exception):
    assert type(judged(error, "XREAD")) is LinkLostError


def test_all_that_may_pass_is_unavailability():
    assert issubclass(LinkLostError, BrokerUnavailableError)
    assert issubclass(NotNowError, BrokerUnavailableError)
    assert issubclass(ScriptMissingError, BrokerUnavailableError)


def test_a_fault_of_ours_is_raised_as_it_is():
    with pytest.raises(ZeroDivisionError):
        judged(ZeroDivisionError(), "EVALSHA")


def test_the_cause_is_told():
    error = exceptions.ConnectionError("Unable to establish a connection")
    error.__cause__ = OSError("certificate verify failed")
    assert str(judged(error, "connecting")) == "connecting: Unable to establish a connection: certificate verify failed"

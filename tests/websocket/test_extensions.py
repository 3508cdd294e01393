"""Extensions without a session: what a configuration takes, and what two peers agree on."""

from __future__ import annotations

import re

import pytest

from flowws.websocket import (
    Frame,
    LocalExtension,
    PerMessageDeflate,
    WebSocketExtension,
    WebSocketExtensionFactory,
    WebSockets,
)
from flowws.websocket.extensions import accept, agreed, checked, offer


class Named(WebSocketExtension):
    def __init__(self, name, parameters):
        self.name = name
        self.parameters = parameters


class Speed(WebSocketExtensionFactory):
    """Takes what its `known` parameters are, and repeats them."""

    def __init__(self, name="superspeed", rsv=0, offered=((),), known=("depth", "colormode")):
        self.name, self.rsv, self._offered, self._known = name, rsv, offered, known

    def offers(self):
        return self._offered

    def accept(self, offered):
        return self.agree(offered), offered

    def agree(self, chosen):
        if unknown := [name for name, _ in chosen if name not in self._known]:
            raise ValueError(f"no {unknown[0]} here")
        return Named(self.name, list(chosen))


def names(extensions):
    return [each.name for each in extensions]


# The configuration


def test_n7_two_factories_that_need_the_same_bit():
    """N7: the check is real, for every bit"""
    for bit, name in ((4, "RSV1"), (2, "RSV2"), (1, "RSV3")):
        with pytest.raises(ValueError, match=rf"first and second cannot be used together: both need {name}$"):
            WebSockets(extensions=[Speed("first", bit), Speed("second", 4 | bit)])
    with pytest.raises(ValueError, match="other and permessage-deflate cannot be used together: both need RSV1"):
        WebSockets(extensions=[Speed("other", 4), Speed("harmless", 3), PerMessageDeflate()])
    assert len(WebSockets(extensions=[Speed("a", 4), Speed("b", 2), Speed("c", 1), Speed("d")]).extensions) == 4


@pytest.mark.parametrize(
    ("extensions", "error", "message"),
    [
        ([PerMessageDeflate(), PerMessageDeflate(level=1)], ValueError, "permessage-deflate can be given once only"),
        ([PerMessageDeflate], TypeError, "extensions takes factories, such as PerMessageDeflate(), not <class"),
        (PerMessageDeflate(), TypeError, "extensions is a list, such as [PerMessageDeflate()], not PerMessageDeflate("),
        ("permessage-deflate", TypeError, "extensions takes factories, such as PerMessageDeflate(), not 'p'"),
        ([Speed("two words")], ValueError, "the name of an extension is one token, not 'two words'"),
        ([Speed("a, b")], ValueError, "the name of an extension is one token, not 'a, b'"),
        ([Speed("")], ValueError, "the name of an extension is one token, not ''"),
        ([Speed("fast", 8)], ValueError, "the reserved bits are 4, 2 and 1, fast cannot use 8"),
    ],
)
def test_what_a_configuration_does_not_take(extensions, error, message):
    with pytest.raises(error, match=re.escape(message)):
        WebSockets(extensions=extensions)


def test_a_configuration_keeps_its_extensions_whatever_becomes_of_the_list():
    given = [Speed()]
    config = WebSockets(extensions=given)
    given.clear()
    assert len(config.extensions) == 1
    assert WebSockets().extensions == ()


def test_a_local_extension_is_made_by_a_function():
    with pytest.raises(TypeError, match="made by a function without arguments, not by"):
        LocalExtension(WebSocketExtension())  # type: ignore[arg-type]  # what the test is about
    local = LocalExtension(WebSocketExtension)
    assert repr(local) == "LocalExtension(WebSocketExtension)"
    for ask in (local.accept, local.agree):
        with pytest.raises(ValueError, match="not for the wire"):
            ask([])


def test_an_extension_that_changes_nothing():
    extension = WebSocketExtension()
    frame = Frame.Text("hello")
    assert extension.transform_out(frame) is frame
    assert extension.transform_in(frame) is frame
    assert (extension.name, extension.rsv, extension.may_skip) == ("", 0, False)


# What a client offers


def test_n2_the_offer():
    """N2: items are joined by a comma, and with nothing to offer there is no header"""
    assert offer([]) is None
    assert offer([LocalExtension(WebSocketExtension), Speed(offered=())]) is None
    assert offer([Speed(), Speed("color", offered=([("depth", "16")], [("mode", None)]))]) == (
        "superspeed, color; depth=16, color; mode"
    )


# What a server accepts


def test_n8_parameters_are_read():
    """N8, quoted values included (RFC 6455, section 9.1)"""
    factories = [Speed(), Speed("color")]
    extensions, answer = accept(factories, ['color; depth="16";colormode , nobody; x=1', "superspeed"])
    assert [vars(each) for each in extensions] == [
        {"name": "superspeed", "parameters": []},
        {"name": "color", "parameters": [("depth", "16"), ("colormode", None)]},
    ]
    assert answer == "superspeed, color; depth=16; colormode"


def test_n4_a_server_takes_what_it_can():
    """N4: what it cannot take is declined, the next offer of that name is tried, and the order is the server's"""
    assert accept([Speed()], []) == ((), None)
    assert accept([Speed()], ["other"]) == ((), None)
    assert accept([Speed()], ["superspeed; warp=9"]) == ((), None)
    extensions, answer = accept([Speed()], ["superspeed; warp=9, superspeed; depth=1, superspeed"])
    assert (names(extensions), answer) == (["superspeed"], "superspeed; depth=1")
    extensions, answer = accept([Speed("b"), Speed("a")], ["a, b"])
    assert (names(extensions), answer) == (["b", "a"], "b, a")


def test_a_local_extension_is_always_there_and_never_named():
    local = LocalExtension(WebSocketExtension)
    factories = [Speed("a"), local, Speed("b")]
    extensions, answer = accept(factories, ["b"])
    assert (names(extensions), answer) == (["", "b"], "b")
    extensions, answer = accept(factories, [])
    assert (names(extensions), answer) == ([""], None)
    assert accept([local], [])[0] != accept([local], [])[0], "one for each connection"


@pytest.mark.parametrize("lines", [["a;"], ["a; =1"], ["a b"], [""], ["a", 'b; c="d'], ['a; b="two words"']])
def test_lines_that_cannot_be_read(lines):
    """RFC 6455, section 9.1: whoever gets them fails the handshake"""
    for read in (accept, agreed):
        for factories in ([], [Speed("a")]):
            with pytest.raises(ValueError, match="a list of extensions that cannot be read"):
                read(factories, lines)


# What a client agrees to


def test_n3_a_client_takes_what_the_server_chose():
    """N3, in the order of the server's answer (RFC 6455, section 9.1); a local extension keeps its place"""
    factories = [Speed("a"), LocalExtension(WebSocketExtension), Speed("b"), Speed("c")]
    assert names(agreed(factories, ["c; depth=1", "a"])) == ["c", "", "a"]
    assert names(agreed(factories, [])) == [""]
    assert names(agreed(checked(factories), ["b"])) == ["", "b"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("b", "the server chose the extension 'b', which was not offered"),
        ("quiet", "the server chose the extension 'quiet', which was not offered"),
        ("a, a", "the server chose the extension 'a' twice"),
        ("a; warp=9", "the server chose the extension 'a; warp=9': no warp here"),
    ],
)
def test_what_was_not_offered_fails_the_handshake(line, problem):
    with pytest.raises(ValueError, match=f"^{re.escape(problem)}$"):
        agreed([Speed("a"), Speed("quiet", offered=())], [line])

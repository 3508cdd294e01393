"""What every converter does, one of the user's own included, and what a session makes of it."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest

from flowws.websocket import (
    ContentConverter,
    ContentConvertError,
    ContentMismatchError,
    ConverterNotFoundError,
    DeserializeError,
    Frame,
    FrameNotApplicableError,
    JsonConverter,
    MalformedContentError,
    MsgspecConverter,
    PydanticConverter,
    SerializeError,
    WebSockets,
)
from flowws.websocket.converters import read


class Csv:
    """A converter of the user's own: a row in a text"""

    def serialize(self, value: object) -> Frame:
        if not isinstance(value, list):
            raise SerializeError(f"a row is a list, not {value!r}")
        return Frame.Text(",".join(map(str, value)))

    def deserialize(self, frame: Frame, kind: Any) -> Any:
        return [kind(each) for each in frame.data.decode().split(",")]

    def is_applicable(self, frame: Frame) -> bool:
        return isinstance(frame, Frame.Text)

    def __repr__(self) -> str:
        return "Csv()"


ALL = [JsonConverter(), MsgspecConverter(), MsgspecConverter("msgpack"), PydanticConverter(), Csv()]


@pytest.mark.parametrize("converter", ALL, ids=repr)
def test_p6_the_protocol(converter):
    """P6"""
    assert isinstance(converter, ContentConverter)
    assert WebSockets(content_converter=converter).content_converter is converter
    assert converter.is_applicable(converter.serialize([1, 2]))
    assert not converter.is_applicable(Frame.Ping(b""))


@pytest.mark.parametrize("wrong", [JsonConverter, object(), "json", str.upper])
def test_what_is_no_converter(wrong):
    with pytest.raises(TypeError, match=f"content_converter is a converter.*, not {re.escape(repr(wrong))}"):
        WebSockets(content_converter=wrong)


@pytest.mark.parametrize("converter", ALL[:4], ids=repr)
def test_p4_nothing_comes_back_only_where_it_is_allowed(converter):
    """P4, W118: null has a place in an Optional type, and nowhere else"""
    nothing = converter.serialize(None)
    assert converter.deserialize(nothing, None) is None
    assert converter.deserialize(nothing, int | None) is None
    with pytest.raises(ContentMismatchError) as caught:
        converter.deserialize(nothing, int)
    assert caught.value.frame == nothing


def test_w119_a_frame_of_the_wrong_kind():
    """W119, P3: the error carries the frame"""
    with pytest.raises(FrameNotApplicableError, match=r"Csv\(\) does not read frames like <Frame.Binary") as caught:
        read(Csv(), Frame.Binary(b"1"), int)
    assert caught.value.frame == Frame.Binary(b"1")
    assert isinstance(caught.value, (DeserializeError, ContentConvertError))


def test_whatever_a_converter_raises_is_about_the_message():
    """P9: a parser of the user's own need not know of our errors"""
    assert read(Csv(), Frame.Text("1,2"), int) == [1, 2]
    with pytest.raises(DeserializeError, match=r"ValueError.*invalid literal") as caught:
        read(Csv(), Frame.Text("1,x"), int)
    assert isinstance(caught.value.__cause__, ValueError)
    assert caught.value.frame == Frame.Text("1,x")


@pytest.mark.parametrize(
    ("package", "make", "message"),
    [
        ("msgspec", MsgspecConverter, "MsgspecConverter needs the package msgspec, which comes with flowws[msgspec]"),
        ("pydantic", PydanticConverter, "PydanticConverter needs the package pydantic, which comes with flowws[pydan"),
    ],
)
def test_a_package_that_is_missing(package, make, message, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=re.escape(message)) as caught:
        make()
    assert caught.value.name == package


# Charsets


def test_p10_a_charset_of_binary_messages():
    """P10: texts are UTF-8, RFC 6455 says so; what is binary may be in anything"""
    converter = JsonConverter(charset="utf-16")
    frame = converter.serialize(["ä€"])
    assert isinstance(frame, Frame.Binary)
    assert frame.data.decode("utf-16") == '["ä€"]'
    assert converter.deserialize(frame, list[str]) == ["ä€"]
    assert converter.deserialize(Frame.Text('["ä€"]'), list[str]) == ["ä€"]
    with pytest.raises(MalformedContentError, match=r"this is not JSON: .*truncated") as caught:
        converter.deserialize(Frame.Binary(b"\xff\xfea"), list[str])
    assert caught.value.frame.data == b"\xff\xfea"
    with pytest.raises(SerializeError, match="'ascii' codec can't encode"):
        JsonConverter(charset="ascii").serialize("ä")
    assert isinstance(JsonConverter(charset="UTF8").serialize("ä"), Frame.Text)
    with pytest.raises(ValueError, match="there is no charset 'klingon'"):
        JsonConverter(charset="klingon")


# In a session


async def test_w119_the_session_lives_on(house):
    """W118, W119, P2: each failure is a typed error that carries its frame, and the next message is read"""
    failures: list[DeserializeError] = []

    async def handler(session):
        while len(failures) < 3:
            try:
                await session.send_serialized(await session.receive_deserialized(list[int]))
            except DeserializeError as error:
                failures.append(error)
        await session.send_serialized("done")

    server = await house.serve(handler, WebSockets(content_converter=MsgspecConverter("msgpack")))
    peer = await house.open(server.port)
    for opcode, payload in ((1, b"[1]"), (2, b"\xc1"), (2, b"\x01"), (2, b"\x91\x01")):
        await peer.send(opcode, payload)
    assert await peer.next() == (2, b"\xa4done")
    assert [(type(each), each.frame) for each in failures] == [
        (FrameNotApplicableError, Frame.Text("[1]")),
        (MalformedContentError, Frame.Binary(b"\xc1")),
        (ContentMismatchError, Frame.Binary(b"\x01")),
    ]


async def test_p11_the_converter_of_a_session(house):
    """P7, P11: used by hand, on a flow of frames"""
    converter = JsonConverter()

    async def handler(session):
        assert session.converter is converter
        numbers = session.incoming.receive_as_flow().map(lambda frame: converter.deserialize(frame, int))
        async for number in numbers:
            await session.send_serialized(number + 1)

    server = await house.serve(handler, WebSockets(content_converter=converter))
    peer = await house.open(server.port)
    await peer.send(1, b"41")
    assert await peer.next() == (1, b"42")


async def test_w117_no_converter(house):
    """W117, P1, P11"""

    async def handler(session):
        with pytest.raises(ConverterNotFoundError):
            _ = session.converter
        await session.send("fine")

    server = await house.serve(handler, WebSockets(content_converter=None))
    peer = await house.open(server.port)
    assert await peer.next() == (1, b"fine")


def test_a_package_is_loaded_with_the_first_converter_that_needs_it():
    """Whoever speaks JSON pays for neither"""
    code = "import sys, flowws.websocket; print({'msgspec', 'pydantic', 'pydantic_core'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"

"""`choose`: which engine carries the sessions."""

from __future__ import annotations

import sys

import pytest

from flowws.websocket.engines._choice import choose


@pytest.fixture(scope="module", params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


async def test_the_loop_decides(anyio_backend_name):
    assert choose().name == ("picows" if anyio_backend_name == "asyncio" else "sansio")


async def test_by_name(anyio_backend_name):
    assert choose("sansio").name == "sansio"
    if anyio_backend_name == "asyncio":
        assert choose("picows").name == "picows"
    else:
        with pytest.raises(ValueError, match="engine='picows' needs asyncio, and this is trio"):
            choose("picows")


@pytest.mark.parametrize("name", ["", "Picows", "asgi", 3])
async def test_a_name_that_is_none(name):
    with pytest.raises(ValueError, match=r"engine must be one of \('picows', 'sansio'\), or None.*not"):
        choose(name)


async def test_without_picows_sansio_takes_its_place(monkeypatch):
    import flowws.websocket.engines as engines

    monkeypatch.delattr(engines, "_picows", raising=False)
    monkeypatch.setitem(sys.modules, "flowws.websocket.engines._picows", None)
    assert choose().name == "sansio"


def test_without_a_loop_there_is_nothing_to_choose():
    with pytest.raises(RuntimeError, match="no event loop"):
        choose()

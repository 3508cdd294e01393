from __future__ import annotations

import anyio
import pytest

from flowws.websocket import WebSocketClient, WebSockets, WebSocketServer


async def reading(session):
    async for _ in session.incoming:
        pass


async def test_w77_w78_stop_says_1001_to_all_and_lets_finally_run(raw):
    """W77, W78"""
    ended = []
    app = WebSocketServer()

    @app.websocket("/reads")
    async def reads(session):
        try:
            await reading(session)
        finally:
            ended.append("reads")

    @app.websocket("/sleeps")
    async def sleeps(session):
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("sleeps")

    async with anyio.create_task_group() as tasks, app.serve("127.0.0.1", 0) as server:
        peers = []
        for path in ("/reads", "/sleeps", "/reads"):
            peer = raw(await anyio.connect_tcp("127.0.0.1", server.port))
            await peer.request(path, peer.handshake())
            peers.append(peer)

        async def see_it_end(peer):
            assert await peer.next_close() == (1001, "")
            await peer.say_close(1001)
            assert not await peer.read_to_end()
            await peer.hang_up()

        for peer in peers:
            tasks.start_soon(see_it_end, peer)
    assert sorted(ended) == ["reads", "reads", "sleeps"]
    assert not server.sessions
    assert repr(server) == "<Serving stopped, 0 sessions>"


async def test_w78_after_the_grace_what_is_left_is_cut(raw):
    """W78"""
    ended = []
    stays = anyio.Event()
    app = WebSocketServer()

    @app.websocket("/")
    async def stubborn(session):
        await session.incoming.receive()
        stays.set()
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(True)

    async with app.serve("127.0.0.1", 0, grace=0.01) as server:
        peer = raw(await anyio.connect_tcp("127.0.0.1", server.port))
        await peer.request("/", peer.handshake())
        await peer.send(1, b"x")
        with anyio.fail_after(5):
            await stays.wait()
    assert ended == [True]
    assert not server.sessions
    assert await peer.next_close() == (1001, "")
    assert not await peer.read_to_end()
    await peer.hang_up()


async def test_stop_ends_connections_without_a_session_too(raw):
    app = WebSocketServer()
    async with app.serve("127.0.0.1", 0) as server:
        silent = raw(await anyio.connect_tcp("127.0.0.1", server.port))
        slow = raw(await anyio.connect_tcp("127.0.0.1", server.port))
        await slow.write(b"GET / HTTP/1.1\r\n")
        done = raw(await anyio.connect_tcp("127.0.0.1", server.port))
        await done.request("/healthz", {"Host": "x"})
        port = server.port
    for peer in (silent, slow):
        assert not await peer.read_to_end()
        await peer.hang_up()
    await done.hang_up()
    with pytest.raises(OSError, match=r"refused|failed"):
        await anyio.connect_tcp("127.0.0.1", port)


async def test_the_address_is_taken():
    app = WebSocketServer()
    async with app.serve("127.0.0.1", 0) as server:
        with pytest.raises(OSError):  # noqa: PT011  # its words are the system's
            async with app.serve("127.0.0.1", server.port):
                pass


async def test_no_trace_is_left_of_sessions_however_they_end(house):
    """Counts sessions and jobs after each kind of end; tasks are counted after each test anyway."""

    async def handler(session):
        session.launch(anyio.sleep_forever)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(reading, session)

    server = await house.serve(handler, WebSockets(ping_interval=10))
    for end in ("reset", "hang_up", "say_close"):
        for _ in range(5):
            peer = await house.open(server.port)
            await peer.send(1, b"x")
            await getattr(peer, end)()
        with anyio.fail_after(5):
            while server.sessions:
                await anyio.lowlevel.checkpoint()
        assert not list(server._reception._scope.job.children)


async def test_a_session_is_forgotten_when_it_is_over(house):
    import gc
    import weakref

    seen = []

    async def handler(session):
        seen.append(weakref.ref(session))
        await reading(session)

    server = await house.serve(handler)
    peer = await house.open(server.port)
    await peer.send(1, b"x")
    await peer.say_close()
    await peer.read_to_end()
    while server.sessions:
        await anyio.lowlevel.checkpoint()
    await anyio.lowlevel.checkpoint()
    gc.collect()
    assert seen[0]() is None


async def test_w18_a_hundred_parallel_sessions(house, engine):
    """W18"""

    async def echo(session):
        async for frame in session.incoming:
            await session.send(frame)

    server = await house.serve(echo)
    done = []

    async def one(number):
        async with WebSocketClient(engine=engine).websocket(f"ws://127.0.0.1:{server.port}/") as session:
            await session.send(str(number))
            done.append((await session.incoming.receive()).data.decode())

    async with anyio.create_task_group() as tasks:
        for number in range(100):
            tasks.start_soon(one, number)
    assert sorted(map(int, done)) == list(range(100))
    while server.sessions:
        await anyio.lowlevel.checkpoint()


async def test_w14_w15_what_the_call_says(house):
    """W14, W15"""
    calls = []

    async def handler(session):
        calls.append(session.call)
        await session.send(repr(session))

    server = await house.serve(handler, path="/rooms/{room}/{seat}")
    peer = await house.open(
        server.port,
        "/rooms/blue%20room/7?q=1&q=2&name=J%C3%BCrgen&empty=",
        Cookie="theme=dark; id=42",
        X_Name="caf\xe9",
    )
    assert await peer.next() == (1, b"<WebSocketServerSession /rooms/blue room/7 open>")
    (call,) = calls
    assert call.path == "/rooms/blue room/7"
    assert call.path_parameters == {"room": "blue room", "seat": "7"}
    assert call.query_parameters == {"q": "2", "name": "Jürgen", "empty": ""}
    assert call.query_parameters.get_all("q") == ["1", "2"]
    assert call.cookies == {"theme": "dark", "id": "42"}
    assert call.headers["x-NAME"] == "café"
    assert call.client_address[0] == "127.0.0.1"
    assert (call.scheme, call.subprotocol) == ("ws", None)


async def test_an_odd_cookie_does_not_hide_the_others(house):
    calls = []

    async def handler(session):
        calls.append(session.call)

    server = await house.serve(handler)
    for cookie in ('a=1; {"odd": 2}; b="x y"; =; c', None):
        peer = await house.open(server.port, Cookie=cookie)
        await peer.next_close()
        await peer.say_close()
    assert [calls[0].cookies[name] for name in "ab"] == ["1", "x y"]
    assert not calls[1].cookies

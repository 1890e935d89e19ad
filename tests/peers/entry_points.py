"""Every way of an unmodified client to make a call or read a stream."""

import asyncio
import threading

from gunicorn import dirty
from gunicorn.dirty.client import close_dirty_client_async

from checks import APP, SOCKET, client, run


def check_execute():
    with client() as c:
        assert c.execute(APP, "fib", 20) == 6765
        assert c.execute(APP, "sleep", 0) is None


def check_arguments_by_position_and_by_name():
    with client() as c:
        echoed = c.execute(APP, "echo", 1, "two", [3], key={"deep": None})
        assert echoed == {"args": [1, "two", [3]], "kwargs": {"key": {"deep": None}}}
        assert c.execute(APP, "fib", n=10) == 55


def check_stream():
    with client() as c:
        assert list(c.stream(APP, "count", 5)) == [0, 1, 2, 3, 4]
        assert list(c.stream(APP, "count", 0)) == []
        assert list(c.stream(APP, "count", n=3, delay_ms=20)) == [0, 1, 2]
        assert c.execute(APP, "fib", 10) == 55


def check_many_calls_on_one_connection():
    with client() as c:
        before = c._sock
        for number in range(500):
            assert c.execute(APP, "echo", number)["args"] == [number]
        assert c._sock is before


async def check_execute_async():
    async with client() as c:
        assert await c.execute_async(APP, "fib", 20) == 6765
        assert await c.execute_async(APP, "echo", 1, k=2) == {"args": [1], "kwargs": {"k": 2}}


async def check_stream_async():
    async with client() as c:
        assert [chunk async for chunk in c.stream_async(APP, "count", 5)] == [0, 1, 2, 3, 4]
        assert [chunk async for chunk in c.stream_async(APP, "count", 0)] == []
        assert await c.execute_async(APP, "fib", 10) == 55


def check_get_dirty_client():
    c = dirty.get_dirty_client()
    assert c is dirty.get_dirty_client()
    assert c.socket_path == SOCKET
    assert c.execute(APP, "fib", 10) == 55
    others = []
    thread = threading.Thread(target=lambda: others.append(dirty.get_dirty_client()))
    thread.start()
    thread.join()
    assert others[0] is not c
    dirty.close_dirty_client()


async def check_get_dirty_client_async():
    c = await dirty.get_dirty_client_async()
    assert c is await dirty.get_dirty_client_async()
    assert c.socket_path == SOCKET
    assert await c.execute_async(APP, "fib", 10) == 55
    assert [chunk async for chunk in c.stream_async(APP, "count", 2)] == [0, 1]
    await close_dirty_client_async()


async def check_get_dirty_client_async_in_tasks():
    async def one(number):
        c = await dirty.get_dirty_client_async()
        assert (await c.execute_async(APP, "echo", number))["args"] == [number]
        await close_dirty_client_async()

    await asyncio.gather(*(one(number) for number in range(16)))


run(globals())

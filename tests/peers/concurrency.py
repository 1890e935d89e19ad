"""64 clients at once, as threads and as tasks; each sees its own replies only."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from checks import APP, client, run

CLIENTS = 64
CALLS = 25


def check_threads_execute():
    def one(number):
        with client() as c:
            for call in range(CALLS):
                assert c.execute(APP, "echo", number, call)["args"] == [number, call]
        return number

    with ThreadPoolExecutor(CLIENTS) as pool:
        assert sorted(pool.map(one, range(CLIENTS))) == list(range(CLIENTS))


def check_threads_stream():
    def one(number):
        with client() as c:
            return list(c.stream(APP, "count", number)) == list(range(number))

    with ThreadPoolExecutor(CLIENTS) as pool:
        assert all(pool.map(one, range(CLIENTS)))


async def check_tasks_execute():
    async def one(number):
        async with client() as c:
            for call in range(CALLS):
                echoed = await c.execute_async(APP, "echo", number, call)
                assert echoed["args"] == [number, call]

    await asyncio.gather(*(one(number) for number in range(CLIENTS)))


async def check_tasks_stream():
    async def one(number):
        async with client() as c:
            chunks = [chunk async for chunk in c.stream_async(APP, "count", number)]
            assert chunks == list(range(number))

    await asyncio.gather(*(one(number) for number in range(CLIENTS)))


run(globals())

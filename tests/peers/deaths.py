"""Workers that are killed, hang or trap while they serve an unmodified client.

The host serves `demo`, two workers with a timeout of two seconds.
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from gunicorn.dirty.errors import DirtyAppError, DirtyTimeoutError, DirtyWorkerError

from checks import (
    APP,
    client,
    kill_the_busy_worker,
    raises,
    raises_async,
    run,
    wait_for,
    workers,
)

TIMEOUT = 2.0


def works_again(c):
    assert c.execute(APP, "fib", 10) == 55
    wait_for("two workers", lambda: len(workers("ready")) == 2)


def check_kill_in_a_call():
    with client() as c, ThreadPoolExecutor() as pool:
        call = pool.submit(c.execute, APP, "sleep", 1.5)
        killed = kill_the_busy_worker()
        raises(DirtyWorkerError, call.result)
        works_again(c)
        assert killed not in workers("ready")


def check_kill_in_a_stream():
    with client() as c:
        stream = c.stream(APP, "count", 100, delay_ms=500)
        assert next(stream) == 0
        kill_the_busy_worker()
        raises(DirtyWorkerError, lambda: list(stream))
        works_again(c)


async def check_kill_in_a_call_async():
    async with client() as c:
        call = asyncio.create_task(c.execute_async(APP, "sleep", 1.5))
        await asyncio.to_thread(kill_the_busy_worker)
        await raises_async(DirtyWorkerError, call)
        assert await c.execute_async(APP, "fib", 10) == 55


async def check_kill_in_a_stream_async():
    async with client() as c:
        stream = c.stream_async(APP, "count", 100, delay_ms=500)
        assert await anext(stream) == 0
        await asyncio.to_thread(kill_the_busy_worker)

        async def rest():
            return [chunk async for chunk in stream]

        await raises_async(DirtyWorkerError, rest())
        assert await c.execute_async(APP, "fib", 10) == 55


def check_hang():
    with client() as c:
        asked = time.monotonic()
        error = raises(DirtyTimeoutError, c.execute, APP, "hang")
        took = time.monotonic() - asked
        assert error.timeout == TIMEOUT
        assert TIMEOUT <= took < 10 * TIMEOUT, took
        works_again(c)


def check_trap():
    with client() as c:
        error = raises(DirtyAppError, c.execute, APP, "trap")
        assert "the demo's trap was called" in error.message, error.message
        works_again(c)


def check_trap_in_a_stream_call():
    with client() as c:
        raises(DirtyAppError, lambda: list(c.stream(APP, "trap")))
        works_again(c)


def check_all_workers_hang_at_once():
    def hang(_):
        with client() as c:
            return raises(DirtyTimeoutError, c.execute, APP, "hang")

    with ThreadPoolExecutor() as pool:
        assert len(list(pool.map(hang, range(4)))) == 4
    with client() as c:
        works_again(c)


run(globals())

"""A client that gives up on a call or stream and goes on with the same connection.

gunicorn's client keeps its connection after a stream that it abandoned, and takes whatever frame
comes next for the reply to its next request.
"""

from gunicorn.dirty.client import DirtyStreamIterator
from gunicorn.dirty.errors import DirtyTimeoutError

from checks import APP, client, raises, run


def check_call_after_an_abandoned_stream():
    with client() as c:
        stream = c.stream(APP, "count", 2, delay_ms=60_000)
        assert next(stream) == 0
        connection = c._sock
        for number in range(20):
            assert c.execute(APP, "echo", number)["args"] == [number]
        assert c._sock is connection, "the client has kept its connection"


def check_stream_after_an_abandoned_stream():
    with client() as c:
        stream = c.stream(APP, "count", 2, delay_ms=60_000)
        assert next(stream) == 0
        for _ in range(5):
            assert list(c.stream(APP, "count", 10)) == list(range(10))


def check_call_after_a_stream_that_timed_out_in_the_client():
    with client() as c:
        stream = DirtyStreamIterator(c, APP, "count", (3, 3000), {}, idle_timeout=0.5)
        c.timeout = 2.0
        assert next(stream) == 0
        raises(DirtyTimeoutError, next, stream)
        if c._sock is not None:
            c._sock.settimeout(60)
        for number in range(5):
            assert c.execute(APP, "echo", number)["args"] == [number]


async def check_call_after_an_abandoned_stream_async():
    async with client() as c:
        stream = c.stream_async(APP, "count", 2, delay_ms=60_000)
        assert await anext(stream) == 0
        connection = c._writer
        for number in range(20):
            assert (await c.execute_async(APP, "echo", number))["args"] == [number]
        assert c._writer is connection, "the client has kept its connection"


async def check_stream_after_an_abandoned_stream_async():
    async with client() as c:
        stream = c.stream_async(APP, "count", 2, delay_ms=60_000)
        assert await anext(stream) == 0
        for _ in range(5):
            chunks = [chunk async for chunk in c.stream_async(APP, "count", 10)]
            assert chunks == list(range(10))


run(globals())

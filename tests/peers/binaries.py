"""Bytes and objects that look like escapes, with the client of the binary dialect."""

import os

from gunicorn.dirty.errors import DirtyAppError

from checks import APP, client, echo, raises, run

MIB = 1 << 20


def check_bytes_through_the_app():
    with client(timeout=300) as c:
        for size in [0, 1, 1000, MIB, 16 * MIB]:
            data = os.urandom(size)
            assert c.execute(APP, "reverse", data) == data[::-1], size
            assert c.execute(APP, "reverse", data=data) == data[::-1], size


def check_bytes_that_the_app_passes_on():
    with client(timeout=300) as c:
        for size in [0, 1, MIB, 16 * MIB]:
            echo(c, os.urandom(size))


def check_nested_bytes():
    with client() as c:
        echo(c, {"a": [b"x", {"b": b"", "c": [[b"\xff" * 1000], None]}], "$d": b"y"})
        echo(c, [bytes([n]) for n in range(256)])


def check_bytes_in_chunks():
    with client(timeout=300) as c:
        for size, piece in [(0, 1), (1, 1), (5, 2), (16 * MIB, MIB)]:
            data = os.urandom(size)
            pieces = list(c.stream(APP, "pieces", data, piece))
            assert [len(p) for p in pieces[:-1]] == [piece] * max(0, len(pieces) - 1)
            assert b"".join(pieces) == data, size


def check_objects_with_dollars():
    with client() as c:
        for key in ["$blob", "$float", "$bytes", "$$blob", "$$$float", "$$bytes", "$", "$$", "$x"]:
            for value in [0, -1, "nan", "AA==", b"x", None, [], {"$blob": b"y"}, {"$float": 1.5}]:
                echo(c, {key: value})
                echo(c, {key: value, "other": value})


def check_what_is_no_bytes_is_the_callers_error():
    with client() as c:
        for value in ["text", 1, {"$blob": 0}, [b"x"]]:
            error = raises(DirtyAppError, c.execute, APP, "reverse", value)
            assert "expected bytes" in error.message, error.message
        assert c.execute(APP, "reverse", b"ab") == b"ba"


async def check_bytes_async():
    async with client(timeout=300) as c:
        data = os.urandom(16 * MIB)
        assert await c.execute_async(APP, "reverse", data) == data[::-1]
        pieces = [piece async for piece in c.stream_async(APP, "pieces", data, MIB)]
        assert b"".join(pieces) == data


run(globals())

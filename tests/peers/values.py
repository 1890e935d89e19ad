"""Values of every kind and size, there and back."""

from gunicorn.dirty.errors import DirtyProtocolError

from checks import APP, client, echo, raises, run

MIB = 1 << 20


def check_every_kind_of_value():
    with client() as c:
        for value in [None, True, False, 0, -1, 1.5, "", "text", [], {}, [[], {}], {"": [None]}]:
            echo(c, value)


def check_floats_are_exact():
    with client() as c:
        for value in [0.1, 1e308, 5e-324, -0.0, 1 / 3]:
            echoed = c.execute(APP, "echo", value)["args"][0]
            assert repr(echoed) == repr(value)


def check_unicode():
    with client() as c:
        for value in ["ünïcödé", "日本語", "🦀👩‍👩‍👧", "\u0000\u001f\u007f", '"\\/', "\u2028"]:
            echo(c, value)
            echo(c, {value: value})


def check_deep_nesting():
    def nested(depth):
        value = []
        for _ in range(depth - 1):
            value = [value]
        return value

    with client() as c:
        assert c.execute(APP, "echo", nested(100))["args"] == [nested(100)]
        error = raises(DirtyProtocolError, c.execute, APP, "echo", nested(200))
        assert "deep" in error.message or "128" in error.message, error.message
        assert c.execute(APP, "fib", 10) == 55


def check_payloads_of_every_size():
    with client(timeout=300) as c:
        for size in [0, 1, 1000, MIB, 63 * MIB]:
            text = "x" * size
            assert c.execute(APP, "echo", text)["args"] == [text], size
            assert c.execute(APP, "big", size) == text, size


async def check_payloads_of_every_size_async():
    async with client(timeout=300) as c:
        for size in [0, 1, MIB, 63 * MIB]:
            text = "x" * size
            assert (await c.execute_async(APP, "echo", text))["args"] == [text], size


run(globals())

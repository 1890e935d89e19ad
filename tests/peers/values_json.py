"""Values of the JSON dialect that the binary one does not have."""

from gunicorn.dirty.errors import DirtyProtocolError

from checks import APP, client, echo, raises, run

MIB = 1 << 20


def check_big_integers_are_exact():
    with client() as c:
        for value in [2**53 + 1, 2**63, -(2**63) - 1, 2**64, 10**100, -(10**1000)]:
            echo(c, value)


def check_half_a_surrogate_pair():
    with client() as c:
        for value in ["\ud800", "a\udfff"]:
            echo(c, value)
            echo(c, {value: value})


def check_payload_over_the_limit():
    with client(timeout=300) as c:
        error = raises(DirtyProtocolError, c.execute, APP, "echo", "x" * (64 * MIB + 1))
        assert "too large" in error.message, error.message
        assert c.execute(APP, "fib", 10) == 55


run(globals())

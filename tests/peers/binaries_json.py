"""Bytes and objects that look like them, with the client of the JSON dialect."""

import base64

from checks import APP, client, echo, run


def as_json(data):
    return {"$bytes": base64.b64encode(data).decode()}


def check_bytes_as_base64():
    with client(timeout=300) as c:
        for data in [b"", b"\xff", bytes(range(256)), b"ab" * (1 << 20)]:
            assert c.execute(APP, "reverse", as_json(data)) == as_json(data[::-1])
            echo(c, {"deep": [as_json(data)]})
        pieces = list(c.stream(APP, "pieces", as_json(b"abc"), 2))
        assert pieces == [as_json(b"ab"), as_json(b"c")], pieces


def check_objects_with_dollars():
    with client() as c:
        for key in ["$blob", "$float", "$$blob", "$$$float", "$$bytes", "$$$bytes", "$", "$x"]:
            for value in [0, -1, "nan", "AA==", None, [], {"$blob": 1}, as_json(b"x")]:
                echo(c, {key: value})
                echo(c, {key: value, "other": value})


run(globals())

"""Bytes that a client of the JSON dialect has put, put again for it to read."""

from gunicorn.dirty import stash

from checks import run


def check_a_value_of_the_other_dialect():
    value = stash.get("json", "k")
    assert value == {"data": [b"\xff\x00", {"$bytes": 1}, {"$blob": 0}]}, value
    stash.put("binary", "k", value)


run(globals())

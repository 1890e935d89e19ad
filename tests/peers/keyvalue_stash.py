"""Bytes that a component of wasi:keyvalue has put, and others for it to read."""

from gunicorn.dirty import stash

from checks import run


def check_bytes_of_a_component():
    assert stash.get("kv", "bytes") == b"\0\xff"
    stash.put("kv", "from a client", b"\1\0")
    stash.put("kv", "within", [b"x"])


run(globals())

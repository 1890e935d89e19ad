"""What an app and an unmodified client put into the stash for each other."""

from gunicorn.dirty import stash

from checks import client, run

APP = "uses_stash"


def check_what_the_app_put():
    with client() as c:
        c.execute(APP, "put", "n", 2**63 - 1, None)
        c.execute(APP, "put_bytes", "bytes", list(b"\0\xff"))
        assert c.execute(APP, "count", "counter", 3) == 3
    assert stash.get("t", "n") == 2**63 - 1
    assert stash.get("t", "bytes") == b"\0\xff"
    assert stash.table("t")["counter"] == 3
    assert stash.get("life", "init") == 1


def check_what_the_client_put():
    stash.put("t", "value", {"name": "größe", "n": [1, 2.5, None]})
    stash.put("t", "binary", [b"\0\xff", b""])
    stash.put("t", "counter", 41)
    with client() as c:
        text, blobs = c.execute(APP, "get", "value")
        assert (text, blobs) == ('{"name":"größe","n":[1,2.5,null]}', [])
        text, blobs = c.execute(APP, "get", "binary")
        assert (text, blobs) == ('[{"$blob":0},{"$blob":1}]', [[0, 255], []])
        assert c.execute(APP, "count", "counter", 1) == 42
        assert c.execute(APP, "swap", "counter", 42, 7) is True
    assert stash.get("t", "counter") == 7


def check_what_is_gone():
    stash.put("t", "gone", 1)
    with client() as c:
        assert c.execute(APP, "get", "gone") == ["1", []]
        stash.delete("t", "gone")
        assert c.execute(APP, "get", "gone") is None


run(globals())
